#include "reference/dynamic_range.h"

#include "base/fixed_point.h"
#include "base/math.h"

namespace octavo::reference {

void range_f32(int64_t count, const float* in, float* least, float* greatest) {
  *least = *greatest = 0;
  for (int64_t i = 0; i < count; ++i) {
    *least = min(*least, in[i]);
    *greatest = max(*greatest, in[i]);
  }
}

RowQuantization quantization_of_range(float least, float greatest, bool asymmetric) {
  const double low = least, high = greatest;
  RowQuantization q;
  q.scale = static_cast<float>(asymmetric ? (high - low) / 255 : max(-low, high) / 127);
  if (q.scale == 0) q.scale = 1;
  q.zero = asymmetric ? quantize(-128 - low / q.scale, 0, -128, 127) : 0;
  return q;
}

void quantize_rows_s8(int64_t rows, int64_t size, bool asymmetric, const float* in, int8_t* out,
                      float* scale, int32_t* zero) {
  for (int64_t r = 0; r < rows; ++r, in += size, out += size) {
    float least, greatest;
    range_f32(size, in, &least, &greatest);
    const RowQuantization q = quantization_of_range(least, greatest, asymmetric);
    for (int64_t i = 0; i < size; ++i) {
      out[i] = static_cast<int8_t>(
          quantize(in[i] / q.scale + static_cast<float>(q.zero), 0, asymmetric ? -128 : -127, 127));
    }
    scale[r] = q.scale;
    zero[r] = q.zero;
  }
}

}  // namespace octavo::reference
