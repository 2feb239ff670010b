// Vectors along the last dimension, divided by a norm.
#pragma once

#include <cstdint>

namespace octavo::reference {

// x / max(|x|, 1e-6), |x| the square root of the sum of a row's squares. On 8 bits, x = q - zero,
// by the reciprocal square root of base/fixed_exp.h; outputs have scale 1/128 and the middle of
// their type as zero point.
struct L2NormalizationParams {
  int64_t rows;
  int32_t depth;
  int32_t in_zero;
};
void l2_normalization_f32(const L2NormalizationParams& p, const float* in, float* out);
void l2_normalization_s8(const L2NormalizationParams& p, const int8_t* in, int8_t* out);
void l2_normalization_u8(const L2NormalizationParams& p, const uint8_t* in, uint8_t* out);

// What LOCAL_RESPONSE_NORMALIZATION divides x by, to the power of beta: bias + alpha s, s the sum
// of the squares of the elements from `radius` before x to radius - 1 after it.
struct LocalResponseParams {
  int64_t rows;
  int32_t depth, radius;
  float bias, alpha;
};
void local_response_f32(const LocalResponseParams& p, const float* in, float* out);

}  // namespace octavo::reference
