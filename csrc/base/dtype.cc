#include "base/dtype.h"

#include <cstddef>

namespace octavo {
namespace {

// Indexed by DType.
constexpr DTypeInfo kInfo[] = {
    {"float32", 32, 0, 0},
    {"float16", 16, 0, 0},
    {"int32", 32, INT32_MIN, INT32_MAX},
    {"uint8", 8, 0, UINT8_MAX},
    {"int64", 64, 0, 0},
    {"string", 0, 0, 0},
    {"bool", 8, 0, 0},
    {"int16", 16, INT16_MIN, INT16_MAX},
    {"complex64", 64, 0, 0},
    {"int8", 8, INT8_MIN, INT8_MAX},
    {"float64", 64, 0, 0},
    {"complex128", 128, 0, 0},
    {"uint64", 64, 0, 0},
    {"resource", 32, 0, 0},
    {"variant", 0, 0, 0},
    {"uint32", 32, 0, 0},
    {"uint16", 16, 0, UINT16_MAX},
    {"int4", 4, -8, 7},
    {"bfloat16", 16, 0, 0},
    {"int2", 2, -2, 1},
    {"uint4", 4, 0, 15},
    {"float8_e4m3fn", 8, 0, 0},
    {"float8_e5m2", 8, 0, 0},
};
constexpr DTypeInfo kUnknownInfo = {"unknown", 0, 0, 0};

}  // namespace

const DTypeInfo& dtype_info(DType type) {
  const auto i = static_cast<size_t>(type);
  return i < sizeof(kInfo) / sizeof(kInfo[0]) ? kInfo[i] : kUnknownInfo;
}

}  // namespace octavo
