// CONV_2D.
#include "ops/conv.h"
#include "ops/depthwise.h"
#include "ops/gemm.h"

namespace octavo {
namespace {

using T = DType;

constexpr WeightedKernel kConvKernels[] = {
    {T::kFloat32, T::kFloat32, T::kFloat32, &invoke_conv<&Kernels::conv_2d_f32>},
    {T::kFloat32, T::kFloat16, T::kFloat32, &invoke_conv_half<&Kernels::conv_2d_f32>},
    {T::kFloat32, T::kInt8, T::kFloat32, &invoke_conv_hybrid<&Kernels::conv_2d_hybrid>},
    {T::kFloat32, T::kInt4, T::kFloat32, &invoke_conv_hybrid<&Kernels::conv_2d_hybrid>},
    {T::kFloat32, T::kUInt8, T::kFloat32, &invoke_conv_hybrid<&Kernels::conv_2d_hybrid>},
    {T::kInt16, T::kInt8, T::kInt64, &invoke_conv<&Kernels::conv_2d_s16>},
    {T::kInt16, T::kInt8, T::kInt32, &invoke_conv<&Kernels::conv_2d_s16_b32>},
    {T::kInt16, T::kInt4, T::kInt64, &invoke_conv_narrow<&Kernels::conv_2d_s16>},
    {T::kInt16, T::kInt4, T::kInt32, &invoke_conv_narrow<&Kernels::conv_2d_s16_b32>},
    {T::kInt8, T::kInt8, T::kInt32, &invoke_conv<&Kernels::conv_2d_s8>},
    {T::kInt8, T::kInt4, T::kInt32, &invoke_conv_narrow<&Kernels::conv_2d_s8>},
    {T::kUInt8, T::kUInt8, T::kInt32, &invoke_conv<&Kernels::conv_2d_u8>},
};

// Where windows are pixels, each pixel of a float input is quantized by a range of its own, as a
// row of FULLY_CONNECTED is: one of the whole image would be wider.
Status take_pixels_as_images(const PrepareContext& c, reference::ConvParams* p) {
  const int64_t pixels = int64_t{p->batch} * p->in_h * p->in_w;
  if (pixels > INT32_MAX) return c.fail("the input has ", pixels, " pixels");
  p->batch = static_cast<int32_t>(pixels);
  p->in_h = p->in_w = p->out_h = p->out_w = 1;
  return {};
}

// A float input stays float where each output sees one channel, as in DEPTHWISE_CONV_2D, whose
// order of the filter scratch buffer 0 has.
Status invoke_real_depthwise(const Step& s, const Workspace& w) {
  const auto& p = s.params<reference::ConvParams>();
  const int64_t taps = int64_t{p.filter_h} * p.filter_w;
  const int8_t* filter = s.input(1);
  int8_t* turned = s.scratch(0);
  for (int64_t t = 0; t < taps; ++t) {
    for (int64_t i = 0; i < p.out_c; ++i) *turned++ = filter[i * taps + t];
  }
  const int8_t* by_taps = s.scratch(0);
  w.kernels.depthwise_conv_2d_hybrid(p, s.input(0), by_taps, s.input(2), s.output(0));
  return {};
}

// One input channel to an output.
Status prepare_channels(PrepareContext& c, const WeightedOperands& o,
                        const reference::ConvParams& p) {
  if (has_narrow_weights(o) || is_hybrid(o)) OCTAVO_TRY(c.add_scratch(o.filter.shape.count()));
  if (!is_hybrid(o)) return use_depthwise(c, o, p, conv_strides(p));
  c.step.invoke = &invoke_real_depthwise;
  return use_real_depthwise(c, o, p, conv_strides(p));
}

}  // namespace

Status prepare_conv_2d(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 3, 1));
  const auto& options = c.options<Conv2DOptions>();
  const Tensor& input = c.input(0);
  const Tensor& filter = c.input(1);
  reference::ConvParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(set_conv_sizes(c, input, filter, options, p));
  p->filter_c = filter.shape[3];
  p->out_c = filter.shape[0];
  if (p->filter_c < 1 || p->in_c < 1 || p->in_c % p->filter_c != 0) {
    return c.fail("filter has ", p->filter_c, " input channels, input has ", p->in_c);
  }
  const int32_t groups = p->in_c / p->filter_c;
  if (p->out_c % groups != 0) {
    return c.fail("filter has ", p->out_c, " output channels, which its ", groups,
                  " groups do not divide");
  }
  OCTAVO_TRY(place_window(c, options, p->in_h, p->in_w, p, &p->out_h, &p->out_w));
  OCTAVO_TRY(c.set_shape(0, make_shape(p->batch, p->out_h, p->out_w, p->out_c)));
  const Tensor* bias = c.has_input(2) ? &c.input(2) : nullptr;
  const WeightedOperands operands = {
      input, filter, bias, c.output(0), p->out_c, /*axis=*/0, options.quantized_bias_type};
  OCTAVO_TRY(finish_conv(c, operands, options, span_of(kConvKernels), p));
  set_row_window(c, *p);
  const bool is_narrow_hybrid = is_hybrid(operands) && has_narrow_weights(operands);
  if (p->filter_c == 1 && groups > 1 && !is_narrow_hybrid) {
    return prepare_channels(c, operands, *p);
  }
  if (is_hybrid(operands)) {
    if (is_pointwise(*p)) OCTAVO_TRY(take_pixels_as_images(c, p));
    OCTAVO_TRY(add_hybrid_scratch(c, operands, p->batch));
  } else if (has_narrow_weights(operands)) {
    OCTAVO_TRY(c.add_scratch(filter.shape.count()));
  }
  return use_gemm(c, operands, *p, conv_strides(*p), /*scale=*/nullptr, image_ranges(operands, *p));
}

}  // namespace octavo
