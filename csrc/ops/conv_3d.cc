// CONV_3D, CONV_3D_TRANSPOSE.
#include "reference/conv_3d.h"

#include "graph/options.h"
#include "ops/activation.h"
#include "ops/window.h"

namespace octavo {
namespace {

using reference::Conv3DAxis;
using reference::Conv3DParams;

constexpr const char* kAxes[] = {"depth", "height", "width"};

Status invoke_conv_3d(const Step& s, const Workspace& w) {
  reference::conv_3d_f32(s.params<Conv3DParams>(), w.kernels.add_row_product_f32, s.input(0),
                         s.input(1), s.input(2), s.output(0));
  return {};
}

Status invoke_conv_3d_transpose(const Step& s, const Workspace&) {
  reference::conv_3d_transpose_f32(s.params<Conv3DParams>(), s.input(2), s.input(1), s.input(3),
                                   s.output(0));
  return {};
}

Status expect_floats(const PrepareContext& c, const Tensor& input) {
  OCTAVO_TRY(c.expect_type("input", input, {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("filter", c.input(1), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_rank("input", input, 5, 5));
  return c.expect_rank("filter", c.input(1), 5, 5);
}

Status expect_bias(const PrepareContext& c, int32_t i, int32_t channels) {
  if (!c.has_input(i)) return {};
  const Tensor& bias = c.input(i);
  OCTAVO_TRY(c.expect_type("bias", bias, {DType::kFloat32}));
  if (bias.shape.count() == channels) return {};
  return c.fail("bias \"", bias.info->name, "\" has ", bias.shape.count(),
                " elements, the output has ", channels, " channels");
}

// The window of one dimension, of which `in` is what it moves over.
Status find_axis(const PrepareContext& c, int32_t d, int32_t in, Conv3DAxis* axis, Window* window) {
  const auto& o = c.options<Conv3DOptions>();
  axis->filter = c.input(1).shape[d];
  axis->stride = o.stride[d];
  axis->dilation = o.dilation[d];
  OCTAVO_TRY(
      find_window(c, kAxes[d], o.padding, in, axis->filter, axis->stride, axis->dilation, window));
  axis->pad = window->pad;
  return {};
}

}  // namespace

Status prepare_conv_3d(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 3, 1));
  const Tensor& in = c.input(0);
  const Tensor& filter = c.input(1);
  OCTAVO_TRY(expect_floats(c, in));
  if (in.shape[4] != filter.shape[3]) {
    return c.fail("filter has ", filter.shape[3], " input channels, input has ", in.shape[4]);
  }
  OCTAVO_TRY(expect_bias(c, 2, filter.shape[4]));
  Conv3DParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->batch = in.shape[0];
  p->in_c = filter.shape[3];
  p->out_c = filter.shape[4];
  for (int32_t d = 0; d < 3; ++d) {
    Window window;
    p->axes[d].in = in.shape[1 + d];
    OCTAVO_TRY(find_axis(c, d, p->axes[d].in, &p->axes[d], &window));
    p->axes[d].out = window.out;
  }
  OCTAVO_TRY(c.set_shape(
      0, make_shape(p->batch, p->axes[0].out, p->axes[1].out, p->axes[2].out, p->out_c)));
  c.step.invoke = &invoke_conv_3d;
  return activation_range(c, c.options<Conv3DOptions>().activation, &p->act_min, &p->act_max);
}

// Operands: the output's shape, the filter, the input, the bias.
Status prepare_conv_3d_transpose(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 4, 1));
  const Tensor& shape = c.input(0);
  const Tensor& filter = c.input(1);
  const Tensor& in = c.input(2);
  OCTAVO_TRY(c.expect_type("output shape", shape, {DType::kInt32}));
  OCTAVO_TRY(expect_floats(c, in));
  if (shape.shape != make_shape(5)) {
    return c.fail("output shape \"", shape.info->name, "\" has shape ", shape.shape,
                  ", should be (5)");
  }
  OCTAVO_TRY(c.expect_known("output shape", shape));
  const auto* sizes = static_cast<const int32_t*>(shape.data);
  const Shape out = make_shape(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]);
  OCTAVO_TRY(c.set_shape(0, out));
  if (in.shape[4] != filter.shape[4]) {
    return c.fail("filter has ", filter.shape[4], " input channels, input has ", in.shape[4]);
  }
  if (out[0] != in.shape[0] || out[4] != filter.shape[3]) {
    return c.fail("output shape is ", out, ", input has ", in.shape[0], " volumes and filter ",
                  filter.shape[3], " output channels");
  }
  OCTAVO_TRY(expect_bias(c, 3, out[4]));
  Conv3DParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->batch = out[0];
  p->in_c = in.shape[4];
  p->out_c = out[4];
  for (int32_t d = 0; d < 3; ++d) {
    Conv3DAxis& axis = p->axes[d];
    axis.in = in.shape[1 + d];
    axis.out = out[1 + d];
    Window window;  // of the convolution from the output to the input
    OCTAVO_TRY(find_axis(c, d, axis.out, &axis, &window));
    if (window.out == axis.in) continue;
    return c.fail("an output of ", kAxes[d], " ", axis.out, " comes from an input of ", window.out,
                  ", the input has ", axis.in);
  }
  c.step.invoke = &invoke_conv_3d_transpose;
  return activation_range(c, c.options<Conv3DOptions>().activation, &p->act_min, &p->act_max);
}

}  // namespace octavo
