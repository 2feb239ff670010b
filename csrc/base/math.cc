#include "base/math.h"

#include <cstring>
#include <limits>

namespace octavo {
namespace {

constexpr double kLn2High = 0x1.62e42feep-1;  // 32 bits: n * kLn2High is exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kAllIntegers = 4503599627370496.0;  // 2^52: from here on doubles have no fraction

uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

double from_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

double truncate(double x) {
  return x < kAllIntegers && x > -kAllIntegers ? static_cast<double>(static_cast<int64_t>(x)) : x;
}

// 2^n for n in [-1022, 1023].
double power_of_two(int n) { return from_bits(static_cast<uint64_t>(n + 1023) << 52); }

// x = n ln 2 + r with |r| <= (ln 2)/2; returns exp(r) - 1. |x| < 1100.
double reduced_expm1(double x, int* n) {
  constexpr double kLog2e = 1.4426950408889634074;
  // 1/k! for k = 13 ... 2: what the series leaves out is below 2^-57.
  constexpr double kTaylor[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                1.0 / 120,        1.0 / 24,        1.0 / 6,        0.5};
  const double whole = round_away(x * kLog2e);
  *n = static_cast<int>(whole);
  const double high = x - whole * kLn2High;
  const double low = whole * kLn2Low;
  const double r = high - low;
  const double lost = (high - r) - low;  // what rounding r cost
  double series = 0;
  for (double c : kTaylor) series = series * r + c;
  return r + (lost + r * r * series);
}

}  // namespace

double floor(double x) {
  const double t = truncate(x);
  if (t == x) return x;  // -0 too
  return t > x ? t - 1 : t;
}

double round_away(double x) { return truncate(past_half_away(x)); }

double round_even(double x) {
  const double down = floor(x);
  const double fraction = x - down;
  if (fraction != 0.5) return fraction < 0.5 ? down : down + 1;
  return floor(down / 2) * 2 == down ? down : down + 1;
}

double exp(double x) {
  if (x != x) return x;
  if (x > 709.79) return from_bits(uint64_t{0x7ff} << 52);  // infinity
  if (x < -745.2) return 0;
  int n;
  const double e = 1 + reduced_expm1(x, &n);
  // In two factors: 2^n alone may be beyond the range, or below its normal part.
  const int half = n / 2;
  return e * power_of_two(half) * power_of_two(n - half);
}

double expm1(double x) {
  if (x > 60 || x != x) return exp(x);
  if (x < -60) return -1;
  int n;
  const double p = reduced_expm1(x, &n);
  const double scale = power_of_two(n);
  return scale * p + (scale - 1);
}

double tanh(double x) {
  if (x != x) return x;
  const double a = x < 0 ? -x : x;
  const double t = expm1(2 * min(a, 30.0));  // beyond 30 the result is 1
  const double y = a < 1 ? t / (t + 2) : 1 - 2 / (t + 2);
  return x < 0 ? -y : y;
}

double log(double x) {
  using Limits = std::numeric_limits<double>;
  if (x == 0) return -Limits::infinity();
  if (!(x > 0)) return Limits::quiet_NaN();
  if (x > Limits::max()) return x;
  int n;
  double m = split_exponent(x, &n);  // from sqrt(1/2) to sqrt(2), to be near 1
  if (m < 0.70710678118654752) {
    m *= 2;
    --n;
  }
  // log(m) = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...), |s| < 0.172.
  const double s = (m - 1) / (m + 1), square = s * s;
  double series = 0;
  for (int k = 23; k > 1; k -= 2) series = (series + 1.0 / k) * square;
  const double rest = 2 * s * series;
  // 2 s is m - 1 but for s (m - 1), which is small and may be rounded.
  return n * kLn2High + ((m - 1) + (rest - s * (m - 1) + n * kLn2Low));
}

double pow(double x, double y) {
  using Limits = std::numeric_limits<double>;
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return Limits::quiet_NaN();
  const double a = x < 0 ? -x : x;
  const bool is_whole = floor(y) == y;
  const bool is_odd = is_whole && floor(y / 2) * 2 != y;
  double power;
  if (a == 0) {
    power = y > 0 ? 0 : Limits::infinity();
  } else if (a == 1) {
    power = 1;
  } else {
    // Rounding y log(a) costs at most 2^-53 of 745.
    power = exp(clamp(y * log(a), -1e4, 1e4));
  }
  const bool is_negative = x < 0 || (x == 0 && 1 / x < 0);
  if (!is_negative) return power;
  if (!is_whole && x != 0 && is_finite(x) && is_finite(y)) return Limits::quiet_NaN();
  return is_odd ? -power : power;
}

double erfc(double x) {
  if (x != x) return x;
  const double a = x < 0 ? -x : x;
  constexpr double kTwoOverRootPi = 1.1283791670955126;
  if (a < 2) {
    // erf(x) = 2/sqrt(pi) exp(-x^2) (x + 2/3 x^3 + 4/15 x^5 + ...): no term cancels another.
    double term = a, sum = a;
    for (int k = 3; k < 60; k += 2) {
      term *= 2 * a * a / k;
      sum += term;
    }
    const double erf = kTwoOverRootPi * exp(-a * a) * sum;
    return x < 0 ? 1 + erf : 1 - erf;
  }
  // exp(-x^2) / (sqrt(pi) (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...))))).
  double fraction = a;
  for (int k = 100; k > 0; --k) fraction = a + k * 0.5 / fraction;
  const double y = kTwoOverRootPi / 2 * exp(-a * a) / fraction;
  return x < 0 ? 2 - y : y;
}

double sqrt(double x) {
// Told to heed errno, compilers put a call beside the instruction: not where there is no library.
#if __STDC_HOSTED__ && (defined(__SSE2__) || (defined(__aarch64__) && defined(__GNUC__)))
  return x < 0 ? std::numeric_limits<double>::quiet_NaN() : __builtin_sqrt(x);
#else
  return sqrt_by_digits(x);
#endif
}

double sqrt_by_digits(double x) {
  if (x == 0 || !(x <= std::numeric_limits<double>::max())) return x;
  if (x < 0) return std::numeric_limits<double>::quiet_NaN();
  int exponent;
  auto digits = static_cast<uint64_t>(split_exponent(x, &exponent) * 0x1p53);
  exponent -= 53;  // x = digits * 2^exponent
  if (exponent % 2 != 0) {
    digits *= 2;
    exponent -= 1;
  }
  // Digit by digit, 54 of them, from two digits of the square each. The last one rounds: no root
  // ends there.
  uint64_t root = 0, rest = 0;
  for (int i = 52; i > -56; i -= 2) {
    rest = rest << 2 | (i >= 0 ? digits >> i & 3 : 0);
    const uint64_t trial = root << 2 | 1;
    root <<= 1;
    if (rest < trial) continue;
    rest -= trial;
    root |= 1;
  }
  return static_cast<double>((root + 1) >> 1) * power_of_two(exponent / 2 - 26);
}

double split_exponent(double x, int* exponent) {
  *exponent = 0;
  if (x == 0) return x;
  uint64_t bits = bits_of(x);
  if ((bits >> 52 & 0x7ff) == 0) {  // subnormal: bring it into the normal range first
    bits = bits_of(x * 18014398509481984.0);
    *exponent = -54;
  }
  *exponent += static_cast<int>(bits >> 52 & 0x7ff) - 1022;
  return from_bits((bits & ~(uint64_t{0x7ff} << 52)) | uint64_t{1022} << 52);
}

}  // namespace octavo
