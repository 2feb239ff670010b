// Integers of less than a byte, several in each as files pack them: int2, int4 and uint4. The first
// lies in the lowest bits.
#pragma once

#include <cstdint>

#include "base/dtype.h"

namespace octavo {

inline bool is_packed(DType type) {
  return type == DType::kInt2 || type == DType::kInt4 || type == DType::kUInt4;
}

inline int8_t packed_at(const DTypeInfo& type, const uint8_t* packed, int64_t i) {
  const int64_t bit = i * type.bits;
  const int32_t range = 1 << type.bits, x = packed[bit / 8] >> bit % 8 & (range - 1);
  return static_cast<int8_t>(x > type.max ? x - range : x);
}

// The reverse: what is left of the last byte is 0.
inline void pack(const DTypeInfo& type, int64_t count, const int8_t* values, uint8_t* packed) {
  const int32_t each = 8 / type.bits, mask = (1 << type.bits) - 1;
  for (int64_t i = 0; i < count; i += each) {
    int32_t byte = 0;
    for (int32_t j = 0; j < each && i + j < count; ++j) {
      byte |= (values[i + j] & mask) << j * type.bits;
    }
    *packed++ = static_cast<uint8_t>(byte);
  }
}

}  // namespace octavo
