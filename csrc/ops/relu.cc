// RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU, PRELU.
#include "base/math.h"
#include "ops/activation.h"
#include "ops/elementwise.h"

namespace octavo {
namespace {

Status prepare_relu_f32(PrepareContext& c, Activation activation) {
  reference::ReluF32Params* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = c.input(0).shape.count();
  c.step.invoke = &invoke_kernel<&Kernels::relu_f32>;
  return activation_range(c, activation, &p->low, &p->high);
}

Status prepare_rectifier(PrepareContext& c, Activation activation) {
  OCTAVO_TRY(prepare_unary(c));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  switch (in.type) {
    case DType::kFloat32:
      return prepare_relu_f32(c, activation);
    case DType::kInt8:
      c.step.invoke = &invoke_kernel<&Kernels::relu_s8>;
      break;
    case DType::kUInt8:
      c.step.invoke = &invoke_kernel<&Kernels::relu_u8>;
      break;
    case DType::kInt16:
      c.step.invoke = &invoke_kernel<&Kernels::relu_s16>;
      break;
    default:
      return c.fail_types();
  }
  OCTAVO_TRY(expect_quantized_operands(c));
  reference::ReluParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = in.shape.count();
  p->in_zero = in.zero_point();
  p->out_zero = out.zero_point();
  p->multiplier = quantize_multiplier(in.scale() / out.scale());  // in float32
  return quantized_activation_range(c, activation, out, &p->low, &p->high);
}

Status prepare_leaky_relu_f32(PrepareContext& c, float alpha) {
  reference::LeakyReluF32Params* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = c.input(0).shape.count();
  p->alpha = alpha;
  c.step.invoke = &invoke_kernel<&Kernels::leaky_relu_f32>;
  return {};
}

Status prepare_prelu_f32(PrepareContext& c, const reference::Broadcast& broadcast) {
  reference::Broadcast* p;
  OCTAVO_TRY(c.make_params(p));
  *p = broadcast;
  c.step.invoke = &invoke_kernel<&Kernels::prelu_f32>;
  return {};
}

}  // namespace

Status prepare_relu(PrepareContext& c) { return prepare_rectifier(c, Activation::kRelu); }

Status prepare_relu6(PrepareContext& c) { return prepare_rectifier(c, Activation::kRelu6); }

Status prepare_relu_n1_to_1(PrepareContext& c) {
  return prepare_rectifier(c, Activation::kReluN1To1);
}

Status prepare_leaky_relu(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  const float alpha = c.options<LeakyReluOptions>().alpha;
  if (!is_finite(alpha)) return c.fail("alpha is ", alpha, ", should be finite");
  switch (in.type) {
    case DType::kFloat32:
      return prepare_leaky_relu_f32(c, alpha);
    case DType::kInt8:
      c.step.invoke = &invoke_kernel<&Kernels::leaky_relu_s8>;
      break;
    case DType::kUInt8:
      c.step.invoke = &invoke_kernel<&Kernels::leaky_relu_u8>;
      break;
    case DType::kInt16:
      c.step.invoke = &invoke_kernel<&Kernels::leaky_relu_s16>;
      break;
    default:
      return c.fail_types();
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
  const Tensor& in = c.input(0);
  const Tensor& alpha = c.input(1);
  const Tensor& out = c.output(0);
  if (out.shape != in.shape) {
    return c.fail("alpha has shape ", alpha.shape, ", which does not broadcast to the input's ",
                  in.shape);
  }
  switch (in.type) {
    case DType::kFloat32:
      return prepare_prelu_f32(c, broadcast);
    case DType::kInt8:
      c.step.invoke = &invoke_kernel<&Kernels::prelu_s8>;
      break;
    case DType::kUInt8:
      c.step.invoke = &invoke_kernel<&Kernels::prelu_u8>;
      break;
    default:
      return c.fail_types();
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
