#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "base/math.h"

namespace octavo::reference {

// How a row of floats becomes int8: x = (q - zero) * scale, nearly.
struct RowQuantization {
  float scale;
  int32_t zero;
};

// The least and the greatest of `count` floats and 0. NaN counts for nothing.
void range_f32(int64_t count, const float* in, float* least, float* greatest);

// Of a row with this range, which holds 0. Asymmetric: the range is spread over [-128, 127].
// Symmetric: the greatest magnitude becomes 127, `zero` is 0. A row of zeros has scale 1.
constexpr RowQuantization quantization_of_range(float least, float greatest, bool asymmetric) {
  const double low = least, high = greatest;
  const auto whole = static_cast<float>(asymmetric ? (high - low) / 255 : max(-low, high) / 127);
  const float scale = whole == 0 ? 1 : whole;
  return {scale, asymmetric ? quantize(-128 - low / scale, 0, -128, 127) : 0};
}

// q = round(x / scale + zero), both in float32, clamped: to [-127, 127] unless asymmetric.
// Quantizes each of `rows` rows of `size` floats by the quantization of its own range. Defined in
// LiteRT's reference/portable_tensor_utils.cc.
void quantize_rows_s8(int64_t rows, int64_t size, bool asymmetric, const float* in, int8_t* out,
                      float* scale, int32_t* zero);

}  // namespace octavo::reference
