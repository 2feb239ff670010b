// Convolutions, FULLY_CONNECTED and the like as products of matrices.
#pragma once

#include "ops/dynamic_range.h"
#include "ops/weights.h"

namespace octavo {

// Where the weights of an output channel lie: the first, and from one to the next. A channel's go
// by tap (row, then column), then by input channel of its group.
struct FilterStrides {
  int64_t channel, weight;
};

// Packs the weights and sets c.step.invoke, if the table has a product of the operands' form and
// the sizes suit it. Else leaves the step as it is. `conv` is complete; FULLY_CONNECTED is a
// convolution by 1x1 over as many images of one pixel as there are rows, and outputs are scaled by
// `scale`, one a channel, unless that is null. `ranges` say which parts of a float input become
// int8 together.
Status use_gemm(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& conv,
                const FilterStrides& strides, const double* scale, const InputRanges& ranges = {});

// Of CONV_2D's [out_c][filter_h][filter_w][filter_c].
inline FilterStrides conv_strides(const reference::ConvParams& p) {
  return {int64_t{p.filter_h} * p.filter_w * p.filter_c, 1};
}

}  // namespace octavo
