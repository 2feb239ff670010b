// IEEE half precision as storage.
#pragma once

#include <cstdint>
#include <cstring>

namespace octavo {

struct Half {
  uint16_t bits;
};

inline float to_float(Half h) {
  const uint32_t sign = static_cast<uint32_t>(h.bits & 0x8000) << 16;
  const uint32_t magnitude = h.bits & 0x7fff;
  uint32_t bits;
  if (magnitude >= 0x7c00) {  // infinity, NaN
    bits = sign | 0x7f800000 | (magnitude & 0x3ff) << 13;
  } else if (magnitude >= 0x400) {
    bits = sign | ((magnitude << 13) + (uint32_t{112} << 23));
  } else {  // subnormal: magnitude * 2^-24, exact in a float
    const float value = static_cast<float>(magnitude) * 0x1p-24f;
    memcpy(&bits, &value, sizeof(bits));
    bits |= sign;
  }
  float f;
  memcpy(&f, &bits, sizeof(f));
  return f;
}

// Rounds to nearest, ties to even.
inline Half to_half(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof(bits));
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) return {static_cast<uint16_t>(sign | 0x7e00)};   // NaN
  if (bits >= 0x477ff000) return {static_cast<uint16_t>(sign | 0x7c00)};  // rounds to infinity
  if (bits < 0x38800000) {  // subnormal: adding 0.5 leaves the value, rounded, in the last bits
    float value;
    memcpy(&value, &bits, sizeof(value));
    value += 0.5f;
    memcpy(&bits, &value, sizeof(bits));
    return {static_cast<uint16_t>(sign | (bits - 0x3f000000))};
  }
  bits += 0xfff + (bits >> 13 & 1) - (uint32_t{112} << 23);
  return {static_cast<uint16_t>(sign | bits >> 13)};
}

}  // namespace octavo
