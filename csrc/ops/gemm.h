// CONV_2D and FULLY_CONNECTED on int8 as a product of matrices.
#pragma once

#include "kernels/gemm.h"
#include "ops/weights.h"

namespace octavo {

// Packs the weights and sets c.step.invoke, if the table has a GemmS8 and it fits: int8 throughout,
// known weights with zero point 0, one group. Else leaves the step as it is. `conv` is complete;
// FULLY_CONNECTED is a convolution by 1x1 over an image of as many pixels as there are rows.
// `scale` is Epilogue::kDouble's.
Status use_gemm(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& conv,
                Epilogue epilogue, const double* scale);

}  // namespace octavo
