// int4 as files pack it: two elements in a byte, the first in the low half.
#pragma once

#include <cstdint>

namespace octavo {

constexpr int8_t int4_at(const uint8_t* packed, int64_t i) {
  const int nibble = packed[i / 2] >> (i % 2 * 4) & 15;
  return static_cast<int8_t>((nibble ^ 8) - 8);
}

}  // namespace octavo
