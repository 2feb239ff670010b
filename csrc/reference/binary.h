// Arithmetic on two inputs that broadcast against each other.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "base/short_float.h"
#include "reference/broadcast.h"

namespace octavo::reference {

// Plain numbers: out = clamp(a op b, act_min, act_max). Integers wrap.
template <class T>
struct PlainBinaryParams {
  Broadcast broadcast;
  T act_min, act_max;
};

void add_f32(const PlainBinaryParams<float>& p, const float* a, const float* b, float* out);
void add_plain_s16(const PlainBinaryParams<int16_t>& p, const int16_t* a, const int16_t* b,
                   int16_t* out);
void add_s32(const PlainBinaryParams<int32_t>& p, const int32_t* a, const int32_t* b, int32_t* out);
void add_s64(const PlainBinaryParams<int64_t>& p, const int64_t* a, const int64_t* b, int64_t* out);
void add_f16(const PlainBinaryParams<float>& p, const Half* a, const Half* b, Half* out);
void mul_f16(const PlainBinaryParams<float>& p, const Half* a, const Half* b, Half* out);
void mul_u32(const PlainBinaryParams<uint32_t>& p, const uint32_t* a, const uint32_t* b,
             uint32_t* out);
void mul_f32(const PlainBinaryParams<float>& p, const float* a, const float* b, float* out);
void mul_plain_s16(const PlainBinaryParams<int16_t>& p, const int16_t* a, const int16_t* b,
                   int16_t* out);
void mul_s32(const PlainBinaryParams<int32_t>& p, const int32_t* a, const int32_t* b, int32_t* out);
void mul_s64(const PlainBinaryParams<int64_t>& p, const int64_t* a, const int64_t* b, int64_t* out);
void sub_f32(const PlainBinaryParams<float>& p, const float* a, const float* b, float* out);
void sub_plain_s16(const PlainBinaryParams<int16_t>& p, const int16_t* a, const int16_t* b,
                   int16_t* out);
void sub_s32(const PlainBinaryParams<int32_t>& p, const int32_t* a, const int32_t* b, int32_t* out);
void sub_s64(const PlainBinaryParams<int64_t>& p, const int64_t* a, const int64_t* b, int64_t* out);

struct Complex64 {
  float real, imaginary;
};
void mul_c64(const Broadcast& p, const Complex64* a, const Complex64* b, Complex64* out);

// Quantized ADD and SUB, as LiteRT's add.cc and sub.cc define them. Both inputs are brought to the
// scale 2 max(s_a, s_b) / 2^left_shift, added there, and the sum is brought to the output's:
//   a' = requantize((a - z_a) << left_shift, s_a / (2 max(s_a, s_b))), b' likewise,
//   out = clamp(requantize(a' +- b', 2 max(s_a, s_b) / (2^left_shift s_out)) + z_out).
// left_shift is 20 for 8 bits and 15 for 16, so that the sum fits; of the inputs' multipliers one
// is 1/2 and the other not above that. int16 has no zero points.
struct ScaledSumParams {
  Broadcast broadcast;
  int32_t a_zero, b_zero, out_zero, left_shift;
  Multiplier a_scale, b_scale, out_scale;
  int32_t act_min, act_max;
};

constexpr bool is_half(Multiplier k) { return k.m == 1 << 30 && k.shift == 0; }

void add_s8(const ScaledSumParams& p, const int8_t* a, const int8_t* b, int8_t* out);
void add_u8(const ScaledSumParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void add_s16(const ScaledSumParams& p, const int16_t* a, const int16_t* b, int16_t* out);
void sub_s8(const ScaledSumParams& p, const int8_t* a, const int8_t* b, int8_t* out);
void sub_u8(const ScaledSumParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void sub_s16(const ScaledSumParams& p, const int16_t* a, const int16_t* b, int16_t* out);

// ADD and SUB whose output's scale is too fine for these steps, as it is where converters write
// "is finite" as x - x: out = quantize(a_factor (a - z_a) + b_factor (b - z_b)), saturating, with
// factors of s_a / s_out and s_b / s_out, the latter negative for SUB.
struct RealSumParams {
  Broadcast broadcast;
  int32_t a_zero, b_zero, out_zero;
  double a_factor, b_factor;
  int32_t act_min, act_max;
};

void real_sum_s8(const RealSumParams& p, const int8_t* a, const int8_t* b, int8_t* out);
void real_sum_u8(const RealSumParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void real_sum_s16(const RealSumParams& p, const int16_t* a, const int16_t* b, int16_t* out);

// ADD and SUB of int16 whose scales are powers of two, one input's the output's:
// out = clamp(rdbp(a, a_right) +- rdbp(b, b_right)), with the other input's right shift in [0, 31].
struct ShiftedSumParams {
  Broadcast broadcast;
  int32_t a_right, b_right;
  int32_t act_min, act_max;
};

void add_shifted_s16(const ShiftedSumParams& p, const int16_t* a, const int16_t* b, int16_t* out);
void sub_shifted_s16(const ShiftedSumParams& p, const int16_t* a, const int16_t* b, int16_t* out);

// Quantized MUL: out = clamp(requantize((a - z_a) (b - z_b), s_a s_b / s_out) + z_out).
struct ScaledProductParams {
  Broadcast broadcast;
  int32_t a_zero, b_zero, out_zero;
  Multiplier multiplier;
  int32_t act_min, act_max;
};

void mul_s8(const ScaledProductParams& p, const int8_t* a, const int8_t* b, int8_t* out);
void mul_u8(const ScaledProductParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void mul_s16(const ScaledProductParams& p, const int16_t* a, const int16_t* b, int16_t* out);

// The greater and the smaller; quantized tensors are compared as they are stored. Where a
// comparison with NaN decides, b is taken.
void maximum_f32(const Broadcast& p, const float* a, const float* b, float* out);
void maximum_f16(const Broadcast& p, const Half* a, const Half* b, Half* out);
void minimum_f16(const Broadcast& p, const Half* a, const Half* b, Half* out);
void maximum_bf16(const Broadcast& p, const BFloat16* a, const BFloat16* b, BFloat16* out);
void minimum_bf16(const Broadcast& p, const BFloat16* a, const BFloat16* b, BFloat16* out);
void maximum_s8(const Broadcast& p, const int8_t* a, const int8_t* b, int8_t* out);
void maximum_u8(const Broadcast& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void maximum_s16(const Broadcast& p, const int16_t* a, const int16_t* b, int16_t* out);
void maximum_s32(const Broadcast& p, const int32_t* a, const int32_t* b, int32_t* out);
void maximum_s64(const Broadcast& p, const int64_t* a, const int64_t* b, int64_t* out);
void minimum_f32(const Broadcast& p, const float* a, const float* b, float* out);
void minimum_s8(const Broadcast& p, const int8_t* a, const int8_t* b, int8_t* out);
void minimum_u8(const Broadcast& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void minimum_s16(const Broadcast& p, const int16_t* a, const int16_t* b, int16_t* out);
void minimum_s32(const Broadcast& p, const int32_t* a, const int32_t* b, int32_t* out);
void minimum_s64(const Broadcast& p, const int64_t* a, const int64_t* b, int64_t* out);

}  // namespace octavo::reference
