#pragma once

#include <cstdint>

#include "base/shape.h"
#include "reference/combine.h"

namespace octavo::reference {

// A window that moves over an image; by dimension.
struct ReduceWindowParams {
  Combine how;
  Shape image, out;
  int64_t image_strides[kMaxRank];
  int64_t spread[kMaxRank];  // from one element of the image to the next: 1, side by side
  int64_t before[kMaxRank];  // how far the first window begins before the first element
  int64_t window[kMaxRank], stride[kMaxRank], dilation[kMaxRank];
};

// Combines with `sum`, one after the other, what the window at `corner` sees along dimension `d`
// and those behind it: an element of the image, or `init` between and outside of them. `in` is null
// where it is outside along a dimension before.
template <class T>
void fold_window(const ReduceWindowParams& p, const int64_t* corner, int32_t d, const T* in, T init,
                 T& sum) {
  for (int64_t w = 0; w < p.window[d]; ++w) {
    const int64_t at = corner[d] + w * p.dilation[d], place = at / p.spread[d];
    const bool is_element = at >= 0 && at % p.spread[d] == 0 && place < p.image[d];
    const T* next = in != nullptr && is_element ? in + place * p.image_strides[d] : nullptr;
    if (d + 1 < p.image.rank) {
      fold_window(p, corner, d + 1, next, init, sum);
    } else {
      sum = combine(p.how, sum, next != nullptr ? *next : init);
    }
  }
}

// out[i] = init, combined with all that window number i sees. The image has a dimension or more.
template <class T>
void reduce_window(const ReduceWindowParams& p, const T* in, const T* init, T* out) {
  const int64_t count = p.out.count();
  for (int64_t i = 0; i < count; ++i) {
    int64_t corner[kMaxRank], rest = i;
    for (int32_t d = p.out.rank; d-- > 0; rest /= p.out[d]) {
      corner[d] = rest % p.out[d] * p.stride[d] - p.before[d];
    }
    out[i] = *init;
    fold_window(p, corner, 0, in, *init, out[i]);
  }
}

}  // namespace octavo::reference
