#pragma once

#include <cstdint>

#include "base/dtype.h"

namespace octavo::reference {

struct CastParams {
  DType in, out;  // castable both
  int64_t count;
};

// Whether cast() takes and gives the type: float32, float64, float16, bfloat16, int8 to int64,
// uint8 to uint32, bool, complex64.
bool is_castable(DType type);

// From a real to an integer the fraction is dropped and the value saturates; NaN becomes the
// greatest (LiteRT's choice). Integers lose their upper bits. To bool: whether not zero. Complex
// numbers lose their imaginary part, and get one of 0.
void cast(const CastParams& p, const void* in, void* out);

}  // namespace octavo::reference
