// Functions of one number.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "base/half.h"

namespace octavo::reference {

// Of real numbers, rounded to float32 from what base/math.h computes.
float cos_real(float x);
float elu_real(float x);  // x below 0 ? exp(x) - 1 : x
float exp_real(float x);
float gelu_erf_real(float x);   // x/2 erfc(-x / sqrt(2))
float gelu_tanh_real(float x);  // x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
float floor_real(float x);
float log_real(float x);
float round_real(float x);  // to the nearest integer, half to even
float rsqrt_real(float x);  // 1 / sqrt(x)
float sin_real(float x);
float sqrt_real(float x);
float tanh_real(float x);

// out[i] = f(in[i])
void abs_f32(int64_t count, const float* in, float* out);
void abs_plain_s16(int64_t count, const int16_t* in, int16_t* out);  // of the lowest: itself
void abs_s32(int64_t count, const int32_t* in, int32_t* out);
void cos_f32(int64_t count, const float* in, float* out);
void elu_f32(int64_t count, const float* in, float* out);
void exp_f32(int64_t count, const float* in, float* out);
void gelu_erf_f32(int64_t count, const float* in, float* out);
void gelu_tanh_f32(int64_t count, const float* in, float* out);
void log_f32(int64_t count, const float* in, float* out);
void round_f32(int64_t count, const float* in, float* out);
void rsqrt_f32(int64_t count, const float* in, float* out);
void sin_f32(int64_t count, const float* in, float* out);
void sqrt_f32(int64_t count, const float* in, float* out);

void ceil_f32(int64_t count, const float* in, float* out);
void logical_not(int64_t count, const uint8_t* in, uint8_t* out);  // 1 where it is 0, else 0
void neg_f32(int64_t count, const float* in, float* out);
void neg_16(int64_t count, const uint16_t* in, uint16_t* out);  // floats of 16 bits
void neg_s8(int64_t count, const int8_t* in, int8_t* out);      // integers wrap
void neg_s16(int64_t count, const int16_t* in, int16_t* out);
void neg_s32(int64_t count, const int32_t* in, int32_t* out);
void neg_s64(int64_t count, const int64_t* in, int64_t* out);
void sign_f32(int64_t count, const float* in, float* out);  // -1, 0 or 1; NaN gives NaN
void sign_f64(int64_t count, const double* in, double* out);
void sign_s32(int64_t count, const int32_t* in, int32_t* out);
void square_f32(int64_t count, const float* in, float* out);

// GELU of float16, each step rounded to it.
void gelu_erf_f16(int64_t count, const Half* in, Half* out);
void gelu_tanh_f16(int64_t count, const Half* in, Half* out);

// Quantized ABS: requantize(|q - in_zero|, scale) + out_zero, clamped. A scale of 1 is left out.
struct AbsParams {
  int64_t count;
  int32_t in_zero, out_zero;
  bool rescales;
  Multiplier multiplier;
};
void abs_s8(const AbsParams& p, const int8_t* in, int8_t* out);
void abs_s16(const AbsParams& p, const int16_t* in, int16_t* out);

// RSQRT of int8, by the fixed-point reciprocal square root of base/fixed_exp.h: with
// x = q - in_zero, requantize(1 / sqrt(x), 1 / (sqrt(in_scale) out_scale)) + out_zero, the first as
// Q11.20; of 0 the greatest. q is in_zero or greater.
struct RsqrtParams {
  int32_t in_zero, out_zero;
  Multiplier multiplier;
};
int8_t rsqrt_s8(const RsqrtParams& p, int32_t q);

// SQRT of int8 and int16: floor(sqrt(in_scale (q - in_zero)) / out_scale) + out_zero, in float32,
// at most `high`. q is in_zero or greater.
struct SqrtParams {
  float in_scale, out_scale;
  int32_t in_zero, out_zero, high;
};
int32_t quantized_sqrt(const SqrtParams& p, int32_t q);
void sqrt_s16(const SqrtParams& p, int64_t count, const int16_t* in, int16_t* out);

}  // namespace octavo::reference
