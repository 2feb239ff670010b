// Fixed-point arithmetic: every rounding rule of the integer operators, as LiteRT and gemmlowp
// define them. Shifts of negative numbers and products that leave int32 wrap, as they do on every
// machine we know.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "base/math.h"

namespace octavo {

// real = m * 2^(shift - 31), m in [2^30, 2^31) or 0; shift in [-31, 30].
struct Multiplier {
  int32_t m = 0;
  int32_t shift = 0;
};

// The nearest Multiplier of a finite real >= 0. Below 2^-32 it is 0; above the range it is the
// greatest.
Multiplier quantize_multiplier(double real);

// x << n without undefined behaviour: what leaves the word is lost. n in [0, 31].
constexpr int32_t shift_left(int32_t x, int n) {
  return static_cast<int32_t>(static_cast<uint32_t>(x) << n);
}

template <class Int>
constexpr Int add_wrapping(Int a, Int b) {
  using Unsigned = std::make_unsigned_t<Int>;
  return static_cast<Int>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b));
}

constexpr int32_t sub_wrapping(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}

// round(a * b / 2^31), ties up, saturating: "saturating rounding doubling high multiply".
constexpr int32_t srdhm(int32_t a, int32_t b) {
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  if (a == kMin && b == kMin) return std::numeric_limits<int32_t>::max();
  const int64_t product = static_cast<int64_t>(a) * b;
  // Truncating division of a nudged product, as gemmlowp has it; floor((p + 2^30) / 2^31) is the
  // same.
  return static_cast<int32_t>((product + (int64_t{1} << 30)) >> 31);
}

// round(x / 2^r), ties away from zero: "rounding divide by power of two". r in [0, 31].
constexpr int32_t rdbp(int32_t x, int r) {
  const auto mask = static_cast<int32_t>((int64_t{1} << r) - 1);
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> r) + ((x & mask) > threshold ? 1 : 0);
}

// The same in 16 bits, as gemmlowp instantiates them. From r = 16 on rdbp16's mask has all bits
// set, so that it gives 1 for x >= 0 and -1 for x < 0 where one expects 0.
constexpr int16_t srdhm16(int16_t a, int16_t b) {
  constexpr int16_t kMin = std::numeric_limits<int16_t>::min();
  if (a == kMin && b == kMin) return std::numeric_limits<int16_t>::max();
  return static_cast<int16_t>((a * b + (1 << 14)) >> 15);
}
constexpr int16_t rdbp16(int16_t x, int r) {
  const auto mask = static_cast<int16_t>((int64_t{1} << r) - 1);
  const int threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return static_cast<int16_t>((x >> r) + ((x & mask) > threshold ? 1 : 0));
}

// A Multiplier's m >= 0 rounded to 15 bits, saturating.
constexpr int16_t narrow_multiplier(int32_t m) {
  return static_cast<int16_t>(m < 0x7fff0000 ? (m + (1 << 15)) >> 16 : 0x7fff);
}

// x * real, rounded twice (the default of LiteRT and TFLM).
constexpr int32_t requantize(int32_t x, Multiplier k) {
  const int left = k.shift > 0 ? k.shift : 0;
  return rdbp(srdhm(shift_left(x, left), k.m), left - k.shift);
}

// x * real for the int64 accumulator of int16 networks, with the multiplier cut to 15 bits. The
// result is reduced to int32 by dropping the upper bits.
constexpr int32_t requantize(int64_t x, Multiplier k) {
  const int32_t m = narrow_multiplier(k.m);
  const auto product = static_cast<int64_t>(static_cast<uint64_t>(x) * static_cast<uint64_t>(m));
  const int right = 15 - k.shift;
  if (right <= 0) return static_cast<int32_t>(static_cast<uint64_t>(product) << -right);
  const auto rounded = static_cast<uint64_t>(product) + (uint64_t{1} << (right - 1));
  return static_cast<int32_t>(static_cast<int64_t>(rounded) >> right);
}

// x * real + zero_point, clamped to [low, high]: the end of most integer operators. Only a real far
// above 1 lets the sum wrap.
template <class Accumulator>
constexpr int32_t requantize(Accumulator x, Multiplier k, int32_t zero_point, int32_t low,
                             int32_t high) {
  return clamp(add_wrapping(requantize(x, k), zero_point), low, high);
}

// round(x / s) + zero_point for a real x, clamped to [low, high]; NaN gives low. `x_over_s` is the
// quotient in the precision that the operator's definition asks for. Without branches, so that
// compilers make vectors of it.
constexpr int32_t quantize(double x_over_s, int32_t zero_point, int32_t low, int32_t high) {
  const auto zero = static_cast<double>(zero_point);
  const double least = low - zero, most = high - zero;
  const double inside = x_over_s > least ? x_over_s : least;
  const double clamped = inside < most ? inside : most;
  return static_cast<int32_t>(static_cast<int64_t>(past_half_away(clamped)) + zero_point);
}

}  // namespace octavo
