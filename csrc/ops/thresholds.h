// Comparisons of quantized tensors of 8 bits by the kernel of kernels/thresholds.h.
#pragma once

#include "ops/op.h"
#include "reference/compare.h"

namespace octavo {

// The thresholds that stand for a comparison of an 8-bit type with these params. False where there
// are none: the table has no kernel for them, or scales are so great that numbers wrap.
bool find_thresholds(const Kernels& kernels, DType type, reference::Comparison comparison,
                     const reference::ScaledComparisonParams& exact, ThresholdParams* out);

}  // namespace octavo
