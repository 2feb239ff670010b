#include "reference/dynamic_range.h"

#include "base/math.h"

namespace octavo::reference {

void range_f32(int64_t count, const float* in, float* least, float* greatest) {
  *least = *greatest = 0;
  for (int64_t i = 0; i < count; ++i) {
    *least = min(*least, in[i]);
    *greatest = max(*greatest, in[i]);
  }
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
