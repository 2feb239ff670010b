#pragma once

#include <cstdint>

#include "base/shape.h"

namespace octavo::reference {

// A walk over three operands that broadcast against each other; strides are in elements, 0 where
// an operand repeats, and of the last dimension 0 or 1.
struct SelectParams {
  int32_t element_bytes;  // 1, 2, 4, 8, 16
  int32_t rank;           // 1 or more
  int64_t dims[kMaxRank];
  int64_t strides[3][kMaxRank];  // of the condition, x, y
};

// out = condition ? x : y; a condition holds where its byte is not 0.
void select(const SelectParams& p, const uint8_t* condition, const void* x, const void* y,
            void* out);

}  // namespace octavo::reference
