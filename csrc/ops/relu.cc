// RELU, RELU6, RELU_0_TO_1, RELU_N1_TO_1, LEAKY_RELU, PRELU.
#include "base/math.h"
#include "ops/activation.h"
#include "ops/elementwise.h"
#include "ops/lut.h"

namespace octavo {
namespace {

constexpr TypedInvoke kPrelu[] = {
    {DType::kFloat32, &invoke_broadcast<&Kernels::prelu_f32>},
    {DType::kInt8, &invoke_broadcast<&Kernels::prelu_s8>},
    {DType::kUInt8, &invoke_broadcast<&Kernels::prelu_u8>},
    {DType::kInt16, &invoke_broadcast<&reference::prelu_s16>},
};

Status expect_rectified_type(const PrepareContext& c) {
  switch (c.input(0).type) {
    case DType::kFloat32:
    case DType::kInt8:
    case DType::kUInt8:
    case DType::kInt16:
      return {};
    default:
      return c.fail_types();
  }
}

// The kernel for the type of the input; one of 8 bits is tabulated.
template <auto kS8, auto kU8, auto kS16, class Params>
Status set_integers(PrepareContext& c, const Params& params) {
  if (c.input(0).type == DType::kInt8) return tabulate_8<kS8>(c, params);
  if (c.input(0).type == DType::kUInt8) return tabulate_8<kU8>(c, params);
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  *p = params;
  c.step.invoke = &invoke_counted<kS16>;
  return {};
}

Status prepare_rectifier(PrepareContext& c, const ActivationRange& range) {
  OCTAVO_TRY(prepare_unary(c));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  OCTAVO_TRY(expect_rectified_type(c));
  if (in.type == DType::kFloat32) {
    reference::ReluF32Params* p;
    OCTAVO_TRY(c.make_params(p));
    p->count = in.shape.count();
    c.step.invoke = &invoke_counted<&Kernels::relu_f32>;
    range.get(&p->low, &p->high);
    return {};
  }
  OCTAVO_TRY(expect_quantized_operands(c));
  reference::RequantizeParams p = {};
  p.count = in.shape.count();
  p.in_zero = in.zero_point();
  p.out_zero = out.zero_point();
  p.multiplier = quantize_multiplier(in.scale() / out.scale());  // in float32
  range.get_quantized(out, &p.low, &p.high);
  return set_integers<&Kernels::requantize_s8, &Kernels::requantize_u8, &Kernels::requantize_s16>(
      c, p);
}

}  // namespace

Status prepare_relu(PrepareContext& c) { return prepare_rectifier(c, {true, false, 0, 0}); }

Status prepare_relu6(PrepareContext& c) { return prepare_rectifier(c, {true, true, 0, 6}); }

Status prepare_relu_0_to_1(PrepareContext& c) { return prepare_rectifier(c, {true, true, 0, 1}); }

Status prepare_relu_n1_to_1(PrepareContext& c) { return prepare_rectifier(c, {true, true, -1, 1}); }

Status prepare_leaky_relu(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  OCTAVO_TRY(expect_rectified_type(c));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  const float alpha = c.options<LeakyReluOptions>().alpha;
  if (!is_finite(alpha)) return c.fail("alpha is ", alpha, ", should be finite");
  if (in.type == DType::kFloat32) {
    reference::LeakyReluF32Params* p;
    OCTAVO_TRY(c.make_params(p));
    *p = {in.shape.count(), alpha};
    c.step.invoke = &invoke_counted<&Kernels::leaky_relu_f32>;
    return {};
  }
  OCTAVO_TRY(expect_quantized_operands(c));
  const float slope = in.scale() * alpha / out.scale();
  reference::LeakyReluParams p = {};
  p.count = in.shape.count();
  p.in_zero = in.zero_point();
  p.out_zero = out.zero_point();
  p.identity = quantize_multiplier(in.scale() / out.scale());
  p.alpha = quantize_multiplier(slope < 0 ? -slope : slope);
  p.alpha_is_negative = slope < 0;
  return set_integers<&Kernels::leaky_relu_s8, &Kernels::leaky_relu_u8, &Kernels::leaky_relu_s16>(
      c, p);
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
