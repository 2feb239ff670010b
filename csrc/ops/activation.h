// The range to which an operator's fused activation clamps its output.
#pragma once

#include <cstdint>
#include <limits>

#include "graph/options.h"
#include "ops/op.h"

namespace octavo {

// A range's ends as real numbers, with flags for the sides that an activation leaves open.
struct ActivationRange {
  bool has_low = false, has_high = false;
  float low = 0, high = 0;
};

// Fails for the activations that are no clamping (TANH, SIGN_BIT).
Status find_activation_range(const PrepareContext& c, Activation activation,
                             ActivationRange* range);

// For outputs that hold plain numbers: float32, int32, int64. An open side is the greatest finite
// number, as in LiteRT, so that no output is infinite.
template <class T>
Status activation_range(const PrepareContext& c, Activation activation, T* min, T* max) {
  ActivationRange range;
  OCTAVO_TRY(find_activation_range(c, activation, &range));
  *min = range.has_low ? static_cast<T>(range.low) : std::numeric_limits<T>::lowest();
  *max = range.has_high ? static_cast<T>(range.high) : std::numeric_limits<T>::max();
  return {};
}

// For quantized outputs (int8, uint8, int16, one scale): an end r is round(r / scale) + zero_point,
// the quotient in float32, within the type.
Status quantized_activation_range(const PrepareContext& c, Activation activation,
                                  const Tensor& output, int32_t* min, int32_t* max);

}  // namespace octavo
