#pragma once

#include <cstdint>

#include "base/half.h"

namespace octavo::reference {

struct FullyConnectedParams {
  int64_t rows;   // of the input and of the output
  int32_t depth;  // columns of the input and of the weights
  int32_t units;  // rows of the weights, columns of the output

  // Integers. The input and the weights are 8 bits wide, or the input is 16 and in_zero 0.
  int32_t in_zero, filter_zero, out_zero;
  int32_t act_min, act_max;
  const double* scale;  // for each unit

  // Float outputs.
  float float_min, float_max;
  const float* filter_scale;  // hybrid: for each unit

  // Hybrid with a scale for each block of a unit's weights, so many columns wide.
  int32_t block;
  const Half* block_scale;  // [units][depth / block]
};

// out[r, u] = finish(sum over k < depth of (in[r, k] - in_zero) * (filter[u, k] - filter_zero)).
// For integers finish(s) = clamp(round((s + bias[u]) * scale[u]) + out_zero), in double; a bias
// that is null is 0. Defined in LiteRT's reference/fully_connected.h and
// reference/integer_ops/fully_connected.h.
void fully_connected_f32(const FullyConnectedParams& p, const float* in, const float* filter,
                         const float* bias, float* out);
void fully_connected_s16(const FullyConnectedParams& p, const int16_t* in, const int8_t* filter,
                         const int64_t* bias, int16_t* out);
void fully_connected_s16_b32(const FullyConnectedParams& p, const int16_t* in, const int8_t* filter,
                             const int32_t* bias, int16_t* out);
void fully_connected_s8(const FullyConnectedParams& p, const int8_t* in, const int8_t* filter,
                        const int32_t* bias, int8_t* out);
void fully_connected_u8(const FullyConnectedParams& p, const uint8_t* in, const uint8_t* filter,
                        const int32_t* bias, uint8_t* out);
// The sums themselves, which wrap: sum + bias[u].
void fully_connected_sums_s8(const FullyConnectedParams& p, const int8_t* in, const int8_t* filter,
                             const int32_t* bias, int32_t* out);
void fully_connected_sums_u8(const FullyConnectedParams& p, const uint8_t* in,
                             const uint8_t* filter, const int32_t* bias, int32_t* out);
// The float input quantized, each row r by its own in_scale[r] and in_zero[r].
void fully_connected_hybrid(const FullyConnectedParams& p, const int8_t* in, const float* in_scale,
                            const int32_t* in_zero, const int8_t* filter, const float* bias,
                            float* out);
// The sum of each block is exact; they are scaled and added in their order, in float32. Defined in
// LiteRT's fully_connected.cc, which subtracts the zero point's share last.
void fully_connected_hybrid_blocks(const FullyConnectedParams& p, const int8_t* in,
                                   const float* in_scale, const int32_t* in_zero,
                                   const int8_t* filter, const float* bias, float* out);

}  // namespace octavo::reference
