#pragma once

#include <cstdint>

#include "base/fixed_point.h"

namespace octavo::reference {

// A low-rank layer over time: each of `filters` filters has seen a feature of the input at each of
// the last `memory` steps; `rank` filters, one after the other, make a unit of the output.
struct SvdfParams {
  int32_t batch, filters, memory, rank;

  // Integers.
  Multiplier feature_scale, output_scale;
  int32_t state_zero, output_zero;
};

// Moves state [batch][filters][memory] on by a step, whose features [batch][filters] come last.
void svdf_remember_f32(const SvdfParams& p, const float* features, float* state);
// Sums of int8 by int8, requantized.
void svdf_remember_s8(const SvdfParams& p, const int32_t* features, int8_t* state);
void svdf_remember_s16(const SvdfParams& p, const int32_t* features, int16_t* state);

// out[b][u] = sum over the unit's filters f of (sum over m of state[b][f][m] * weights[f][m]),
// + bias[u] unless that is null. Integers: of (state - state_zero), requantized and moved by the
// output's zero point. The float form is defined in LiteRT's reference/svdf.h, as is that of an
// int16 state; that of int8 in TFLM's svdf_common.cc.
void svdf_f32(const SvdfParams& p, const float* state, const float* weights, const float* bias,
              float* out);
void svdf_s8(const SvdfParams& p, const int8_t* state, const int8_t* weights, const int32_t* bias,
             int8_t* out);
void svdf_s16(const SvdfParams& p, const int16_t* state, const int16_t* weights,
              const int32_t* bias, int8_t* out);

}  // namespace octavo::reference
