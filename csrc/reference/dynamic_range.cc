#include "reference/dynamic_range.h"

#include "base/fixed_point.h"
#include "base/math.h"

namespace octavo::reference {

void quantize_rows_s8(int64_t rows, int64_t size, bool asymmetric, const float* in, int8_t* out,
                      float* scale, int32_t* zero) {
  for (int64_t r = 0; r < rows; ++r, in += size, out += size) {
    double least = 0;
    double greatest = 0;
    for (int64_t i = 0; i < size; ++i) {
      least = min<double>(least, in[i]);
      greatest = max<double>(greatest, in[i]);
    }
    const double step = asymmetric ? (greatest - least) / 255 : max(-least, greatest) / 127;
    scale[r] = static_cast<float>(step);
    if (scale[r] == 0) scale[r] = 1;
    zero[r] = asymmetric ? quantize(-128 - least / scale[r], 0, -128, 127) : 0;
    const int32_t low = asymmetric ? -128 : -127;
    for (int64_t i = 0; i < size; ++i) {
      out[i] = static_cast<int8_t>(quantize(in[i] / scale[r] + zero[r], 0, low, 127));
    }
  }
}

}  // namespace octavo::reference
