// base/math.h against the host's widest floating point, base/half.h against the format's meaning.
#include "base/math.h"

#include <cfloat>
#include <cmath>
#include <initializer_list>

#include "base/half.h"
#include "selftest/selftest.h"

namespace octavo::selftest {
namespace {

constexpr int kCases = 200000;

// Where long double is no wider than double, the host's function may be one unit off itself.
constexpr double kHostError = LDBL_MANT_DIG > DBL_MANT_DIG ? 0 : 1;

// |found - exact| in units of exact's last place as a double.
double error_in_ulps(double found, long double exact) {
  const auto rounded = static_cast<double>(exact);
  if (found == rounded) return 0;
  if (!is_finite(found) || !is_finite(rounded)) return 1e300;
  int exponent;
  std::frexp(rounded, &exponent);
  const int last_place = (exponent < DBL_MIN_EXP ? DBL_MIN_EXP : exponent) - DBL_MANT_DIG;
  return static_cast<double>(std::fabs(std::ldexp(found - exact, -last_place)));
}

void sweep(Check& check, const char* name, double (*ours)(double),
           long double (*exact)(long double), double low, double high, double ulps) {
  Random random(11);
  for (int i = 0; i < kCases; ++i) {
    // Half of them spread evenly, half of them over the magnitudes.
    double x = low + (high - low) * random.real();
    if (i % 2 == 0) x = std::ldexp(x, -static_cast<int>(random.integer(0, 60)));
    const double error = error_in_ulps(ours(x), exact(x));
    check.expect(error <= ulps + kHostError, name, "(", x, ") is ", error, " units wrong");
  }
}

void test_exp(Check& check) {
  sweep(check, "exp", &octavo::exp, &std::exp, -745.5, 710, 1);
  check.expect(octavo::exp(0) == 1, "exp(0)");
  check.expect(octavo::exp(-1e300) == 0, "exp(-1e300)");
  check.expect(octavo::exp(1e300) == HUGE_VAL, "exp(1e300)");
  check.expect(std::isnan(octavo::exp(NAN)), "exp(NaN)");
}

void test_expm1(Check& check) {
  sweep(check, "expm1", &octavo::expm1, &std::expm1, -70, 710, 3);
  check.expect(octavo::expm1(0) == 0, "expm1(0)");
  check.expect(octavo::expm1(-HUGE_VAL) == -1, "expm1(-infinity)");
  check.expect(std::isnan(octavo::expm1(NAN)), "expm1(NaN)");
}

void test_tanh(Check& check) {
  sweep(check, "tanh", &octavo::tanh, &std::tanh, -25, 25, 3);
  check.expect(octavo::tanh(HUGE_VAL) == 1 && octavo::tanh(-HUGE_VAL) == -1, "tanh(infinity)");
  check.expect(std::isnan(octavo::tanh(NAN)), "tanh(NaN)");
}

void test_sqrt(Check& check) {
  for (double (*root)(double) : {&octavo::sqrt, &octavo::sqrt_by_digits}) {
    sweep(check, "sqrt", root, &std::sqrt, 0, 4, 0.5);
    sweep(check, "sqrt", root, &std::sqrt, 0, DBL_MAX, 0.5);
    Random random(12);
    for (int i = 0; i < kCases; ++i) {
      const double x = std::ldexp(random.real(), static_cast<int>(random.integer(-1074, 1023)));
      check.expect(root(x) == std::sqrt(x), "sqrt(", x, ") = ", root(x));
    }
    check.expect(root(HUGE_VAL) == HUGE_VAL && std::signbit(root(-0.0)), "sqrt(-0)");
    check.expect(std::isnan(root(-1)) && std::isnan(root(NAN)), "sqrt(-1)");
  }
}

void test_log(Check& check) {
  sweep(check, "log", &octavo::log, &std::log, 0, DBL_MAX, 2);
  sweep(check, "log", &octavo::log, &std::log, 0, 4, 2);
  check.expect(octavo::log(1) == 0 && octavo::log(0) == -HUGE_VAL, "log(1), log(0)");
  check.expect(octavo::log(HUGE_VAL) == HUGE_VAL, "log(infinity)");
  check.expect(std::isnan(octavo::log(-1)) && std::isnan(octavo::log(NAN)), "log(-1)");
}

void test_erfc(Check& check) {
  sweep(check, "erfc", &octavo::erfc, &std::erfc, -7, 26, 2048);
  check.expect(octavo::erfc(HUGE_VAL) == 0 && octavo::erfc(-HUGE_VAL) == 2, "erfc(infinity)");
  check.expect(std::isnan(octavo::erfc(NAN)), "erfc(NaN)");
}

// Of every magnitude that a float can have.
void test_sin_cos(Check& check) {
  const auto ours_sin = [](double x) { return octavo::sin(static_cast<float>(x)); };
  const auto ours_cos = [](double x) { return octavo::cos(static_cast<float>(x)); };
  const auto exact_sin = [](long double x) -> long double { return std::sin(x); };
  const auto exact_cos = [](long double x) -> long double { return std::cos(x); };
  Random random(14);
  for (int i = 0; i < kCases; ++i) {
    const double magnitude = std::ldexp(random.real(), static_cast<int>(random.integer(-20, 128)));
    const auto x = static_cast<float>(i % 2 == 0 ? magnitude : -magnitude);
    for (double error :
         {error_in_ulps(ours_sin(x), exact_sin(x)), error_in_ulps(ours_cos(x), exact_cos(x))}) {
      check.expect(error <= 3 + kHostError, "sin or cos of ", x, " is ", error, " units wrong");
    }
  }
  for (int64_t n : {int64_t{1}, int64_t{3}, int64_t{4}, int64_t{480}, int64_t{1} << 59}) {
    for (int64_t i = 0; i < 1000; ++i) {
      const int64_t k = n < 1000 ? i : n / 1000 * i + i;
      const long double turn = static_cast<long double>(k % n) / static_cast<long double>(n);
      const long double exact = std::cos(2 * std::acos(-1.0L) * turn);
      // Next to a quarter turn the exact one is as wrong as pi is.
      const double error = std::abs(static_cast<double>(octavo::cos_turn(k, n) - exact));
      check.expect(error <= 0x1p-52, "cos_turn of ", k, " / ", n, " is wrong by ", error);
    }
  }
  check.expect(octavo::cos_turn(1, 4) == 0 && octavo::cos_turn(7, 2) == -1, "cos_turn of quarters");
  check.expect(std::isnan(octavo::sin(HUGE_VALF)) && std::isnan(octavo::cos(NAN)), "sin(NaN)");
  check.expect(std::signbit(octavo::sin(-0.0f)) && octavo::cos(0.0f) == 1, "sin(-0), cos(0)");
}

// What C says of zeros, infinities and NaN; the rest near the host's.
void test_two_arguments(Check& check) {
  const auto same = [](double a, double b) {
    return std::isnan(a) ? std::isnan(b)
                         : error_in_ulps(a, b) < 8192 && std::signbit(a) == std::signbit(b);
  };
  const auto compare = [&](double x, double y) {
    const double power = octavo::pow(x, y), angle = octavo::atan2(x, y);
    check.expect(same(power, std::pow(x, y)), "pow(", x, ", ", y, ") = ", power);
    check.expect(same(angle, std::atan2(x, y)), "atan2(", x, ", ", y, ") = ", angle);
  };
  constexpr double kSpecial[] = {0.0, -0.0, 0.5, -0.5, 1,        -1,        2,  -2,
                                 3,   -3,   1e9, -1e9, HUGE_VAL, -HUGE_VAL, NAN};
  for (double x : kSpecial) {
    for (double y : kSpecial) compare(x, y);
  }
  Random random(15);
  for (int i = 0; i < kCases; ++i) {
    const double x = std::ldexp(random.real(), static_cast<int>(random.integer(-60, 60)));
    const double y = 20 * random.real() - 10;
    compare(x, y);
    compare(-x, std::round(y));
  }
}

// To the bit, so that tables come out the same on every target: what x86-64 computes.
void test_recorded_values(Check& check) {
  struct Value {
    double x, exp, tanh;
  };
  constexpr Value kValues[] = {
      {-745, 0x1p-1074, -0x1p+0},
      {-100.25, 0x1.4acd31e167ebbp-145, -0x1p+0},
      {-20, 0x1.1b48655f37267p-29, -0x1p+0},
      {-8, 0x1.5fc21041027adp-12, -0x1.fffff872a91f8p-1},
      {-2.5, 0x1.50385c094f425p-4, -0x1.f9258260a71c2p-1},
      {-1, 0x1.78b56362cef38p-2, -0x1.85efab514f394p-1},
      {-0.5, 0x1.368b2fc6f960ap-1, -0x1.d9353d7568af3p-2},
      {-0.125, 0x1.c3d6a24ed8222p-1, -0x1.fd5992bc4b836p-4},
      {-1e-05, 0x1.fffeb07515653p-1, -0x1.4f8b588e06853p-17},
      {1e-09, 0x1.000000044b83p+0, 0x1.12e0be826d694p-30},
      {0.0625, 0x1.1082b577d34eep+0, 0x1.ff55997e030d8p-5},
      {0.25, 0x1.48b5e3c3e8186p+0, 0x1.f597ea69a1c86p-3},
      {0.75, 0x1.0ef9db467dcf8p+1, 0x1.45323e552f228p-1},
      {1, 0x1.5bf0a8b14576ap+1, 0x1.85efab514f394p-1},
      {1.5, 0x1.1ed3fe64fc541p+2, 0x1.cf6f9786df577p-1},
      {3, 0x1.415e5bf6fb106p+4, 0x1.fd77d111a0bp-1},
      {5.25, 0x1.7d21edf07d24fp+7, 0x1.fff8c81c6dc34p-1},
      {9, 0x1.fa7157c470f82p+12, 0x1.fffffefa59d78p-1},
      {19.5, 0x1.18a2aae0aa052p+28, 0x1p+0},
      {88, 0x1.f1056dc7bf22dp+126, 0x1p+0},
      {700, 0x1.d945df4f8ec8ep+1009, 0x1p+0},
  };
  for (const Value& v : kValues) {
    check.expect(octavo::exp(v.x) == v.exp, "exp(", v.x, ") = ", octavo::exp(v.x));
    check.expect(octavo::tanh(v.x) == v.tanh, "tanh(", v.x, ") = ", octavo::tanh(v.x));
  }
}

void test_rounding(Check& check) {
  Random random(12);
  auto compare = [&](double x) {
    check.expect(octavo::floor(x) == std::floor(x), "floor(", x, ") = ", octavo::floor(x));
    check.expect(round_away(x) == std::round(x), "round_away(", x, ") = ", round_away(x));
    check.expect(round_even(x) == std::nearbyint(x), "round_even(", x, ") = ", round_even(x));
    int exponent, expected_exponent;
    const double fraction = split_exponent(x, &exponent);
    check.expect(fraction == std::frexp(x, &expected_exponent) && exponent == expected_exponent,
                 "split_exponent(", x, ") = ", fraction, ", ", exponent);
  };
  for (int i = 0; i < kCases; ++i) {
    const double x = std::ldexp(random.real() - 0.5, static_cast<int>(random.integer(-2, 60)));
    compare(x);
    compare(octavo::floor(x) + 0.5);
    compare(std::nextafter(octavo::floor(x) + 0.5, 0));
    compare(std::nextafter(octavo::floor(x) + 0.5, x + 1));
  }
  for (double x : {0.0, -0.0, 0x1p-1074, -0x1p-1074, 0x1p-1023, DBL_MAX, -DBL_MAX, 0x1p52 - 0.5,
                   0x1p52 + 1, -0x1p53 - 2, 0x1p63, -0x1p63}) {
    compare(x);
  }
}

// What the 16 bits mean: sign, 5 bits of exponent, 10 of fraction.
double meaning(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 != 0 ? -magnitude : magnitude;
}

bool is_nan(Half h) { return (h.bits & 0x7fff) > 0x7c00; }

void test_half_to_float(Check& check) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half h = {static_cast<uint16_t>(bits)};
    const float f = to_float(h);
    if ((bits & 0x7c00) != 0x7c00) {
      check.expect(f == meaning(h.bits) && std::signbit(f) == (bits >> 15 != 0), "half ", bits,
                   " gives ", f);
    } else if (is_nan(h)) {
      check.expect(std::isnan(f), "half ", bits, " gives ", f);
    } else {
      check.expect(std::isinf(f) && std::signbit(f) == (bits >> 15 != 0), "half ", bits, " gives ",
                   f);
    }
    check.expect(is_nan(h) ? is_nan(to_half(f)) : to_half(f).bits == bits, "half ", bits,
                 " becomes ", to_half(f).bits);
  }
}

