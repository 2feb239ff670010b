// Between real numbers and integers, and from one quantization to another.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "base/half.h"

namespace octavo::reference {

// real = scale[c] * (q - zero_point[c]) for c along the middle one of (outer, channels, inner); one
// quantization for a whole tensor is one channel.
struct AffineParams {
  int64_t outer, channels, inner;
  const float* scale;
  const int32_t* zero_point;
};

// round(x / scale), the quotient in float32, plus the zero point; clamped. NaN gives the lowest.
void quantize_s8(const AffineParams& p, const float* in, int8_t* out);
void quantize_u8(const AffineParams& p, const float* in, uint8_t* out);
void quantize_s16(const AffineParams& p, const float* in, int16_t* out);

void dequantize_s4(const AffineParams& p, const uint8_t* in, float* out);  // see base/int4.h
void dequantize_s8(const AffineParams& p, const int8_t* in, float* out);
void dequantize_u8(const AffineParams& p, const uint8_t* in, float* out);
void dequantize_s16(const AffineParams& p, const int16_t* in, float* out);
void dequantize_f16(int64_t count, const Half* in, float* out);

// int4 as int8: two elements of each byte.
void unpack_s4(int64_t count, const uint8_t* in, int8_t* out);

// (q - in_zero) * (in_scale / out_scale) + out_zero, clamped to [low, high]: to the output's type
// in QUANTIZE, to an activation's range in RELU, RELU6 and RELU_N1_TO_1.
struct RequantizeParams {
  int64_t count;
  int32_t in_zero, out_zero;
  Multiplier multiplier;
  int32_t low, high;
};
void requantize_s8(const RequantizeParams& p, const int8_t* in, int8_t* out);
void requantize_s8_u8(const RequantizeParams& p, const int8_t* in, uint8_t* out);
void requantize_u8(const RequantizeParams& p, const uint8_t* in, uint8_t* out);
void requantize_u8_s8(const RequantizeParams& p, const uint8_t* in, int8_t* out);
void requantize_s16(const RequantizeParams& p, const int16_t* in, int16_t* out);
void requantize_s16_s8(const RequantizeParams& p, const int16_t* in, int8_t* out);
void requantize_s16_s32(const RequantizeParams& p, const int16_t* in, int32_t* out);
void requantize_s32_s8(const RequantizeParams& p, const int32_t* in, int8_t* out);
void requantize_s32_s16(const RequantizeParams& p, const int32_t* in, int16_t* out);

}  // namespace octavo::reference
