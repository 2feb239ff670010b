// LOG_SOFTMAX.
#include "reference/log_softmax.h"

#include "base/math.h"
#include "ops/elementwise.h"

namespace octavo {
namespace {

using reference::LogSoftmax8Params;
using reference::SoftmaxShape;

struct LogSoftmaxKernel {
  DType type;
  Step::Invoke invoke;
  int32_t out_zero;  // of the only output quantization; its scale is 1/16
};

constexpr LogSoftmaxKernel kKernels[] = {
    {DType::kFloat32, &invoke_kernel<&Kernels::log_softmax_f32>, 0},
    {DType::kInt8, &invoke_kernel<&Kernels::log_softmax_s8>, INT8_MAX},
    {DType::kUInt8, &invoke_kernel<&Kernels::log_softmax_u8>, UINT8_MAX},
};

SoftmaxShape rows_of(const Shape& shape) {
  if (shape.count() == 0) return {0, 0};
  return {shape.count(0, shape.rank - 1), shape.back()};
}

// LiteRT's PreprocessLogSoftmaxScalingExp and CalculateInputRadius.
Status prepare_8(PrepareContext& c, int32_t out_zero) {
  constexpr float kOutScale = 16.0f / 256;
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  OCTAVO_TRY(expect_quantized_operands(c));
  if (out.scale() != kOutScale || out.zero_point() != out_zero) {
    return c.fail("output \"", out.info->name, "\" has scale ", out.scale(), " and zero point ",
                  out.zero_point(), ", should have ", kOutScale, " and ", out_zero);
  }
  LogSoftmax8Params* p;
  OCTAVO_TRY(c.make_params(p));
  p->shape = rows_of(in.shape);
  constexpr double kMost = 2147483647;
  const Multiplier to_exponent = quantize_multiplier(min(double{in.scale()} * (1 << 26), kMost));
  const int shift = to_exponent.shift;
  if (shift < 0) return c.fail("input scale ", in.scale(), " is below 2^-26");
  const auto unit = static_cast<double>(int64_t{1} << (31 - shift));
  p->from_exponent = quantize_multiplier(unit / to_exponent.m);
  p->least = -static_cast<int32_t>(min<int64_t>((int64_t{31} << 26) >> shift, 256));
  Span<int32_t> tables;
  OCTAVO_TRY(c.make_array(2 * reference::kSoftmaxSteps, tables));
  p->exponents = tables.data;
  p->terms = tables.data + reference::kSoftmaxSteps;
  reference::build_log_softmax_exponents(to_exponent, p->least, tables.data,
                                         tables.data + reference::kSoftmaxSteps);
  return {};
}

}  // namespace

Status prepare_log_softmax(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.expect_rank("input", in, 1, kMaxRank));
  c.step.effect = Effect::kComputes;
  for (const LogSoftmaxKernel& kernel : kKernels) {
    if (kernel.type != in.type) continue;
    c.step.invoke = kernel.invoke;
    if (in.type != DType::kFloat32) return prepare_8(c, kernel.out_zero);
    SoftmaxShape* p;
    OCTAVO_TRY(c.make_params(p));
    *p = rows_of(in.shape);
    return {};
  }
  return c.fail_types();
}

}  // namespace octavo
