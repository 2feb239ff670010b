// The floats of 16 bits, for code that serves both: each operation is computed in float32 and its
// result rounded.
#pragma once

#include <type_traits>

#include "base/bfloat16.h"
#include "base/half.h"

namespace octavo {

template <class Short>
Short round_to(float f) {
  static_assert(std::is_same_v<Short, Half> || std::is_same_v<Short, BFloat16>);
  if constexpr (std::is_same_v<Short, Half>) {
    return to_half(f);
  } else {
    return to_bfloat16(f);
  }
}

}  // namespace octavo
