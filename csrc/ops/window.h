// How the window of a convolution or a pooling moves along one dimension of an image.
#pragma once

#include <cstdint>

#include "graph/options.h"
#include "ops/op.h"

namespace octavo {

struct Window {
  int32_t out = 0;  // positions, which is the output's size
  int32_t pad = 0;  // the first position begins so many elements before the image
};

// A window of `filter` taps, `dilation` apart, moving over `in` elements in steps of `stride`, for
// the dimension called `dimension` ("height", "width"). Spanning s = (filter - 1) * dilation + 1
// elements, it has ceil(in / stride) positions with SAME padding, ceil((in - s + 1) / stride) with
// VALID; what the positions reach beyond the image lies half before it, the odd element after it.
Status find_window(const PrepareContext& c, const char* dimension, Padding padding, int32_t in,
                   int32_t filter, int32_t stride, int32_t dilation, Window* window);

}  // namespace octavo
