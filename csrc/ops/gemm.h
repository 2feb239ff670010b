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

// Whether windows are the image's pixels, each one of its own.
inline bool is_pointwise(const reference::ConvParams& p) {
  return p.filter_h == 1 && p.filter_w == 1 && p.stride_h == 1 && p.stride_w == 1 && p.pad_h == 0 &&
         p.pad_w == 0 && p.out_h == p.in_h && p.out_w == p.in_w;
}

// The product of `rows` rows by a matrix as a convolution by 1x1, over images of one pixel.
inline reference::ConvParams rows_as_images(int64_t rows, int32_t depth, int32_t columns) {
  reference::ConvParams p = {};
  p.in_h = p.in_w = p.out_h = p.out_w = p.filter_h = p.filter_w = 1;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
  p.batch = static_cast<int32_t>(rows);
  p.in_c = p.filter_c = depth;
  p.out_c = columns;
  return p;
}

// Packs the weights and sets c.step.invoke, if the table has a product of the operands' form and
// the sizes suit it. Else leaves the step as it is. `conv` is complete (see rows_as_images), and
// outputs are scaled by `scale`, one a channel, unless that is null. `ranges` say which parts of a
// float input become int8 together.
Status use_gemm(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& conv,
                const FilterStrides& strides, const double* scale, const InputRanges& ranges = {});

// Of CONV_2D's [out_c][filter_h][filter_w][filter_c].
inline FilterStrides conv_strides(const reference::ConvParams& p) {
  return {int64_t{p.filter_h} * p.filter_w * p.filter_c, 1};
}

}  // namespace octavo
