// int4 as files pack it: two elements in a byte, the first in the low half.
#pragma once

#include <cstdint>

namespace octavo {

constexpr int8_t int4_at(const uint8_t* packed, int64_t i) {
  const int nibble = packed[i / 2] >> (i % 2 * 4) & 15;
  return static_cast<int8_t>((nibble ^ 8) - 8);
}

// The reverse: half of the last byte is 0 where the count is odd.
inline void pack_int4(int64_t count, const int8_t* values, uint8_t* packed) {
  for (int64_t i = 0; i < count; i += 2) {
    const int low = values[i] & 15, high = i + 1 < count ? values[i + 1] & 15 : 0;
    packed[i / 2] = static_cast<uint8_t>(low | high << 4);
  }
}

}  // namespace octavo
