// L2_NORMALIZATION, LOCAL_RESPONSE_NORMALIZATION.
#include "reference/normalize.h"

#include <limits>

#include "graph/options.h"
#include "ops/elementwise.h"

namespace octavo {
namespace {

using reference::L2NormalizationParams;
using reference::LocalResponseParams;

struct L2NormalizationKernel {
  DType type;
  Step::Invoke invoke;
  int32_t out_zero;  // of the only output quantization; its scale is 1/128
};

constexpr L2NormalizationKernel kL2Normalization[] = {
    {DType::kFloat32, &invoke_kernel<&Kernels::l2_normalization_f32>, 0},
    {DType::kInt8, &invoke_kernel<&reference::l2_normalization_s8>, 0},
    {DType::kUInt8, &invoke_kernel<&reference::l2_normalization_u8>, 128},
};

struct LocalResponseStep {
  LocalResponseParams response;
  float beta;
};

// x response^-beta.
Status invoke_local_response(const Step& s, const Workspace& w) {
  const auto& p = s.params<LocalResponseStep>();
  const int64_t count = s.outputs[0]->shape.count();
  const reference::Broadcast line = {1, {count}, {1}, {1}}, repeated = {1, {count}, {1}, {0}};
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float exponent = -p.beta;
  float *power = s.scratch(0), *out = s.output(0);
  reference::local_response_f32(p.response, s.input(0), power);
  w.kernels.pow_f32(repeated, power, &exponent, power);
  w.kernels.mul_f32({line, -kInfinity, kInfinity}, s.input(0), power, out);
  return {};
}

Status expect_output_quantization(const PrepareContext& c, int32_t zero) {
  constexpr float kScale = 1.0f / 128;
  OCTAVO_TRY(expect_quantized_operands(c));
  const Tensor& out = c.output(0);
  if (out.scale() == kScale && out.zero_point() == zero) return {};
  return c.fail("output \"", out.info->name, "\" has scale ", out.scale(), " and zero point ",
                out.zero_point(), ", should have ", kScale, " and ", zero);
}

}  // namespace

Status prepare_l2_normalization(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  c.step.effect = Effect::kComputes;
  const Tensor& in = c.input(0);
  if (c.options<ActivationOptions>().activation != Activation::kNone) {
    return c.fail("has a fused activation, which does not exist for it");
  }
  for (const L2NormalizationKernel& kernel : kL2Normalization) {
    if (kernel.type != in.type) continue;
    L2NormalizationParams* p;
    OCTAVO_TRY(c.make_params(p));
    p->depth = in.shape.back();
    p->rows = p->depth > 0 ? in.shape.count() / p->depth : 0;
    c.step.invoke = kernel.invoke;
    if (in.type == DType::kFloat32) return {};
    OCTAVO_TRY(expect_output_quantization(c, kernel.out_zero));
    p->in_zero = in.zero_point();
    return {};
  }
  return c.fail_types();
}

Status prepare_local_response_normalization(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  c.step.effect = Effect::kComputes;
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.expect_type("input", in, {DType::kFloat32}));
  OCTAVO_TRY(c.expect_rank("input", in, 4, 4));
  const auto& o = c.options<LocalResponseOptions>();
  if (o.radius < 0) return c.fail("radius is ", o.radius, ", should be 0 or more");
  const LocalResponseParams response = {in.shape.count(0, 3), in.shape[3], o.radius, o.bias,
                                        o.alpha};
  OCTAVO_TRY(c.set_invoke(&invoke_local_response, LocalResponseStep{response, o.beta}));
  return c.add_scratch(in.bytes());
}

}  // namespace octavo
