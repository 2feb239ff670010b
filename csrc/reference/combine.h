#pragma once

#include <cstdint>
#include <type_traits>

#include "base/half.h"

namespace octavo::reference {

// What becomes of an element and one that meets it, in operators that come from StableHLO: no
// scales, integers wrap.
enum class Combine : uint8_t {
  kReplace,
  kAdd,
  kMultiply,
  kMaximum,
  kMinimum,
  kAll,        // 1 where both are not 0, else 0
  kAny,        // 1 where one is not 0
  kAnd,        // of the bits; integers alone
  kShiftLeft,  // 0 where the shift is negative or not less than the bits; integers alone
};

template <class T>
T combine(Combine how, T a, T b) {
  // Sums and products of unsigned numbers wrap.
  using Wide = std::conditional_t<std::is_floating_point_v<T>, T, uint64_t>;
  switch (how) {
    case Combine::kAdd:
      return static_cast<T>(static_cast<Wide>(a) + static_cast<Wide>(b));
    case Combine::kMultiply:
      return static_cast<T>(static_cast<Wide>(a) * static_cast<Wide>(b));
    case Combine::kMaximum:
      return a < b ? b : a;
    case Combine::kMinimum:
      return b < a ? b : a;
    case Combine::kAll:
      return static_cast<T>(a != 0 && b != 0);
    case Combine::kAny:
      return static_cast<T>(a != 0 || b != 0);
    case Combine::kAnd:
      if constexpr (std::is_integral_v<T>) return static_cast<T>(a & b);
      return b;
    case Combine::kShiftLeft:
      if constexpr (std::is_integral_v<T>) {
        const bool is_within = static_cast<uint64_t>(b) < 8 * sizeof(T);
        return is_within ? static_cast<T>(static_cast<uint64_t>(a) << b) : T{0};
      }
      return b;
    default:
      return b;
  }
}

// float16: in float32, rounded.
inline Half combine(Combine how, Half a, Half b) {
  return how == Combine::kReplace ? b : to_half(combine(how, to_float(a), to_float(b)));
}

// A bool: a byte that is true where it is not 0. A sum is true where either is, a product where
// both are.
enum class Truth : uint8_t {};
inline Truth combine(Combine how, Truth a, Truth b) {
  const uint32_t both = combine<uint32_t>(how, a != Truth{0}, b != Truth{0});
  return Truth{static_cast<uint8_t>(both != 0)};
}

// out[i] = combine(a[i], b[i]).
template <class T>
void combine_all(Combine how, int64_t count, const T* a, const T* b, T* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = combine(how, a[i], b[i]);
}

}  // namespace octavo::reference
