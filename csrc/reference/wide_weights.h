// FULLY_CONNECTED of int16 by int16 weights.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"

namespace octavo::reference {

struct WideWeightsParams {
  int64_t rows;   // of the input and of the output
  int32_t depth;  // columns of the input and of the weights
  int32_t units;  // rows of the weights, columns of the output
  int32_t filter_zero;
  int32_t act_min, act_max;
  const Multiplier* multiplier;  // for each unit
};

// out[r, u] = requantize(sum over k < depth of in[r, k] * (filter[u, k] - filter_zero) + bias[u]),
// clamped, in the fixed point of a 64-bit accumulator; a bias that is null is 0. Defined in
// LiteRT's fully_connected.cc.
void wide_weights_s16(const WideWeightsParams& p, const int16_t* in, const int16_t* filter,
                      const int64_t* bias, int16_t* out);
void wide_weights_s16_b32(const WideWeightsParams& p, const int16_t* in, const int16_t* filter,
                          const int32_t* bias, int16_t* out);

}  // namespace octavo::reference
