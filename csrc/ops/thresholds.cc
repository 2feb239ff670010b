#include "ops/thresholds.h"

#include "base/math.h"

namespace octavo {
namespace {

using reference::Comparison;

constexpr int32_t kValues = 256;  // of an operand

// What each value is compared as, in the values' order; false where that is not the order of
// these numbers.
bool scale_values(int32_t zero, Multiplier scale, int32_t lowest, int32_t (&out)[kValues]) {
  for (int32_t i = 0; i < kValues; ++i) {
    out[i] = reference::scale_compared(lowest + i - zero, scale);
    if (i > 0 && out[i] < out[i - 1]) return false;
  }
  return true;
}

// The least b for each a that a does not exceed, or that is greater if `is_strict`. False where
// there is none for the lowest a, and so for no other.
bool find_threshold(const int32_t (&a)[kValues], const int32_t (&b)[kValues], bool is_strict,
                    Flip flip, Threshold* out) {
  int32_t least = 0, last = -1;
  for (int32_t i = 0; i < kValues; ++i) {
    while (least < kValues && (is_strict ? b[least] <= a[i] : b[least] < a[i])) ++least;
    if (least < kValues) last = i;
    const auto stored = static_cast<uint8_t>((i - 128) ^ static_cast<int32_t>(flip));
    out->least[stored] = static_cast<uint8_t>(min(least, kValues - 1) - 128);
  }
  out->last = static_cast<int8_t>(last - 128);
  return last >= 0;
}

}  // namespace

bool find_thresholds(const Kernels& kernels, DType type, Comparison comparison,
                     const reference::ScaledComparisonParams& exact, ThresholdParams* out) {
  if (kernels.compare_thresholds_8 == nullptr) return false;
  const bool is_unsigned = type == DType::kUInt8;
  const int32_t lowest = is_unsigned ? 0 : -128;
  int32_t a[kValues], b[kValues];
  if (!scale_values(exact.a_zero, exact.a_scale, lowest, a) ||
      !scale_values(exact.b_zero, exact.b_scale, lowest, b)) {
    return false;
  }
  const bool is_equality = comparison == Comparison::kEqual || comparison == Comparison::kNotEqual;
  out->broadcast = exact.broadcast;
  out->flip = is_unsigned ? Flip::kSign : Flip::kNo;
  out->count = is_equality ? 2 : 1;
  out->is_negated = comparison == Comparison::kNotEqual || comparison == Comparison::kLess ||
                    comparison == Comparison::kLessEqual;
  const bool is_strict = comparison == Comparison::kLess || comparison == Comparison::kGreaterEqual;
  if (!is_equality) return find_threshold(a, b, is_strict, out->flip, &out->threshold[0]);
  return find_threshold(a, b, false, out->flip, &out->threshold[0]) &&
         find_threshold(a, b, true, out->flip, &out->threshold[1]);
}

}  // namespace octavo
