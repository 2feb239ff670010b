// ADD and SUB of 8 bits by the kernel of kernels/linear_sum.h, where that gives the same.
#pragma once

#include "ops/op.h"

namespace octavo {

// The weighted sum that stands for ADD (SUB, if `subtract`) of an 8-bit type with these params.
// False where there is none: the table has no kernel for it, or it differs for some operands.
bool find_linear_sum(const Kernels& kernels, DType type, bool subtract,
                     const reference::ScaledSumParams& exact, LinearSumParams* out);

}  // namespace octavo
