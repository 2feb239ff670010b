// Division of two inputs that broadcast against each other.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "reference/binary.h"
#include "reference/broadcast.h"

namespace octavo::reference {

// a / b, clamped. Integers are truncated, b is not 0; the lowest by -1 is the greatest.
void div_f32(const PlainBinaryParams<float>& p, const float* a, const float* b, float* out);
void div_s32(const PlainBinaryParams<int32_t>& p, const int32_t* a, const int32_t* b, int32_t* out);

// Quantized: (a - z_a) (1 / (b - z_b)) s_a / (s_b s_out) + z_out, clamped; b is not z_b. The
// reciprocal is that of base/fixed_exp.h, and the quotient has all 31 bits before it is scaled
// (LiteRT: reference_ops::DivElementwise).
struct ScaledQuotientParams {
  Broadcast broadcast;
  int32_t a_zero, b_zero, out_zero;
  Multiplier multiplier;
  int32_t act_min, act_max;
  const int32_t* reciprocals;  // for kernels of 8 bits: normal_reciprocal(i) at i, or 0 at 0
};
constexpr int32_t kReciprocals = 256;

// 2^31 2^e / b with e the exponent of b > 0, as one_over_one_plus_x has it.
int32_t normal_reciprocal(int32_t b);

void div_s8(const ScaledQuotientParams& p, const int8_t* a, const int8_t* b, int8_t* out);
void div_u8(const ScaledQuotientParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out);
void div_s16(const ScaledQuotientParams& p, const int16_t* a, const int16_t* b, int16_t* out);

// floor(a / b), the quotient in double; b is not 0. What leaves the type wraps.
void floor_div_f32(const Broadcast& p, const float* a, const float* b, float* out);
void floor_div_s8(const Broadcast& p, const int8_t* a, const int8_t* b, int8_t* out);
void floor_div_s16(const Broadcast& p, const int16_t* a, const int16_t* b, int16_t* out);
void floor_div_s32(const Broadcast& p, const int32_t* a, const int32_t* b, int32_t* out);

// a - b floor(a / b), exactly: it has the sign of b. An integer b is not 0; by a float 0 it is NaN.
void floor_mod_f32(const Broadcast& p, const float* a, const float* b, float* out);
void floor_mod_s8(const Broadcast& p, const int8_t* a, const int8_t* b, int8_t* out);
void floor_mod_s16(const Broadcast& p, const int16_t* a, const int16_t* b, int16_t* out);
void floor_mod_s32(const Broadcast& p, const int32_t* a, const int32_t* b, int32_t* out);
void floor_mod_s64(const Broadcast& p, const int64_t* a, const int64_t* b, int64_t* out);

}  // namespace octavo::reference
