// bfloat16 as storage: the upper half of a float32.
#pragma once

#include <cstdint>
#include <cstring>

namespace octavo {

struct BFloat16 {
  uint16_t bits;
};

inline float to_float(BFloat16 h) {
  const uint32_t bits = static_cast<uint32_t>(h.bits) << 16;
  float f;
  memcpy(&f, &bits, sizeof(f));
  return f;
}

// Rounds to nearest, ties to even.
inline BFloat16 to_bfloat16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof(bits));
  if (f != f) return {static_cast<uint16_t>((bits >> 16 & 0x8000) | 0x7fc0)};
  bits += 0x7fff + (bits >> 16 & 1);
  return {static_cast<uint16_t>(bits >> 16)};
}

}  // namespace octavo
