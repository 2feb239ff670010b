// The real functions that tables, float kernels and quantization need, the same on every platform:
// a C library's own differ in the last place. exp is right to one unit in the last place of a
// double, log to two, expm1, tanh, sin, cos, cos_turn and atan2 to three, erfc and pow to 2^-42 of
// the result.
#pragma once

#include <cstdint>

namespace octavo {

double floor(double x);
// x, moved away from zero such that cutting off its fraction rounds halves away from zero. By the
// number before one half: one half itself would carry 0.49999999999999994 up to 1.
constexpr double past_half_away(double x) {
  constexpr double kAlmostHalf = 0x1.fffffffffffffp-2;
  return x < 0 ? x - kAlmostHalf : x + kAlmostHalf;
}
double round_away(double x);  // to the nearest integer, half away from zero: C's round()
double round_even(double x);  // to the nearest integer, half to even: C's nearbyint()
double exp(double x);
double expm1(double x);  // exp(x) - 1 without cancellation
double tanh(double x);
double log(double x);            // of 0 -infinity, below that NaN
double pow(double x, double y);  // as C's pow()
double erfc(double x);           // 1 - erf(x)
double sin(float x);             // of a float, however great: its quarter turns are exact
double cos(float x);
double cos_turn(int64_t k, int64_t n);  // of k / n of a turn; 0 <= k, 0 < n <= 2^59
double atan2(double y, double x);       // as C's atan2()
double sqrt(double x);                  // rounded once
double sqrt_by_digits(double x);        // the same, where no instruction gives it

// x = fraction * 2^exponent with fraction in [0.5, 1), as C's frexp(). x is finite.
double split_exponent(double x, int* exponent);

inline bool is_finite(double x) { return x - x == 0; }

// Of the 32 bits, those above the highest that is set.
inline int leading_zeros(uint32_t x) {
#ifdef __GNUC__
  return x == 0 ? 32 : __builtin_clz(x);
#else
  int n = 0;
  while (n < 32 && (x << n & 0x80000000) == 0) ++n;
  return n;
#endif
}

template <class T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}
template <class T>
constexpr T clamp(T x, T low, T high) {
  return x < low ? low : (high < x ? high : x);
}

}  // namespace octavo
