// Element types, numbered as in the file format.
#pragma once

#include <cstdint>
#include <type_traits>

namespace octavo {

enum class DType : uint8_t {
  kFloat32 = 0,
  kFloat16 = 1,
  kInt32 = 2,
  kUInt8 = 3,
  kInt64 = 4,
  kString = 5,
  kBool = 6,
  kInt16 = 7,
  kComplex64 = 8,
  kInt8 = 9,
  kFloat64 = 10,
  kComplex128 = 11,
  kUInt64 = 12,
  kResource = 13,
  kVariant = 14,
  kUInt32 = 15,
  kUInt16 = 16,
  kInt4 = 17,
  kBFloat16 = 18,
  kInt2 = 19,
  kUInt4 = 20,
  kFloat8E4M3FN = 21,
  kFloat8E5M2 = 22,
  kUnknown = 255,
};

struct DTypeInfo {
  const char* name;  // numpy's where numpy has the type
  int32_t bits;      // of one element; 0: elements have no fixed size
  int32_t min, max;  // of the integer types that carry a quantization
};

// Every DType has an entry; kUnknown and numbers beyond the list give "unknown".
const DTypeInfo& dtype_info(DType type);

// Bytes of `count` elements as they lie in memory (int4 packs two in a byte).
inline int64_t dtype_bytes(DType type, int64_t count) {
  return (count * dtype_info(type).bits + 7) / 8;
}

struct Half;  // base/half.h

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::kFloat32;
  if constexpr (std::is_same_v<T, double>) return DType::kFloat64;
  if constexpr (std::is_same_v<T, Half>) return DType::kFloat16;
  if constexpr (std::is_same_v<T, int8_t>) return DType::kInt8;
  if constexpr (std::is_same_v<T, int16_t>) return DType::kInt16;
  if constexpr (std::is_same_v<T, int32_t>) return DType::kInt32;
  if constexpr (std::is_same_v<T, int64_t>) return DType::kInt64;
  if constexpr (std::is_same_v<T, uint8_t>) return DType::kUInt8;
  if constexpr (std::is_same_v<T, uint16_t>) return DType::kUInt16;
  if constexpr (std::is_same_v<T, uint32_t>) return DType::kUInt32;
  if constexpr (std::is_same_v<T, uint64_t>) return DType::kUInt64;
  if constexpr (std::is_same_v<T, bool>) return DType::kBool;
  return DType::kUnknown;
}

}  // namespace octavo
