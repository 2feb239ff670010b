// TRANSPOSE_CONV.
#include "ops/conv.h"

namespace octavo {
namespace {

constexpr size_t kShape = 0, kFilter = 1, kInput = 2, kBias = 3;

Shape output_shape(const int32_t* dims) { return make_shape(dims[0], dims[1], dims[2], dims[3]); }

// A shape that is computed while running must be what the memory was laid out for.
Status check_output_shape(const Step& s) {
  const Shape asked = output_shape(s.input(kShape));
  if (asked == s.outputs[0]->shape) return {};
  return s.fail("the output shape is computed as ", asked, ", but declared as ",
                s.outputs[0]->shape);
}

template <auto kKernel>
Status invoke(const Step& s, const Workspace& w) {
  OCTAVO_TRY(check_output_shape(s));
  return invoke_conv<kKernel, kInput, kBias>(s, w);
}
template <auto kKernel>
Status invoke_hybrid(const Step& s, const Workspace& w) {
  OCTAVO_TRY(check_output_shape(s));
  return invoke_conv_hybrid<kKernel, kInput, kBias>(s, w);
}

using T = DType;

constexpr WeightedKernel kTransposeConvKernels[] = {
    {T::kFloat32, T::kFloat32, T::kFloat32, invoke<&Kernels::transpose_conv_f32>},
    {T::kFloat32, T::kInt8, T::kFloat32, invoke_hybrid<&Kernels::transpose_conv_hybrid>},
    {T::kInt16, T::kInt8, T::kInt64, invoke<&Kernels::transpose_conv_s16>},
    {T::kInt16, T::kInt8, T::kInt32, invoke<&Kernels::transpose_conv_s16_b32>},
    {T::kInt8, T::kInt8, T::kInt32, invoke<&Kernels::transpose_conv_s8>},
    {T::kUInt8, T::kUInt8, T::kInt32, invoke<&Kernels::transpose_conv_u8>},
};

// The output's shape is an operand; where that is not known yet, what the file declares.
Status set_output_shape(const PrepareContext& c, const Tensor& input, const Tensor& filter) {
  const Tensor& shape = c.input(kShape);
  OCTAVO_TRY(c.expect_type("output shape", shape, {DType::kInt32}));
  if (shape.shape.count() != 4) {
    return c.fail("the output shape has ", shape.shape.count(), " elements, should have 4");
  }
  const Shape& declared = c.output(0).info->shape;
  if (!shape.is_known && declared.rank != 4) {
    return c.fail("the output shape is computed while running, and output \"",
                  c.output(0).info->name, "\" has ", declared.rank,
                  " dimensions in the file, should have 4");
  }
  const Shape out =
      shape.is_known ? output_shape(static_cast<const int32_t*>(shape.data)) : declared;
  if (out[0] != input.shape[0]) {
    return c.fail("input has ", input.shape[0], " images, the output shape says ", out[0]);
  }
  if (out[3] != filter.shape[0]) {
    return c.fail("filter has ", filter.shape[0], " output channels, the output shape says ",
                  out[3]);
  }
  return c.set_shape(0, out);
}

}  // namespace

Status prepare_transpose_conv(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 4, 1));
  const auto& options = c.options<Conv2DOptions>();
  const Tensor& input = c.input(kInput);
  const Tensor& filter = c.input(kFilter);
  reference::ConvParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(set_conv_sizes(c, input, filter, options, p));
  p->filter_c = filter.shape[3];
  if (p->filter_c != p->in_c) {
    return c.fail("filter has ", p->filter_c, " input channels, input has ", p->in_c);
  }
  OCTAVO_TRY(set_output_shape(c, input, filter));
  const Tensor& output = c.output(0);
  p->out_h = output.shape[1];
  p->out_w = output.shape[2];
  p->out_c = output.shape[3];
  // The convolution of the output, which this is the transpose of, gives the input's size.
  int32_t h, w;
  OCTAVO_TRY(place_window(c, options.padding, p->out_h, p->out_w, p, &h, &w));
  if (h != p->in_h || w != p->in_w) {
    return c.fail("an output of ", p->out_h, " by ", p->out_w, " comes from an input of ", h,
                  " by ", w, ", input has shape ", input.shape);
  }
  const Tensor* bias = c.has_input(kBias) ? &c.input(kBias) : nullptr;
  const WeightedOperands operands = {input, filter, bias, output, p->out_c, /*axis=*/0};
  if (is_hybrid(operands)) OCTAVO_TRY(add_quantized_input(c, operands.input, p->batch));
  return finish_conv(c, operands, options, span_of(kTransposeConvKernels), p);
}

}  // namespace octavo
