// The range to which an operator's fused activation clamps its output.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "graph/options.h"
#include "ops/op.h"

namespace octavo {

// A range's ends as real numbers, with flags for the sides that an activation leaves open.
struct ActivationRange {
  bool has_low = false, has_high = false;
  float low = 0, high = 0;

  // For outputs that hold plain numbers: float32, integers. An open side is the greatest finite
  // number, as in LiteRT, so that no output is infinite.
  template <class T>
  void get(T* min, T* max) const {
    // An unsigned type has nothing below 0.
    const float least = std::is_unsigned_v<T> && low < 0 ? 0 : low;
    *min = has_low ? static_cast<T>(least) : std::numeric_limits<T>::lowest();
    *max = has_high ? static_cast<T>(high) : std::numeric_limits<T>::max();
  }
  // For quantized outputs (int8, uint8, int16, one scale): an end r is round(r / scale) +
  // zero_point, the quotient in float32, within the type.
  void get_quantized(const Tensor& output, int32_t* min, int32_t* max) const;
};

// Fails for the activations that are no clamping (TANH, SIGN_BIT).
Status find_activation_range(const PrepareContext& c, Activation activation,
                             ActivationRange* range);

// Both in one.
template <class T>
Status activation_range(const PrepareContext& c, Activation activation, T* min, T* max) {
  ActivationRange range;
  OCTAVO_TRY(find_activation_range(c, activation, &range));
  range.get(min, max);
  return {};
}
Status quantized_activation_range(const PrepareContext& c, Activation activation,
                                  const Tensor& output, int32_t* min, int32_t* max);

}  // namespace octavo
