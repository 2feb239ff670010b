// RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU, PRELU.
#include "base/math.h"
#include "ops/activation.h"
#include "ops/elementwise.h"

namespace octavo {
namespace {

constexpr TypedInvoke kRelu[] = {
    {DType::kFloat32, &invoke_kernel<&Kernels::relu_f32>},
    {DType::kInt8, &invoke_kernel<&Kernels::requantize_s8>},
    {DType::kUInt8, &invoke_kernel<&Kernels::requantize_u8>},
    {DType::kInt16, &invoke_kernel<&Kernels::requantize_s16>},
};
constexpr TypedInvoke kLeakyRelu[] = {
    {DType::kFloat32, &invoke_kernel<&Kernels::leaky_relu_f32>},
    {DType::kInt8, &invoke_kernel<&Kernels::leaky_relu_s8>},
    {DType::kUInt8, &invoke_kernel<&Kernels::leaky_relu_u8>},
    {DType::kInt16, &invoke_kernel<&Kernels::leaky_relu_s16>},
};
constexpr TypedInvoke kPrelu[] = {
    {DType::kFloat32, &invoke_kernel<&Kernels::prelu_f32>},
    {DType::kInt8, &invoke_kernel<&Kernels::prelu_s8>},
    {DType::kUInt8, &invoke_kernel<&Kernels::prelu_u8>},
};

Status prepare_rectifier(PrepareContext& c, Activation activation) {
  OCTAVO_TRY(prepare_unary(c));
  OCTAVO_TRY(choose_invoke(c, kRelu));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  if (in.type == DType::kFloat32) {
    reference::ReluF32Params* p;
    OCTAVO_TRY(c.make_params(p));
    p->count = in.shape.count();
    return activation_range(c, activation, &p->low, &p->high);
  }
  OCTAVO_TRY(expect_quantized_operands(c));
  reference::RequantizeParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = in.shape.count();
  p->in_zero = in.zero_point();
  p->out_zero = out.zero_point();
  p->multiplier = quantize_multiplier(in.scale() / out.scale());  // in float32
  return quantized_activation_range(c, activation, out, &p->low, &p->high);
}

}  // namespace

Status prepare_relu(PrepareContext& c) { return prepare_rectifier(c, Activation::kRelu); }

Status prepare_relu6(PrepareContext& c) { return prepare_rectifier(c, Activation::kRelu6); }

Status prepare_relu_n1_to_1(PrepareContext& c) {
  return prepare_rectifier(c, Activation::kReluN1To1);
}

Status prepare_leaky_relu(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  OCTAVO_TRY(choose_invoke(c, kLeakyRelu));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  const float alpha = c.options<LeakyReluOptions>().alpha;
  if (!is_finite(alpha)) return c.fail("alpha is ", alpha, ", should be finite");
  if (in.type == DType::kFloat32) {
    reference::LeakyReluF32Params* p;
    OCTAVO_TRY(c.make_params(p));
    *p = {in.shape.count(), alpha};
    return {};
  }
  OCTAVO_TRY(expect_quantized_operands(c));
  reference::LeakyReluParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = in.shape.count();
  p->in_zero = in.zero_point();
  p->out_zero = out.zero_point();
  const float slope = in.scale() * alpha / out.scale();
  p->identity = quantize_multiplier(in.scale() / out.scale());
  p->alpha = quantize_multiplier(slope < 0 ? -slope : slope);
  p->alpha_is_negative = slope < 0;
  return {};
}

Status prepare_prelu(PrepareContext& c) {
  reference::Broadcast broadcast;
  OCTAVO_TRY(prepare_binary(c, &broadcast));
  OCTAVO_TRY(choose_invoke(c, kPrelu));
  const Tensor& in = c.input(0);
  const Tensor& alpha = c.input(1);
  const Tensor& out = c.output(0);
  if (out.shape != in.shape) {
    return c.fail("alpha has shape ", alpha.shape, ", which does not broadcast to the input's ",
                  in.shape);
  }
  if (in.type == DType::kFloat32) {
    reference::Broadcast* p;
    OCTAVO_TRY(c.make_params(p));
    *p = broadcast;
    return {};
  }
  OCTAVO_TRY(expect_quantized_operands(c));
  reference::PreluParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->broadcast = broadcast;
  p->in_zero = in.zero_point();
  p->alpha_zero = alpha.zero_point();
  p->out_zero = out.zero_point();
  p->identity = quantize_multiplier(in.scale() / out.scale());  // both in float32
  p->alpha = quantize_multiplier(in.scale() * alpha.scale() / out.scale());
  return {};
}

}  // namespace octavo
