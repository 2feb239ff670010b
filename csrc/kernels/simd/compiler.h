// What compilers have words of their own for.
#pragma once

#include <cstdint>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
// There is no assembly, and no need of it.
#define OCTAVO_DOT(assembly, constraint, intrinsic, sum, x, w) sum = intrinsic(sum, x, w)
#define OCTAVO_HIDE(constraint, x) static_cast<void>(x)
#define OCTAVO_ALWAYS_INLINE __forceinline
#else
// Adds products of x and w to `sum`, by an instruction: gcc would move the sums of the intrinsic
// through memory.
#define OCTAVO_DOT(assembly, constraint, intrinsic, sum, x, w) \
  __asm__(assembly " %2, %1, %0" : "+" constraint(sum) : constraint(x), constraint(w))
// Makes x another value, for all that the compiler knows.
#define OCTAVO_HIDE(constraint, x) __asm__ volatile("" : "+" constraint(x))
#define OCTAVO_ALWAYS_INLINE [[gnu::always_inline]] inline
#endif

namespace octavo {
namespace {  // or its functions would be there for the linker to choose from

// The number of the lowest bit that is set, where one is.
template <class T>
OCTAVO_ALWAYS_INLINE int lowest_bit(T bits) {
#if defined(_MSC_VER) && !defined(__clang__)
  unsigned long number;
  _BitScanForward64(&number, bits);
  return static_cast<int>(number);
#else
  return sizeof(T) == 8 ? __builtin_ctzll(bits) : __builtin_ctz(static_cast<uint32_t>(bits));
#endif
}

}  // namespace
}  // namespace octavo
