#include "base/fixed_exp.h"

#include <limits>

namespace octavo {
namespace {

// The arithmetic of either width: numbers of no integer bits and their products.
template <class Int>
constexpr int kBits = 8 * static_cast<int>(sizeof(Int));
template <class Int>
constexpr Int kOne = std::numeric_limits<Int>::max();

int32_t multiply(int32_t a, int32_t b) { return srdhm(a, b); }
int16_t multiply(int16_t a, int16_t b) { return srdhm16(a, b); }
int32_t halve(int32_t x, int times) { return rdbp(x, times); }
int16_t halve(int16_t x, int times) { return rdbp16(x, times); }

// x * 2^n, saturating.
template <class Int>
Int double_saturating(Int x, int n) {
  return static_cast<Int>(
      clamp<int64_t>(int64_t{x} * (int64_t{1} << n), std::numeric_limits<Int>::min(), kOne<Int>));
}

// exp(x) for x in [-1/4, 0): the Taylor series to the fourth power around -1/8.
template <class Int>
Int exp_of_quarter(Int x) {
  constexpr Int kExpOfCentre = fixed_constant<Int>(kExpOfMinusEighth);
  const auto t = static_cast<Int>(x + (Int{1} << (kBits<Int> - 4)));
  const Int t2 = multiply(t, t);
  const Int t3 = multiply(t2, t);
  const Int t4 = multiply(t2, t2);
  // t^2/2 + t^3/6 + t^4/24 = ((t^4/4 + t^3) / 3 + t^2) / 2
  const auto third = multiply(static_cast<Int>(halve(t4, 2) + t3), fixed_constant<Int>(kThird));
  const Int tail = halve(static_cast<Int>(third + t2), 1);
  const int64_t sum = int64_t{kExpOfCentre} + multiply(kExpOfCentre, static_cast<Int>(t + tail));
  return static_cast<Int>(min<int64_t>(sum, kOne<Int>));
}

// exp(x) for x <= 0 of so many integer bits.
template <class Int>
Int exp_of_negative(Int x, int integer_bits) {
  // x = fraction - whole with fraction in [-1/4, 0) and whole a multiple of 1/4, whose bits choose
  // the factors.
  const int quarter_bit = kBits<Int> - 3 - integer_bits;
  const auto quarter = static_cast<Int>(Int{1} << quarter_bit);
  if (x == 0) return kOne<Int>;
  if (integer_bits > kMostExpBits && x < -(int64_t{128} << quarter_bit)) return 0;
  const auto fraction = static_cast<Int>((x & (quarter - 1)) - quarter);
  const auto whole = static_cast<Int>(fraction - x);
  Int result = exp_of_quarter(static_cast<Int>(fraction * (1 << integer_bits)));
  for (int i = 0; i < min(integer_bits, kMostExpBits) + 2; ++i) {
    if ((whole >> (quarter_bit + i) & 1) != 0) {
      result = multiply(result, fixed_constant<Int>(kExpFactors[i]));
    }
  }
  return result;
}

// 2 / (1 + x) for x in [0, 1), of two integer bits.
template <class Int>
Int reciprocal_of_half(Int x) {
  // Three Newton-Raphson steps r += r * (1 - d * r) for the reciprocal of d = (1 + x) / 2, which is
  // in [1/2, 1), from the linear estimate 48/17 - 32/17 d.
  constexpr Int kOneOfTwoBits = Int{1} << (kBits<Int> - 3);
  const auto d = static_cast<Int>((x >> 1) + (Int{1} << (kBits<Int> - 2)));
  auto r = static_cast<Int>(fixed_constant<Int>(k48Over17) +
                            multiply(d, fixed_constant<Int>(-k32Over17)));
  for (int i = 0; i < 3; ++i) {
    const Int correction = multiply(r, static_cast<Int>(kOneOfTwoBits - multiply(d, r)));
    r = static_cast<Int>(r + correction * 4);  // of four integer bits
  }
  return r;
}

template <class Int>
Int reciprocal_of_one_plus(Int x) {
  return double_saturating(reciprocal_of_half(x), 1);  // half of it, of one integer bit
}

// x * 2^n, saturating to the left, rounded to the right.
int32_t shift_rounded(int32_t x, int n) { return n > 0 ? double_saturating(x, n) : rdbp(x, -n); }

int32_t saturate(int64_t x) {
  using Limits = std::numeric_limits<int32_t>;
  return static_cast<int32_t>(clamp<int64_t>(x, Limits::min(), Limits::max()));
}

}  // namespace

int32_t exp_negative(int32_t x) { return exp_of_negative(x, 5); }

int32_t one_over_one_plus_x(int32_t x) { return reciprocal_of_one_plus(x); }

int16_t logistic_16(int16_t x) {
  if (x == 0) return 1 << 14;
  const auto negative = static_cast<int16_t>(x > 0 ? -x : x);
  const int16_t y = reciprocal_of_one_plus(exp_of_negative(negative, 3));
  return static_cast<int16_t>(x > 0 ? y : kOne<int16_t> - y);
}

int16_t tanh_16(int16_t x, int integer_bits) {
  if (x == 0) return 0;
  // With e = exp(-2 |x|), whose argument has the same digits: (1 - e) / (1 + e) = 2 / (1 + e) - 1.
  const auto negative = static_cast<int16_t>(x > 0 ? -x : x);
  const int16_t r = reciprocal_of_half(exp_of_negative(negative, integer_bits + 1));
  const int16_t y = double_saturating(static_cast<int16_t>(r - (1 << 13)), 2);
  return static_cast<int16_t>(x > 0 ? y : -y);
}

Multiplier inverse_sqrt(int32_t x) {
  if (x < 2) return {std::numeric_limits<int32_t>::max(), 0};
  int shift = 11;
  for (; x >= 1 << 29; x /= 4) ++shift;
  for (; x < 1 << 27; x *= 4) --shift;
  // Five Newton-Raphson steps y = (3 - x y^2) y / 2 from 1, in numbers of three integer bits.
  constexpr int32_t kThreeHalves = 3 << 27, kHalfOfRootOfTwo = 1518500250;
  const int32_t input = x >> 1, half = rdbp(input, 1);
  int32_t y = 1 << 28;
  for (int i = 0; i < 5; ++i) {
    const int32_t cube = double_saturating(srdhm(srdhm(y, y), y), 6);
    y = double_saturating(sub_wrapping(srdhm(kThreeHalves, y), srdhm(half, cube)), 3);
  }
  y = srdhm(y, kHalfOfRootOfTwo);
  return shift < 0 ? Multiplier{shift_left(y, -shift), 0} : Multiplier{y, -shift};
}

// (log_x_for_x_greater_than_or_equal_to_1 in LiteRT.) x = 2^k r with r near 2^(-1/4), as that of x
// or of x sqrt(1/2) which comes nearer; log(x) = k' log(2) + a rational function of r.
int32_t log_at_least_1(int32_t x) {
  constexpr int kIn = 12, kOut = 5, kSum = kOut + 1;  // integer bits
  constexpr int32_t kLog2 = 1488522236, kRootHalf = 1518500250, kFourthRootHalf = 1805811301;
  constexpr int32_t kAlphaN = 117049297;   // 11/240 2^(1/4)
  constexpr int32_t kAlphaD = 127690142;   // 1/20 2^(1/4)
  constexpr int32_t kAlphaI = 1057819769;  // 2 / 2^(1/4) - 2^(1/4)
  constexpr int32_t kAlphaF = 638450708;   // 1/4 2^(1/4)
  constexpr int32_t kQuarter = 1 << (29 - kSum);

  const int zeros_a = leading_zeros(static_cast<uint32_t>(x));
  const int32_t r_a = shift_rounded(srdhm(shift_rounded(x, zeros_a - 1), kRootHalf), 1);
  const int32_t k_a = saturate(int64_t{shift_rounded(kIn - zeros_a, 31 - kSum)} + kQuarter);
  const int zeros_b = leading_zeros(static_cast<uint32_t>(srdhm(x, kRootHalf))) - 1;
  const int32_t r_b = shift_rounded(x, zeros_b);
  const int32_t k_b = saturate(int64_t{shift_rounded(kIn - zeros_b, 31 - kSum)} - kQuarter);
  const int32_t r = min(r_a, r_b), k = max(k_a, k_b);

  const int64_t sum = int64_t{r} + kFourthRootHalf;
  const auto p = static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
  // Sums wrap where x does: it is a sum of exponentials, of which there may be too many.
  const int32_t q = shift_left(sub_wrapping(r, kFourthRootHalf), 1);
  const int32_t square = srdhm(q, q);
  const int32_t numerator = add_wrapping(srdhm(q, r), srdhm(srdhm(q, square), kAlphaN));
  const int32_t factor = add_wrapping(add_wrapping(kAlphaI, q), srdhm(kAlphaD, square));
  const int32_t denominator = add_wrapping(srdhm(p, factor), srdhm(kAlphaF, q));
  const int32_t fraction = srdhm(rdbp(numerator, kSum), one_over_one_plus_x(denominator));
  return shift_rounded(add_wrapping(srdhm(k, kLog2), fraction), kSum - kOut);
}

}  // namespace octavo
