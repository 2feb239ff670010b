// FULLY_CONNECTED whose int4 weights are quantized in blocks, on products of matrices.
#pragma once

#include "ops/weights.h"

namespace octavo {

// Packs each block of the columns as a matrix of its own and sets c.step.invoke, if the table has
// products of the operands' form and the sizes suit it. Else leaves the step as it is. `p` is
// complete; rows of the input are quantized asymmetrically.
Status use_block_products(PrepareContext& c, const WeightedOperands& o,
                          const reference::FullyConnectedParams& p);

}  // namespace octavo
