// The kernels of pairs of bytes that are no sums or products, and those that a table offers beside
// reference/, against their definitions.
#include "selftest/pairs.h"

#include <utility>

#include "kernels/table.h"

namespace octavo::selftest {
namespace {

void test_squared_difference(const Kernels& k, Check& check) {
  Random random(66);
  const auto try_pair = [&](const Shape& a, const Shape& b, const Shape& shape,
                            const Broadcast& broadcast) {
    Multiplier half = {1 << 30, 0};
    Multiplier less = any_multiplier(static_cast<int32_t>(random.integer(-31, -1)), random);
    if (random.bits() % 2 == 0) less.shift = max(less.shift, -7);
    if (random.bits() % 2 == 0) std::swap(half, less);
    // Squares have 30 bits.
    const int64_t shift = random.integer(-30, random.bits() % 4 == 0 ? 1 : -16);
    const reference::SquaredDifferenceParams p = {
        broadcast,
        any_zero<int8_t>(random),
        any_zero<int8_t>(random),
        any_zero<int8_t>(random),
        half,
        less,
        any_multiplier(static_cast<int32_t>(shift), random)};
    compare<int8_t>(k.squared_difference_s8, &reference::squared_difference_s8, p, a, b, shape,
                    random, check);
  };
  for_each_pair(20, random, check, try_pair);
  const Shape rows = make_shape(3, 128), row = make_shape(128);
  for (int i = 0; i < 100; ++i) {
    try_pair(rows, row, rows, reference::plan_broadcast(rows, row, rows));
  }
}

// Each value by each divisor, at multipliers that leave much of quotients from 1/255 to 255, or
// anything.
template <class T>
void sweep_div(BinaryKernel<T, reference::ScaledQuotientParams> kernel,
               BinaryKernel<T, reference::ScaledQuotientParams> reference, Check& check) {
  Random random(67);
  constexpr int32_t kMin = std::numeric_limits<T>::min(), kValues = 256;
  int32_t reciprocals[reference::kReciprocals] = {};
  for (int32_t i = 1; i < reference::kReciprocals; ++i) {
    reciprocals[i] = reference::normal_reciprocal(i);
  }
  for (int i = 0; i < 60; ++i) {
    reference::ScaledQuotientParams p = {};
    p.reciprocals = reciprocals;
    p.a_zero = any_zero<T>(random);
    p.b_zero = any_zero<T>(random);
    p.out_zero = any_zero<T>(random);
    const int64_t shift = i % 3 == 0 ? random.integer(-31, 30) : random.integer(-2, 10);
    p.multiplier = any_multiplier(static_cast<int32_t>(shift), random);
    draw_bounds<T>(random, p.act_min, p.act_max);
    const Shape column = make_shape(kValues, 1), row = make_shape(kValues - 1);
    const Shape shape = make_shape(kValues, kValues - 1);
    p.broadcast = reference::plan_broadcast(column, row, shape);
    Buffer<T> a(kValues), b(kValues - 1);
    for (int32_t j = 0; j < kValues; ++j) a[j] = static_cast<T>(kMin + j);
    for (int32_t j = 0; j < kValues - 1; ++j) {
      b[j] = static_cast<T>(kMin + j + (kMin + j >= p.b_zero ? 1 : 0));
    }
    Buffer<T> out(shape.count() + kGuard), expected(shape.count() + kGuard);
    kernel(p, a.data(), b.data(), out.data());
    reference(p, a.data(), b.data(), expected.data());
    expect_same(column, row, out, expected, check);
  }
}

void test_div(const Kernels& k, Check& check) {
  sweep_div<int8_t>(k.div_s8, &reference::div_s8, check);
  sweep_div<uint8_t>(k.div_u8, &reference::div_u8, check);
}

int32_t weighted(int32_t value, LinearWeight w) { return 256 * value * w.high; }

// What kernels/linear_sum.h says.
void linear_sum_by_formula(const LinearSumParams& p, const uint8_t* a, const uint8_t* b,
                           uint8_t* out) {
  const auto flip = static_cast<uint8_t>(p.flip);
  reference::for_each_broadcast(p.broadcast, a, b, out, [&](uint8_t i, uint8_t j) {
    const auto x = static_cast<int8_t>(i ^ flip), y = static_cast<int8_t>(j ^ flip);
    const int32_t low = 256 * (x * p.a.low + y * p.b.low);
    const int32_t s = weighted(x, p.a) + weighted(y, p.b) + (low >> 15) + p.zeros;
    const int32_t rounded = (s + p.constant - (s < 0 ? p.away : 0)) >> p.right;
    return static_cast<uint8_t>(clamp(rounded, p.act_min, p.act_max) ^ flip);
  });
}

// Weights and constants so large that the sum just fits.
void test_linear_sum(const Kernels& k, Check& check) {
  Random random(36);
  for_each_pair(
      20, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        OutputStage stage(1, 1, random);
        const auto low = [&] { return static_cast<int16_t>(random.integer(0, INT16_MAX)); };
        const auto high = static_cast<int16_t>(random.integer(-32000, 32000));
        const int16_t rest = static_cast<int16_t>(32000 - (high < 0 ? -high : high));
        const auto other = static_cast<int16_t>(random.integer(-rest, rest));
        const LinearSumParams p = {broadcast,
                                   {high, low()},
                                   {other, low()},
                                   static_cast<int32_t>(random.integer(-(1 << 29), 1 << 29)),
                                   static_cast<int32_t>(random.integer(-(1 << 28), 1 << 28)),
                                   static_cast<int32_t>(max<int64_t>(0, random.integer(-99, 99))),
                                   static_cast<int32_t>(random.integer(1, 22)),
                                   stage.output.act_min,
                                   stage.output.act_max,
                                   random.bits() % 2 == 0 ? Flip::kNo : Flip::kSign};
        compare<uint8_t>(k.linear_sum_8, &linear_sum_by_formula, p, a, b, shape, random, check);
      });
}

bool is_below(const Threshold& t, uint8_t stored, int8_t a, int8_t b) {
  return b < static_cast<int8_t>(t.least[stored]) || a > t.last;
}

// What kernels/thresholds.h says.
void compare_by_formula(const ThresholdParams& p, const uint8_t* a, const uint8_t* b,
                        uint8_t* out) {
  const auto flip = static_cast<uint8_t>(p.flip);
  reference::for_each_broadcast(p.broadcast, a, b, out, [&](uint8_t i, uint8_t j) {
    const auto x = static_cast<int8_t>(i ^ flip), y = static_cast<int8_t>(j ^ flip);
    bool holds = p.is_negated != is_below(p.threshold[0], i, x, y);
    if (p.count == 2) holds = holds != is_below(p.threshold[1], i, x, y);
    return static_cast<uint8_t>(holds);
  });
}

void test_thresholds(const Kernels& k, Check& check) {
  Random random(68);
  for_each_pair(
      20, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        ThresholdParams p = {};
        p.broadcast = broadcast;
        for (Threshold& t : p.threshold) {
          for (uint8_t& least : t.least) least = static_cast<uint8_t>(random.bits());
          t.last = static_cast<int8_t>(any_zero_point(random));
        }
        p.count = random.bits() % 2 == 0 ? 1 : 2;
        p.is_negated = random.bits() % 2 == 0;
        p.flip = random.bits() % 2 == 0 ? Flip::kNo : Flip::kSign;
        compare<uint8_t>(k.compare_thresholds_8, &compare_by_formula, p, a, b, shape, random,
                         check);
      });
}

constexpr KernelTest kTests[] = {
    {"SQUARED_DIFFERENCE of int8", &test_squared_difference},
    {"8-bit DIV", &test_div},
    {"8-bit weighted sum", &test_linear_sum},
    {"8-bit comparison with thresholds", &test_thresholds},
};

}  // namespace

const Span<const KernelTest> kPairTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
