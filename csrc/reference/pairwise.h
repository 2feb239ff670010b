// Functions of two inputs that broadcast against each other.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "base/short_float.h"
#include "reference/broadcast.h"

namespace octavo::reference {

void atan2_f32(const Broadcast& p, const float* y, const float* x, float* out);
void atan2_f16(const Broadcast& p, const Half* y, const Half* x, Half* out);
void atan2_bf16(const Broadcast& p, const BFloat16* y, const BFloat16* x, BFloat16* out);
void atan2_f64(const Broadcast& p, const double* y, const double* x, double* out);

void pow_f32(const Broadcast& p, const float* a, const float* b, float* out);
void pow_s32(const Broadcast& p, const int32_t* a, const int32_t* b,
             int32_t* out);  // b >= 0; wraps

// (a - b)^2; integers wrap.
void squared_difference_f32(const Broadcast& p, const float* a, const float* b, float* out);
void squared_difference_s32(const Broadcast& p, const int32_t* a, const int32_t* b, int32_t* out);

// Quantized: with t twice the greater input scale, a' = requantize((a - z_a) 2^7, s_a / t), b'
// likewise, out = clamp(requantize((a' - b')^2, t^2 / (2^14 s_out)) + z_out).
constexpr int kSquaredDifferenceBits = 7;
struct SquaredDifferenceParams {
  Broadcast broadcast;
  int32_t a_zero, b_zero, out_zero;
  Multiplier a_scale, b_scale, out_scale;
};
void squared_difference_s8(const SquaredDifferenceParams& p, const int8_t* a, const int8_t* b,
                           int8_t* out);

// Of bools.
void logical_and(const Broadcast& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void logical_or(const Broadcast& p, const uint8_t* a, const uint8_t* b, uint8_t* out);

// By the bytes of an element.
void xor_8(const Broadcast& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void xor_16(const Broadcast& p, const uint16_t* a, const uint16_t* b, uint16_t* out);
void xor_32(const Broadcast& p, const uint32_t* a, const uint32_t* b, uint32_t* out);

// a / 2^b, rounded down; b is taken as 0 where it is less, and as the type's last bit where it is
// more than that.
void right_shift_s8(const Broadcast& p, const int8_t* a, const int8_t* b, int8_t* out);
void right_shift_s16(const Broadcast& p, const int16_t* a, const int16_t* b, int16_t* out);
void right_shift_s32(const Broadcast& p, const int32_t* a, const int32_t* b, int32_t* out);
void right_shift_u8(const Broadcast& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void right_shift_u16(const Broadcast& p, const uint16_t* a, const uint16_t* b, uint16_t* out);
void right_shift_u32(const Broadcast& p, const uint32_t* a, const uint32_t* b, uint32_t* out);

}  // namespace octavo::reference
