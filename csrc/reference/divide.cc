#include "reference/divide.h"

#include <limits>
#include <type_traits>

#include "base/fixed_exp.h"
#include "base/math.h"

namespace octavo::reference {
namespace {

int32_t scaled_quotient(const ScaledQuotientParams& p, int32_t a, int32_t b) {
  if (b < 0) {
    a = -a;
    b = -b;
  }
  const int exponent = 31 - leading_zeros(static_cast<uint32_t>(b));
  const int headroom = leading_zeros(static_cast<uint32_t>(a < 0 ? ~a : a)) - 1;
  const int32_t quotient = srdhm(shift_left(a, headroom), normal_reciprocal(b));
  const int shift = clamp(p.multiplier.shift - exponent - headroom, -31, 31);
  return requantize(quotient, {p.multiplier.m, shift}, p.out_zero, p.act_min, p.act_max);
}

template <class T>
void divide_scaled(const ScaledQuotientParams& params, const T* a, const T* b, T* out) {
  const ScaledQuotientParams p = params;  // a copy, which `out` cannot alias
  for_each_broadcast(params.broadcast, a, b, out, [=](T x, T y) {
    return static_cast<T>(scaled_quotient(p, x - p.a_zero, y - p.b_zero));
  });
}

// C's %, where it is defined.
template <class T>
T remainder(T a, T b) {
  return b == -1 ? T{0} : static_cast<T>(a % b);
}

// The same of reals, exact as C's fmod(): the digits of a are taken in one by one.
float remainder(float a, float b) {
  if (!is_finite(a) || b != b || b == 0) return std::numeric_limits<float>::quiet_NaN();
  if (!is_finite(b)) return a;
  int a_exponent, b_exponent;
  const double a_fraction = split_exponent(a < 0 ? -a : a, &a_exponent);
  const double b_fraction = split_exponent(b < 0 ? -b : b, &b_exponent);
  if (a_exponent < b_exponent) return a;
  const auto divisor = static_cast<int64_t>(b_fraction * 0x1p24);
  auto rest = static_cast<int64_t>(a_fraction * 0x1p24) % divisor;
  for (int i = b_exponent; i < a_exponent; ++i) rest = 2 * rest % divisor;
  double result = static_cast<double>(rest) * 0x1p-24;
  for (int i = b_exponent; i > 0; --i) result *= 2;
  for (int i = b_exponent; i < 0; ++i) result /= 2;
  return static_cast<float>(a < 0 ? -result : result);
}

template <class T>
void floor_mod(const Broadcast& p, const T* a, const T* b, T* out) {
  for_each_broadcast(p, a, b, out, [](T x, T y) {
    const T rest = remainder(x, y);
    return rest != 0 && (rest < 0) != (y < 0) ? static_cast<T>(rest + y) : rest;
  });
}

template <class T>
void floor_div(const Broadcast& p, const T* a, const T* b, T* out) {
  for_each_broadcast(p, a, b, out, [](T x, T y) {
    const double quotient = floor(static_cast<double>(x) / static_cast<double>(y));
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<int64_t>(quotient));
    } else {
      return static_cast<T>(quotient);
    }
  });
}

}  // namespace

int32_t normal_reciprocal(int32_t b) {
  const auto x = static_cast<uint32_t>(b);
  return one_over_one_plus_x(static_cast<int32_t>((x << leading_zeros(x)) - 0x80000000u));
}

void div_f32(const PlainBinaryParams<float>& p, const float* a, const float* b, float* out) {
  const float low = p.act_min, high = p.act_max;
  for_each_broadcast(p.broadcast, a, b, out,
                     [=](float x, float y) { return clamp(x / y, low, high); });
}
void div_s32(const PlainBinaryParams<int32_t>& p, const int32_t* a, const int32_t* b,
             int32_t* out) {
  const int32_t low = p.act_min, high = p.act_max;
  for_each_broadcast(p.broadcast, a, b, out, [=](int32_t x, int32_t y) {
    constexpr int32_t kLowest = std::numeric_limits<int32_t>::min();
    if (y == -1) return clamp(x == kLowest ? std::numeric_limits<int32_t>::max() : -x, low, high);
    return clamp(x / y, low, high);
  });
}

void div_s8(const ScaledQuotientParams& p, const int8_t* a, const int8_t* b, int8_t* out) {
  divide_scaled(p, a, b, out);
}
void div_u8(const ScaledQuotientParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out) {
  divide_scaled(p, a, b, out);
}
void div_s16(const ScaledQuotientParams& p, const int16_t* a, const int16_t* b, int16_t* out) {
  divide_scaled(p, a, b, out);
}

#define FLOOR(name, type, function) \
  void name(const Broadcast& p, const type* a, const type* b, type* out) { function(p, a, b, out); }
FLOOR(floor_div_f32, float, floor_div)
FLOOR(floor_div_s8, int8_t, floor_div)
FLOOR(floor_div_s16, int16_t, floor_div)
FLOOR(floor_div_s32, int32_t, floor_div)
FLOOR(floor_mod_f32, float, floor_mod)
FLOOR(floor_mod_s8, int8_t, floor_mod)
FLOOR(floor_mod_s16, int16_t, floor_mod)
FLOOR(floor_mod_s32, int32_t, floor_mod)
FLOOR(floor_mod_s64, int64_t, floor_mod)
#undef FLOOR

}  // namespace octavo::reference
