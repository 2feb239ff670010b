// Rectifiers: activations that are linear on either side of zero.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "reference/broadcast.h"

namespace octavo::reference {

// RELU, RELU6, RELU_N1_TO_1 on floats: out = clamp(in, low, high). On quantized tensors they are
// requantizations (reference/quantize.h).
struct ReluF32Params {
  int64_t count;
  float low, high;
};

void relu_f32(const ReluF32Params& p, const float* in, float* out);

// LEAKY_RELU on floats: out = in > 0 ? in : alpha in.
struct LeakyReluF32Params {
  int64_t count;
  float alpha;
};

void leaky_relu_f32(const LeakyReluF32Params& p, const float* in, float* out);

// The same on quantized tensors, saturating: with x = in - z_in,
// out = (x >= 0 ? requantize(x, s_in / s_out)
//               : sign(alpha) requantize(x, s_in |alpha| / s_out)) + z_out.
struct LeakyReluParams {
  int64_t count;
  int32_t in_zero, out_zero;
  Multiplier identity, alpha;
  bool alpha_is_negative;
};

void leaky_relu_s8(const LeakyReluParams& p, const int8_t* in, int8_t* out);
void leaky_relu_u8(const LeakyReluParams& p, const uint8_t* in, uint8_t* out);
void leaky_relu_s16(const LeakyReluParams& p, const int16_t* in, int16_t* out);

// PRELU on floats: out = in >= 0 ? in : alpha in. alpha, the second operand, broadcasts.
void prelu_f32(const Broadcast& p, const float* in, const float* alpha, float* out);

// The same on quantized tensors, saturating: with x = in - z_in,
// out = (x >= 0 ? requantize(x, s_in / s_out)
//               : requantize(x (alpha - z_alpha), s_in s_alpha / s_out)) + z_out.
struct PreluParams {
  Broadcast broadcast;
  int32_t in_zero, alpha_zero, out_zero;
  Multiplier identity, alpha;
};

void prelu_s8(const PreluParams& p, const int8_t* in, const int8_t* alpha, int8_t* out);
void prelu_s16(const PreluParams& p, const int16_t* in, const int16_t* alpha, int16_t* out);
void prelu_u8(const PreluParams& p, const uint8_t* in, const uint8_t* alpha, uint8_t* out);

}  // namespace octavo::reference