void test_half_rounding(Check& check) {
  // Between neighbours: the nearer one, at the middle the even one.
  for (uint16_t bits = 0; bits < 0x7bff; ++bits) {
    const auto next = static_cast<uint16_t>(bits + 1);
    const auto middle = static_cast<float>((meaning(bits) + meaning(next)) / 2);
    const uint16_t even = bits % 2 == 0 ? bits : next;
    for (int sign : {1, -1}) {
      const auto with_sign = [&](uint16_t b) {
        return static_cast<uint16_t>(sign < 0 ? b | 0x8000 : b);
      };
      const float m = static_cast<float>(sign) * middle;
      const float below = std::nextafter(m, 0.0f), above = std::nextafter(m, m * 2);
      check.expect(to_half(m).bits == with_sign(even), "to_half(", m, ") = ", to_half(m).bits);
      check.expect(to_half(below).bits == with_sign(bits), "to_half(", below, ")");
      check.expect(to_half(above).bits == with_sign(next), "to_half(", above, ")");
    }
  }
  check.expect_equal<int>(to_half(65519.996f).bits, 0x7bff, "the greatest that stays finite");
  check.expect_equal<int>(to_half(65520).bits, 0x7c00, "the least that becomes infinite");
  check.expect_equal<int>(to_half(-FLT_MAX).bits, 0xfc00, "-FLT_MAX");
}

constexpr Test kTests[] = {
    {"math: erfc", &test_erfc},
    {"math: exp", &test_exp},
    {"math: expm1", &test_expm1},
    {"math: log", &test_log},
    {"math: pow and atan2", &test_two_arguments},
    {"math: sin and cos", &test_sin_cos},
    {"math: sqrt", &test_sqrt},
    {"math: tanh", &test_tanh},
    {"math: recorded values", &test_recorded_values},
    {"math: rounding", &test_rounding},
    {"half: to float and back", &test_half_to_float},
    {"half: rounding", &test_half_rounding},
};

}  // namespace

const Span<const Test> kMathTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
