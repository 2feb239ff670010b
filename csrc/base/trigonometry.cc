#include <limits>

#include "base/math.h"

namespace octavo {
namespace {

constexpr double kPi = 3.14159265358979312;
constexpr double kPiRest = 1.2246467991473532e-16;  // pi - kPi

// The binary digits of 2 / pi behind the point, 32 in each.
constexpr uint32_t kTwoOverPi[] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
                                   0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561};

// 64 digits of 2 / pi from place `first` behind the point on; from -64 on, where all are 0.
uint64_t digits_from(int first) {
  uint64_t digits = 0;
  for (int i = first; i < first + 64; ++i) {
    digits = digits << 1 | (i < 0 ? 0 : kTwoOverPi[i / 32] >> (31 - i % 32) & 1);
  }
  return digits;
}

// x = (n + r) pi / 2 with |r| <= 1/2: gives r pi / 2 and n modulo 4. x is finite.
double reduce(float x, int* quarter) {
  int exponent;
  const double fraction = split_exponent(x < 0 ? -x : x, &exponent);
  if (exponent < 0) {  // less than 1/2
    *quarter = 0;
    return x;
  }
  if (exponent <= 18) {
    // n pi / 2 in two parts, the first of 33 digits: less n of it, x is exact.
    constexpr double kHigh = 0x1.921fb544p+0, kLow = 0x1.0b4611a626331p-34;
    const double n = round_even(x * (2 / kPi));
    *quarter = static_cast<int>(n) & 3;
    return (x - n * kHigh) - n * kLow;
  }
  // |x| = m 2^(exponent - 24). Of m 2^exponent-24 2/pi only what is below 4 matters: the digits of
  // 2 / pi before place exponent - 26 give whole turns. Two words of them leave a fraction of 78
  // digits or more, of which cancellation takes 30 at most.
  const auto m = static_cast<uint64_t>(fraction * 0x1p24);
  const int first = exponent - 26;
  const uint64_t high = m * digits_from(first);  // what leaves the word is whole turns
  const uint64_t low_digits = digits_from(first + 64);
  const uint64_t carry = (m * (low_digits >> 32) + ((m * (low_digits & 0xffffffff)) >> 32)) >> 32;
  const uint64_t low = m * low_digits;
  const uint64_t turns = high + carry;  // Q2.62
  *quarter = static_cast<int>((turns >> 62) + (turns >> 61 & 1)) & 3;
  const auto rest = static_cast<int64_t>(turns << 2);  // r, Q0.64 with the sign
  const double r = static_cast<double>(rest) * 0x1p-64 + static_cast<double>(low) * 0x1p-126;
  const double angle = r * (kPi / 2);
  if (x < 0) *quarter = (4 - *quarter) & 3;
  return x < 0 ? -angle : angle;
}

// For |x| <= pi / 4.
double sin_series(double x) {
  const double square = x * x;
  double series = 0;
  for (int k = 17; k > 1; k -= 2) series = (series + 1) * -square / (k * (k - 1));
  return x + x * series;
}

double cos_series(double x) {
  const double square = x * x;
  double series = 0;
  for (int k = 18; k > 0; k -= 2) series = (series + 1) * -square / (k * (k - 1));
  return 1 + series;
}

// The sine of `quarters` quarter turns and x more, |x| <= pi / 4.
double sin_behind(int64_t quarters, double x) {
  const double y = quarters % 2 == 0 ? sin_series(x) : cos_series(x);
  return quarters % 4 >= 2 ? -y : y;
}

// The sine of x + shift quarter turns.
double sin_shifted(float x, int shift) {
  if (!is_finite(x)) return std::numeric_limits<double>::quiet_NaN();
  int quarter;
  const double r = reduce(x, &quarter);
  return sin_behind(quarter + shift, r);
}

// For 0 <= x <= 1.
double atan_to_1(double x) {
  constexpr double kTan = 0.41421356237309503;  // of pi / 8
  const bool is_large = x > kTan;
  const double t = is_large ? (x - 1) / (x + 1) : x;
  const double square = t * t;
  double series = 0;
  for (int k = 47; k > 1; k -= 2) series = (series + 1.0 / k) * -square;
  const double y = t + t * series;
  return is_large ? kPi / 4 + (y + kPiRest / 4) : y;
}

}  // namespace

double sin(float x) { return x == 0 ? x : sin_shifted(x, 0); }  // of -0 too

double cos(float x) { return sin_shifted(x, 1); }

double cos_turn(int64_t k, int64_t n) {
  k %= n;
  const int64_t quarters = (8 * k + n) / (2 * n);  // the nearest one
  const auto rest = static_cast<double>(4 * k - quarters * n);
  return sin_behind(quarters + 1, rest / static_cast<double>(n) * (kPi / 2));
}

double atan2(double y, double x) {
  if (x != x || y != y) return std::numeric_limits<double>::quiet_NaN();
  const auto is_negative = [](double v) { return v < 0 || (v == 0 && 1 / v < 0); };
  const double a = x < 0 ? -x : x, b = y < 0 ? -y : y;
  double angle;  // of (a, b), between 0 and pi / 2
  if (b == 0) {
    angle = 0;
  } else if (a == b) {  // infinities too
    angle = kPi / 4;
  } else {
    angle = b < a ? atan_to_1(b / a) : kPi / 2 - (atan_to_1(a / b) - kPiRest / 2);
  }
  if (is_negative(x)) angle = kPi - (angle - kPiRest);
  return is_negative(y) ? -angle : angle;
}

}  // namespace octavo
