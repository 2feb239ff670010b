// Convolutions whose outputs see one input channel each, on an instruction set's kernels.
#pragma once

#include "ops/gemm.h"

namespace octavo {

// Packs the weights and sets c.step.invoke, if the table has a product of the operands' form and
// the sizes suit it. Else leaves the step as it is. `conv` is complete, its filter_c is 1.
Status use_depthwise(PrepareContext& c, const WeightedOperands& o,
                     const reference::ConvParams& conv, const FilterStrides& strides);

// Float activations and int8 weights: the input stays float, the weights are scaled.
Status use_real_depthwise(PrepareContext& c, const WeightedOperands& o,
                          const reference::ConvParams& conv, const FilterStrides& strides);

}  // namespace octavo
