#pragma once

#include <cstdint>
#include <type_traits>

namespace octavo::reference {

// What becomes of an element and one that meets it, in operators that come from StableHLO: no
// scales, integers wrap.
enum class Combine : uint8_t { kReplace, kAdd, kMultiply, kMaximum, kMinimum };

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
    default:
      return b;
  }
}

// out[i] = combine(a[i], b[i]).
template <class T>
void combine_all(Combine how, int64_t count, const T* a, const T* b, T* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = combine(how, a[i], b[i]);
}

}  // namespace octavo::reference
