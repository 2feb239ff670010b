#include "ops/window.h"

#include <limits>

#include "base/math.h"

namespace octavo {

Status find_window(const PrepareContext& c, const char* dimension, Padding padding, int32_t in,
                   int32_t filter, int32_t stride, int32_t dilation, Window* window) {
  if (stride < 1) {
    return c.fail("the stride along the ", dimension, " is ", stride, ", should be 1 or more");
  }
  if (dilation < 1) {
    return c.fail("the dilation along the ", dimension, " is ", dilation, ", should be 1 or more");
  }
  if (filter < 1) {
    return c.fail("the filter's ", dimension, " is ", filter, ", should be 1 or more");
  }
  const int64_t span = (int64_t{filter} - 1) * dilation + 1;
  if (span > std::numeric_limits<int32_t>::max()) {
    return c.fail("the dilated filter's ", dimension, " is ", span, ", too large");
  }
  if (padding == Padding::kValid && span > in) {
    return c.fail("the filter spans ", span, " elements of the ", dimension, ", the image has ",
                  in);
  }
  const int64_t reach = padding == Padding::kSame ? in : in - span + 1;
  const int64_t out = (reach + stride - 1) / stride;
  const int64_t beyond = max((out - 1) * stride + span - in, int64_t{0});
  *window = {static_cast<int32_t>(out), static_cast<int32_t>(beyond / 2)};
  return {};
}

}  // namespace octavo
