// EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, NOT_EQUAL.
#include "reference/compare.h"

#include "ops/elementwise.h"
#include "ops/thresholds.h"

namespace octavo {
namespace {

using reference::compare;
using reference::compare_scaled;
using reference::Comparison;

template <Comparison kComparison>
constexpr TypedInvoke kPlain[] = {
    {DType::kFloat32, &invoke_broadcast<&compare<kComparison, float>>},
    {DType::kFloat16, &invoke_broadcast<&compare<kComparison, Half>>},
    {DType::kBFloat16, &invoke_broadcast<&compare<kComparison, BFloat16>>},
    {DType::kInt16, &invoke_broadcast<&compare<kComparison, int16_t>>},
    {DType::kInt32, &invoke_broadcast<&compare<kComparison, int32_t>>},
    {DType::kInt64, &invoke_broadcast<&compare<kComparison, int64_t>>},
    {DType::kBool, &invoke_broadcast<&compare<kComparison, uint8_t>>},
};

template <Comparison kComparison>
constexpr TypedInvoke kScaled[] = {
    {DType::kInt8, &invoke_broadcast<&compare_scaled<kComparison, int8_t>>},
    {DType::kUInt8, &invoke_broadcast<&compare_scaled<kComparison, uint8_t>>},
    {DType::kInt16, &invoke_broadcast<&compare_scaled<kComparison, int16_t>>},
};

constexpr bool is_equality(Comparison comparison) {
  return comparison == Comparison::kEqual || comparison == Comparison::kNotEqual;
}

// int16 is compared as it is stored where it has no quantization; by an order, always.
bool is_scaled(const Tensor& t, Comparison comparison) {
  if (t.type == DType::kInt8 || t.type == DType::kUInt8) return true;
  return t.type == DType::kInt16 && is_equality(comparison) && !t.quantization().scale.empty();
}

template <Comparison kComparison>
Status prepare_comparison(PrepareContext& c) {
  reference::Broadcast broadcast;
  OCTAVO_TRY(prepare_broadcast(c, &broadcast));
  const Tensor& a = c.input(0);
  const Tensor& b = c.input(1);
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kBool}));
  if (!is_scaled(a, kComparison)) {
    // Bools have no order.
    if (a.type == DType::kBool && !is_equality(kComparison)) return c.fail_types();
    reference::Broadcast* p;
    OCTAVO_TRY(c.make_params(p));
    *p = broadcast;
    return choose_invoke(c, a.type, kPlain<kComparison>);
  }
  for (int32_t i = 0; i < 2; ++i) {
    OCTAVO_TRY(c.expect_per_tensor("input", c.input(i)));
  }
  const reference::ScaledComparisonParams exact = {broadcast, a.zero_point(), b.zero_point(),
                                                   quantize_multiplier(double{a.scale()}),
                                                   quantize_multiplier(double{b.scale()})};
  ThresholdParams thresholds = {};
  if (a.type != DType::kInt16 &&
      find_thresholds(c.kernels, a.type, kComparison, exact, &thresholds)) {
    return c.set_invoke(&invoke_broadcast<&Kernels::compare_thresholds_8>, thresholds);
  }
  reference::ScaledComparisonParams* p;
  OCTAVO_TRY(c.make_params(p));
  *p = exact;
  return choose_invoke(c, a.type, kScaled<kComparison>);
}

}  // namespace

Status prepare_equal(PrepareContext& c) { return prepare_comparison<Comparison::kEqual>(c); }

Status prepare_greater(PrepareContext& c) { return prepare_comparison<Comparison::kGreater>(c); }

Status prepare_greater_equal(PrepareContext& c) {
  return prepare_comparison<Comparison::kGreaterEqual>(c);
}

Status prepare_less(PrepareContext& c) { return prepare_comparison<Comparison::kLess>(c); }

Status prepare_less_equal(PrepareContext& c) {
  return prepare_comparison<Comparison::kLessEqual>(c);
}

Status prepare_not_equal(PrepareContext& c) { return prepare_comparison<Comparison::kNotEqual>(c); }

}  // namespace octavo
