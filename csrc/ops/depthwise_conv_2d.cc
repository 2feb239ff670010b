// DEPTHWISE_CONV_2D.
#include "ops/conv.h"
#include "ops/depthwise.h"
#include "ops/gemm.h"

namespace octavo {
namespace {

using T = DType;

constexpr WeightedKernel kDepthwiseKernels[] = {
    {T::kFloat32, T::kFloat32, T::kFloat32, &invoke_conv<&Kernels::depthwise_conv_2d_f32>},
    {T::kFloat32, T::kFloat16, T::kFloat32, &invoke_conv_half<&Kernels::depthwise_conv_2d_f32>},
    {T::kFloat32, T::kInt8, T::kFloat32, &invoke_conv<&Kernels::depthwise_conv_2d_hybrid>},
    {T::kInt16, T::kInt8, T::kInt64, &invoke_conv<&Kernels::depthwise_conv_2d_s16>},
    {T::kInt8, T::kInt8, T::kInt32, &invoke_conv<&Kernels::depthwise_conv_2d_s8>},
    {T::kInt8, T::kInt4, T::kInt32, &invoke_conv_narrow<&Kernels::depthwise_conv_2d_s8>},
    {T::kUInt8, T::kUInt8, T::kInt32, &invoke_conv<&Kernels::depthwise_conv_2d_u8>},
};

}  // namespace

// The channels, not the option depth_multiplier, say how many outputs an input channel has: some
// writers leave the option at 0.
Status prepare_depthwise_conv_2d(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 3, 1));
  const auto& options = c.options<Conv2DOptions>();
  const Tensor& input = c.input(0);
  const Tensor& filter = c.input(1);
  reference::ConvParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(set_conv_sizes(c, input, filter, options, p));
  p->filter_c = 1;
  p->out_c = filter.shape[3];
  if (filter.shape[0] != 1) {
    return c.fail("filter has shape ", filter.shape, ", its first dimension should be 1");
  }
  if (p->in_c < 1 || p->out_c % p->in_c != 0) {
    return c.fail("filter has ", p->out_c, " channels, not a multiple of the input's ", p->in_c);
  }
  OCTAVO_TRY(place_window(c, options, p->in_h, p->in_w, p, &p->out_h, &p->out_w));
  OCTAVO_TRY(c.set_shape(0, make_shape(p->batch, p->out_h, p->out_w, p->out_c)));
  const Tensor* bias = c.has_input(2) ? &c.input(2) : nullptr;
  const WeightedOperands operands = {
      input, filter, bias, c.output(0), p->out_c, /*axis=*/3, options.quantized_bias_type};
  OCTAVO_TRY(finish_conv(c, operands, options, span_of(kDepthwiseKernels), p));
  set_row_window(c, *p);
  const FilterStrides strides = {1, p->out_c};
  if (is_hybrid(operands)) return use_real_depthwise(c, operands, *p, strides);
  if (has_narrow_weights(operands)) OCTAVO_TRY(c.add_scratch(filter.shape.count()));
  if (p->in_c > 1) return use_depthwise(c, operands, *p, strides);
  // One channel in: a convolution whose filter has another order, [filter_h][filter_w][out_c].
  return use_gemm(c, operands, *p, strides, /*scale=*/nullptr);
}

}  // namespace octavo
