// Comparisons of two inputs that broadcast against each other. Outputs are bools, bytes of 0 and 1.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "reference/broadcast.h"

namespace octavo::reference {

enum class Comparison { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

// Of numbers as they are stored: float, Half, BFloat16, int16_t, int32_t, int64_t, and uint8_t for
// bools.
template <Comparison kComparison, class T>
void compare(const Broadcast& p, const T* a, const T* b, uint8_t* out);

// Of quantized numbers, int8_t, uint8_t and int16_t: requantize(256 (q - zero), scale) of both.
constexpr int32_t scale_compared(int32_t difference, Multiplier scale) {
  return requantize(shift_left(difference, 8), scale);
}
struct ScaledComparisonParams {
  Broadcast broadcast;
  int32_t a_zero, b_zero;
  Multiplier a_scale, b_scale;
};
template <Comparison kComparison, class T>
void compare_scaled(const ScaledComparisonParams& p, const T* a, const T* b, uint8_t* out);

}  // namespace octavo::reference
