// DEPTHWISE_CONV_2D.
#include "ops/conv.h"

namespace octavo {
namespace {

using T = DType;

constexpr WeightedKernel kDepthwiseKernels[] = {
    {T::kFloat32, T::kFloat32, T::kFloat32, &invoke_conv<&Kernels::depthwise_conv_2d_f32>},
    {T::kFloat32, T::kInt8, T::kFloat32, &invoke_conv<&Kernels::depthwise_conv_2d_hybrid>},
    {T::kInt16, T::kInt8, T::kInt64, &invoke_conv<&Kernels::depthwise_conv_2d_s16>},
    {T::kInt8, T::kInt8, T::kInt32, &invoke_conv<&Kernels::depthwise_conv_2d_s8>},
    {T::kUInt8, T::kUInt8, T::kInt32, &invoke_conv<&Kernels::depthwise_conv_2d_u8>},
};

struct PackedParams {
  reference::ConvParams conv;
  const void* packed;
  QuantizedOutput output;
  const int8_t* outside;  // the channels of a pixel outside the image: zero points
};

// Where each tap of the window of output pixel (y, x) finds its channels.
void find_inputs(const PackedParams& params, const int8_t* image, int32_t y, int32_t x,
                 const int8_t** inputs) {
  const reference::ConvParams& p = params.conv;
  int64_t in_y = int64_t{y} * p.stride_h - p.pad_h;
  for (int32_t i = 0; i < p.filter_h; ++i, in_y += p.dilation_h) {
    const bool is_row_inside = in_y >= 0 && in_y < p.in_h;
    int64_t in_x = int64_t{x} * p.stride_w - p.pad_w;
    for (int32_t j = 0; j < p.filter_w; ++j, in_x += p.dilation_w) {
      const bool is_inside = is_row_inside && in_x >= 0 && in_x < p.in_w;
      *inputs++ = is_inside ? image + (in_y * p.in_w + in_x) * p.in_c : params.outside;
    }
  }
}

Status invoke_packed(const Step& s, const Workspace& w) {
  const DepthwiseS8& kernel = *w.kernels.depthwise_s8;
  const auto& params = s.params<PackedParams>();
  const reference::ConvParams& p = params.conv;
  const int8_t* image = s.input(0);
  int8_t* out = s.output(0);
  const int8_t** inputs = s.scratch(0);
  const int32_t taps = p.filter_h * p.filter_w;
  for (int32_t t = taps; t % kernel.taps_multiple != 0; ++t) inputs[t] = params.outside;
  for (int32_t b = 0; b < p.batch; ++b, image += int64_t{p.in_h} * p.in_w * p.in_c) {
    for (int32_t y = 0; y < p.out_h; ++y) {
      for (int32_t x = 0; x < p.out_w; ++x, out += p.out_c) {
        find_inputs(params, image, y, x, inputs);
        kernel.run(inputs, params.packed, p.out_c, taps, params.output, out);
      }
    }
  }
  return {};
}

// Packs the weights for the table's DepthwiseS8 if it has one and it fits; else leaves the step as
// it is.
Status use_packed(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& conv) {
  const DepthwiseS8* kernel = c.kernels.depthwise_s8;
  const int64_t taps = int64_t{conv.filter_h} * conv.filter_w;
  if (kernel == nullptr || !can_pack(o) || conv.out_c != conv.in_c) return {};
  if (taps < 1 || taps > kMostPacked || conv.out_c > kMostPacked) return {};

  PackedParams* params;
  OCTAVO_TRY(c.make_params(params));
  const auto count = static_cast<int32_t>(taps);
  void* packed;
  OCTAVO_TRY(make_packed(c, kernel->packed_bytes(conv.out_c, count), &packed));
  kernel->pack({conv.out_c, count, static_cast<const int8_t*>(o.filter.data), bias_or_null(o),
                conv.in_zero, conv.multiplier},
               packed);
  Span<int8_t> outside;
  OCTAVO_TRY(c.make_array(conv.in_c, outside));
  memset(outside.data, conv.in_zero, outside.size);
  *params = {conv, packed, {conv.out_zero, conv.act_min, conv.act_max}, outside.data};
  OCTAVO_TRY(c.add_scratch((taps + kernel->taps_multiple) * static_cast<int64_t>(sizeof(int8_t*))));
  c.step.invoke = &invoke_packed;
  return {};
}

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
  OCTAVO_TRY(place_window(c, options.padding, p->in_h, p->in_w, p, &p->out_h, &p->out_w));
  OCTAVO_TRY(c.set_shape(0, make_shape(p->batch, p->out_h, p->out_w, p->out_c)));
  const Tensor* bias = c.has_input(2) ? &c.input(2) : nullptr;
  const WeightedOperands operands = {input, filter, bias, c.output(0), p->out_c, /*axis=*/3};
  OCTAVO_TRY(finish_conv(c, operands, options, span_of(kDepthwiseKernels), p));
  return use_packed(c, operands, *p);
}

}  // namespace octavo
