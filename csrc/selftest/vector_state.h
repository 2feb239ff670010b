// Whether a kernel has left something in the upper halves of x86's vector registers. While it is
// there, every SSE instruction of the code behind it waits for the old upper half: vzeroupper,
// which compilers leave out of a function that is given a vector by value, takes it away.
#pragma once

#include <cstdint>

// gcc leaves it out everywhere below -O2, as of builds to debug and with sanitizers.
#if defined(__x86_64__) && defined(__GNUC__) && defined(__OPTIMIZE__) && \
    !defined(__SANITIZE_ADDRESS__)
#define OCTAVO_KNOWS_VECTOR_STATE
#include <cpuid.h>
#endif

namespace octavo::selftest {

#ifdef OCTAVO_KNOWS_VECTOR_STATE
// XGETBV with ecx = 1 tells which parts of the registers are in use (Intel SDM, volume 1, 13.5).
inline bool has_dirty_upper_halves() {
  constexpr uint32_t kYmm = 1 << 2, kZmm = 1 << 6, kHasXsave = 1 << 27, kTellsUse = 1 << 2;
  static const bool can_tell = [] {
    uint32_t a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kHasXsave) == 0) return false;
    return __get_cpuid_count(0xd, 1, &a, &b, &c, &d) != 0 && (a & kTellsUse) != 0;
  }();
  if (!can_tell) return false;
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1));
  return (low & (kYmm | kZmm)) != 0;
}
#else
inline bool has_dirty_upper_halves() { return false; }
#endif

}  // namespace octavo::selftest
