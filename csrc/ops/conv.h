// What CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV have in common.
#pragma once

#include <cstdint>

#include "graph/options.h"
#include "ops/dynamic_range.h"
#include "ops/weights.h"

namespace octavo {

// Sets the sizes of the input, of the filter's window, its strides and its dilations.
Status set_conv_sizes(const PrepareContext& c, const Tensor& input, const Tensor& filter,
                      const Conv2DOptions& options, reference::ConvParams* p);

// Sets the padding with which the window moves over an image (transposed: over the output), and
// counts its positions.
Status place_window(const PrepareContext& c, const Conv2DOptions& options, int32_t image_h,
                    int32_t image_w, reference::ConvParams* p, int32_t* positions_h,
                    int32_t* positions_w);

// Checks the operands, chooses the kernel, and fills in zero points, multipliers and the output's
// range. p has its sizes.
Status finish_conv(PrepareContext& c, const WeightedOperands& o, const Conv2DOptions& options,
                   Span<const WeightedKernel> kernels, reference::ConvParams* p);

inline void set_row_window(const PrepareContext& c, const reference::ConvParams& p) {
  c.step.window = {p.stride_h, p.pad_h, (p.filter_h - 1) * p.dilation_h + 1};
}

// Of a hybrid convolution: each image has its own, asymmetric range. Of another: none.
inline InputRanges image_ranges(const WeightedOperands& o, const reference::ConvParams& p) {
  if (!is_hybrid(o)) return {};
  return {p.batch, int64_t{p.in_h} * p.in_w * p.in_c, /*asymmetric=*/true};
}

// kKernel is a member of Kernels; the operands' numbers are TRANSPOSE_CONV's where it has others.
// The filter is always 1.
template <auto kKernel, size_t kInput = 0, size_t kBias = 2>
Status invoke_conv(const Step& s, const Workspace& w) {
  (w.kernels.*kKernel)(s.params<reference::ConvParams>(), s.input(kInput), s.input(1),
                       s.input(kBias), s.output(0));
  return {};
}

template <auto kKernel>
Status invoke_conv_narrow(const Step& s, const Workspace& w) {
  const int8_t* filter = unpack_filter(s, w, 0);
  (w.kernels.*kKernel)(s.params<reference::ConvParams>(), s.input(0), filter, s.input(2),
                       s.output(0));
  return {};
}

template <auto kKernel, size_t kInput = 0, size_t kBias = 2>
Status invoke_conv_half(const Step& s, const Workspace& w) {
  const float* filter = widen_filter(s, w, *s.inputs[1]);
  (w.kernels.*kKernel)(s.params<reference::ConvParams>(), s.input(kInput), filter, s.input(kBias),
                       s.output(0));
  return {};
}

// Each image of the batch is quantized by its own, asymmetric range.
template <auto kKernel, size_t kInput = 0, size_t kBias = 2>
Status invoke_conv_hybrid(const Step& s, const Workspace& w) {
  const auto& p = s.params<reference::ConvParams>();
  quantize_input(s, w, *s.inputs[kInput], p.batch, /*asymmetric=*/true);
  (w.kernels.*kKernel)(p, s.scratch(0), s.scratch(1), s.scratch(2), hybrid_filter(s, w),
                       s.input(kBias), s.output(0));
  return {};
}

}  // namespace octavo
