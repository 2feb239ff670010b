#include "reference/pairwise.h"

#include "base/math.h"

namespace octavo::reference {
namespace {

uint32_t whole_power(uint32_t base, int32_t exponent) {
  uint32_t power = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power *= base;
    base *= base;
  }
  return power;
}

constexpr auto kXor = [](auto x, auto y) { return static_cast<decltype(x)>(x ^ y); };

constexpr auto kRightShift = [](auto x, auto y) {
  using T = decltype(x);
  constexpr T kMost = 8 * sizeof(T) - 1;
  return static_cast<T>(x >> clamp<T>(y, 0, kMost));
};

template <class Short>
void atan2_short(const Broadcast& p, const Short* y, const Short* x, Short* out) {
  for_each_broadcast(p, y, x, out, [](Short b, Short a) {
    return round_to<Short>(static_cast<float>(atan2(to_float(b), to_float(a))));
  });
}

}  // namespace

void atan2_f32(const Broadcast& p, const float* y, const float* x, float* out) {
  for_each_broadcast(p, y, x, out,
                     [](float b, float a) { return static_cast<float>(atan2(b, a)); });
}
void atan2_f16(const Broadcast& p, const Half* y, const Half* x, Half* out) {
  atan2_short(p, y, x, out);
}
void atan2_bf16(const Broadcast& p, const BFloat16* y, const BFloat16* x, BFloat16* out) {
  atan2_short(p, y, x, out);
}
void atan2_f64(const Broadcast& p, const double* y, const double* x, double* out) {
  for_each_broadcast(p, y, x, out, [](double b, double a) { return atan2(b, a); });
}

void pow_f32(const Broadcast& p, const float* a, const float* b, float* out) {
  for_each_broadcast(p, a, b, out, [](float x, float y) { return static_cast<float>(pow(x, y)); });
}
void pow_s32(const Broadcast& p, const int32_t* a, const int32_t* b, int32_t* out) {
  for_each_broadcast(p, a, b, out, [](int32_t x, int32_t y) {
    return static_cast<int32_t>(whole_power(static_cast<uint32_t>(x), y));
  });
}

void squared_difference_f32(const Broadcast& p, const float* a, const float* b, float* out) {
  for_each_broadcast(p, a, b, out, [](float x, float y) { return (x - y) * (x - y); });
}
void squared_difference_s32(const Broadcast& p, const int32_t* a, const int32_t* b, int32_t* out) {
  for_each_broadcast(p, a, b, out, [](int32_t x, int32_t y) {
    const uint32_t difference = static_cast<uint32_t>(x) - static_cast<uint32_t>(y);
    return static_cast<int32_t>(difference * difference);
  });
}
void squared_difference_s8(const SquaredDifferenceParams& params, const int8_t* a, const int8_t* b,
                           int8_t* out) {
  const SquaredDifferenceParams p = params;  // a copy, which `out` cannot alias
  constexpr int kFraction = kSquaredDifferenceBits;
  for_each_broadcast(params.broadcast, a, b, out, [=](int8_t x, int8_t y) {
    const int32_t u = requantize(shift_left(x - p.a_zero, kFraction), p.a_scale);
    const int32_t v = requantize(shift_left(y - p.b_zero, kFraction), p.b_scale);
    return static_cast<int8_t>(
        requantize((u - v) * (u - v), p.out_scale, p.out_zero, INT8_MIN, INT8_MAX));
  });
}

void logical_and(const Broadcast& p, const uint8_t* a, const uint8_t* b, uint8_t* out) {
  for_each_broadcast(p, a, b, out,
                     [](uint8_t x, uint8_t y) { return static_cast<uint8_t>(x != 0 && y != 0); });
}
void logical_or(const Broadcast& p, const uint8_t* a, const uint8_t* b, uint8_t* out) {
  for_each_broadcast(p, a, b, out,
                     [](uint8_t x, uint8_t y) { return static_cast<uint8_t>(x != 0 || y != 0); });
}

#define BITS(name, type, function)                                         \
  void name(const Broadcast& p, const type* a, const type* b, type* out) { \
    for_each_broadcast(p, a, b, out, function);                            \
  }
BITS(xor_8, uint8_t, kXor)
BITS(xor_16, uint16_t, kXor)
BITS(xor_32, uint32_t, kXor)
BITS(right_shift_s8, int8_t, kRightShift)
BITS(right_shift_s16, int16_t, kRightShift)
BITS(right_shift_s32, int32_t, kRightShift)
BITS(right_shift_u8, uint8_t, kRightShift)
BITS(right_shift_u16, uint16_t, kRightShift)
BITS(right_shift_u32, uint32_t, kRightShift)
#undef BITS

}  // namespace octavo::reference
