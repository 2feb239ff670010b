// base/fixed_point.h and fixed_exp.h against definitions in exact 64-bit arithmetic.
#include "base/fixed_point.h"

#include "base/fixed_exp.h"
#include "selftest/selftest.h"

namespace octavo::selftest {
namespace {

constexpr int kCases = 200000;

int64_t power_of_two(int n) { return int64_t{1} << n; }

int32_t wrap(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

// n / d for d > 0, to the nearest integer, ties away from zero.
int64_t divide_away(int64_t n, int64_t d) {
  const uint64_t magnitude = n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n);
  const auto divisor = static_cast<uint64_t>(d);
  uint64_t q = magnitude / divisor;
  if (magnitude % divisor >= divisor - magnitude % divisor) ++q;
  return n < 0 ? -static_cast<int64_t>(q) : static_cast<int64_t>(q);
}

// n / d for d > 0, to the nearest integer, ties up.
int64_t divide_up(int64_t n, int64_t d) {
  int64_t q = n / d, rest = n % d;
  if (rest < 0) rest += d, --q;
  return rest >= d - rest ? q + 1 : q;
}

// gemmlowp's own form: a nudge by the sign, then C's division.
int32_t slow_srdhm(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  const int64_t product = int64_t{a} * b;
  const int64_t nudge = product >= 0 ? power_of_two(30) : 1 - power_of_two(30);
  return static_cast<int32_t>((product + nudge) / power_of_two(31));
}

void test_srdhm(Check& check) {
  Random random(1);
  for (int i = 0; i < kCases; ++i) {
    const int32_t a = random.any_int32(), b = random.any_int32();
    check.expect(srdhm(a, b) == slow_srdhm(a, b), "srdhm(", a, ", ", b, ") = ", srdhm(a, b),
                 ", should be ", slow_srdhm(a, b));
  }
}

void test_rdbp(Check& check) {
  Random random(2);
  for (int i = 0; i < kCases; ++i) {
    const int32_t x = random.any_int32();
    const auto r = static_cast<int>(random.integer(0, 31));
    const int64_t expected = divide_away(x, power_of_two(r));
    check.expect(rdbp(x, r) == expected, "rdbp(", x, ", ", r, ") = ", rdbp(x, r), ", should be ",
                 expected);
  }
}

void test_16_bits(Check& check) {
  for (int32_t x = INT16_MIN; x <= INT16_MAX; ++x) {
    for (int r = 0; r < 16; ++r) {
      const int64_t expected = divide_away(x, power_of_two(r));
      check.expect(rdbp16(static_cast<int16_t>(x), r) == expected, "rdbp16(", x, ", ", r,
                   ") = ", rdbp16(static_cast<int16_t>(x), r), ", should be ", expected);
    }
  }
  Random random(3);
  for (int i = 0; i < kCases; ++i) {
    const auto a = static_cast<int16_t>(random.any_int32() >> (i % 2 * 16));
    const auto b = static_cast<int16_t>(random.any_int32() >> (i % 2 * 16));
    const int64_t expected = min<int64_t>(divide_up(a * b, power_of_two(15)), INT16_MAX);
    check.expect(srdhm16(a, b) == expected, "srdhm16(", a, ", ", b, ") = ", srdhm16(a, b),
                 ", should be ", expected);
  }
  check.expect_equal<int32_t>(srdhm16(INT16_MIN, INT16_MIN), INT16_MAX, "srdhm16 of -1 and -1");
}

void test_requantize_32(Check& check) {
  Random random(4);
  for (int i = 0; i < kCases; ++i) {
    const int32_t x = random.any_int32();
    const Multiplier k = {static_cast<int32_t>(random.integer(power_of_two(30), INT32_MAX)),
                          static_cast<int32_t>(random.integer(-31, 30))};
    const int left = k.shift > 0 ? k.shift : 0;
    const int32_t shifted = wrap(int64_t{x} * power_of_two(left));
    const int64_t expected = divide_away(slow_srdhm(shifted, k.m), power_of_two(left - k.shift));
    check.expect(requantize(x, k) == expected, "requantize(", x, ", ", k.m, " * 2^", k.shift,
                 ") = ", requantize(x, k), ", should be ", expected);
  }
}

void test_requantize_64(Check& check) {
  Random random(5);
  for (int i = 0; i < kCases; ++i) {
    const int64_t x = (random.any_int32() * power_of_two(16) + random.integer(0, 65535)) >>
                      random.integer(0, 40);  // within 48 bits
    const Multiplier k = {static_cast<int32_t>(random.integer(power_of_two(30), INT32_MAX)),
                          static_cast<int32_t>(random.integer(-31, 14))};
    const int64_t m = min<int64_t>(divide_up(k.m, power_of_two(16)), INT16_MAX);
    const int32_t expected = wrap(divide_up(x * m, power_of_two(15 - k.shift)));
    check.expect(requantize(x, k) == expected, "requantize(int64 ", x, ", ", k.m, " * 2^", k.shift,
                 ") = ", requantize(x, k), ", should be ", expected);
  }
}

void test_quantize_multiplier(Check& check) {
  Random random(6);
  for (int i = 0; i < kCases; ++i) {
    const auto exponent = static_cast<int>(random.integer(-31, 30));
    const double power = exponent < 0 ? 1.0 / static_cast<double>(power_of_two(-exponent))
                                      : static_cast<double>(power_of_two(exponent));
    const double real = (i % 16 == 0 ? 0.5 : 0.5 + random.real() / 2) * power;
    const Multiplier k = quantize_multiplier(real);
    // m and the scaled real differ by half a unit at most, so their exact difference is a double.
    const double error = k.m - real / power * 2147483648.0 * (k.shift == exponent ? 1 : 0.5);
    check.expect(k.shift == exponent || (k.shift == exponent + 1 && k.m == 1 << 30),
                 "quantize_multiplier(", real, ") has shift ", k.shift);
    check.expect(k.m >= 1 << 30 && error <= 0.5 && error >= -0.5, "quantize_multiplier(", real,
                 ") = ", k.m, " * 2^", k.shift);
  }
  check.expect_equal(quantize_multiplier(0).m, 0, "m of 0");
  check.expect_equal(quantize_multiplier(0x1p-33).m, 0, "m of 2^-33");
  check.expect_equal(quantize_multiplier(0x1p-32).shift, -31, "shift of 2^-32");
  check.expect_equal(quantize_multiplier(1 - 0x1p-40).shift, 1,
                     "shift of a number that rounds to 1");
  check.expect_equal(quantize_multiplier(1 - 0x1p-40).m, 1 << 30, "m of a number that rounds to 1");
  check.expect_equal(quantize_multiplier(0x1p30).shift, 30, "shift above the range");
  check.expect_equal(quantize_multiplier(0x1p60).m, INT32_MAX, "m above the range");
}

void test_quantize(Check& check) {
  const double infinity = 1e300 * 1e300;
  check.expect_equal(quantize(2.5, -3, -128, 127), 0, "quantize(2.5)");
  check.expect_equal(quantize(-2.5, 3, -128, 127), 0, "quantize(-2.5)");
  check.expect_equal(quantize(0.49999999999999994, 0, -128, 127), 0, "quantize(1/2 - 2^-54)");
  check.expect_equal(quantize(1e30, 0, -128, 127), 127, "quantize(1e30)");
  check.expect_equal(quantize(-infinity, 0, -128, 127), -128, "quantize(-infinity)");
  check.expect_equal(quantize(infinity, 0, -128, 127), 127, "quantize(infinity)");
  check.expect_equal(quantize(infinity - infinity, 0, -128, 127), -128, "quantize(NaN)");
  check.expect_equal(quantize(0, INT32_MAX, INT32_MIN, INT32_MAX), INT32_MAX, "an extreme zero");
}

// The series' own error, by which gemmlowp's results differ from exp and the reciprocal; SOFTMAX's
// recorded cases prove the bits.
void test_fixed_exp(Check& check) {
  constexpr double kOne = 2147483648.0;
  Random random(7);
  for (int i = 0; i < kCases; ++i) {
    const auto x = static_cast<int32_t>(-(random.integer(0, INT32_MAX) >> random.integer(0, 30)));
    const double e = exp(x / 67108864.0) * kOne;
    const double found = exp_negative(x);
    check.expect(found - e <= 512 && e - found <= 512, "exp_negative(", x, ") = ", found,
                 ", should be about ", e);
    const auto y = static_cast<int32_t>(random.integer(0, INT32_MAX));
    const double r = kOne / (1 + y / kOne);
    const double reciprocal = one_over_one_plus_x(y);
    check.expect(reciprocal - r <= 8 && r - reciprocal <= 8, "one_over_one_plus_x(", y,
                 ") = ", reciprocal, ", should be about ", r);
  }
  check.expect_equal(exp_negative(0), INT32_MAX, "exp_negative(0)");
  check.expect_equal(one_over_one_plus_x(0), INT32_MAX, "one_over_one_plus_x(0)");
}

constexpr Test kTests[] = {
    {"fixed point: srdhm", &test_srdhm},
    {"fixed point: rdbp", &test_rdbp},
    {"fixed point: 16 bits", &test_16_bits},
    {"fixed point: requantize int32", &test_requantize_32},
    {"fixed point: requantize int64", &test_requantize_64},
    {"fixed point: quantize_multiplier", &test_quantize_multiplier},
    {"fixed point: quantize", &test_quantize},
    {"fixed point: exp and reciprocal", &test_fixed_exp},
};

}  // namespace

const Span<const Test> kFixedPointTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
