// SOFTMAX.
#include "base/math.h"
#include "graph/options.h"
#include "ops/elementwise.h"

namespace octavo {
namespace {

struct SoftmaxF32Params {
  reference::SoftmaxShape shape;
  float beta;
};

Status invoke_softmax_f32(const Step& s, const Workspace& w) {
  const auto& p = s.params<SoftmaxF32Params>();
  const float* in = s.input(0);
  float* out = s.output(0);
  const int64_t depth = p.shape.depth;
  for_each_part(w, p.shape.rows, depth * 4, [&](int64_t begin, int64_t count) {
    const int64_t at = begin * depth;
    w.kernels.softmax_f32({count, p.shape.depth}, p.beta, in + at, out + at);
  });
  return {};
}

Status invoke_softmax_f16(const Step& s, const Workspace&) {
  const auto& p = s.params<SoftmaxF32Params>();
  reference::softmax_f16(p.shape, p.beta, s.input(0), s.output(0));
  return {};
}

template <class Params, class In, class Out>
void run_softmax(void (*kernel)(const Params&, const In*, Out*), const Step& s,
                 const Workspace& w) {
  const auto& whole = s.params<Params>();
  const In* in = s.input(0);
  Out* out = s.output(0);
  const int64_t depth = whole.shape.depth;
  for_each_part(w, whole.shape.rows, depth * static_cast<int64_t>(sizeof(Out)),
                [&](int64_t begin, int64_t count) {
                  Params part = whole;
                  part.shape.rows = count;
                  kernel(part, in + begin * depth, out + begin * depth);
                });
}

template <auto kKernel>
Status invoke_softmax(const Step& s, const Workspace& w) {
  run_softmax(w.kernels.*kKernel, s, w);
  return {};
}

// The rows of the last dimension; none where the tensor is empty.
reference::SoftmaxShape rows_of(const Shape& shape) {
  if (shape.count() == 0) return {0, 0};
  return {shape.count(0, shape.rank - 1), shape.back()};
}

// LiteRT's PreprocessSoftmaxScaling and CalculateInputRadius.
Status prepare_8(PrepareContext& c, float beta) {
  reference::Softmax8Params* p;
  OCTAVO_TRY(c.make_params(p));
  p->shape = rows_of(c.input(0).shape);
  const Multiplier to_exponent = quantize_multiplier(double{beta} * c.input(0).scale() * (1 << 26));
  // The first difference from the maximum that Q5.26 cannot hold is left out, and all beyond it.
  // No difference of bytes exceeds 255.
  const int shift = to_exponent.shift;
  const int64_t most = shift > 0 ? (int64_t{31} << 26) >> shift : 255;
  Span<int32_t> tables;
  OCTAVO_TRY(c.make_array(2 * reference::kSoftmaxSteps, tables));
  p->exponentials = tables.data;
  p->terms = tables.data + reference::kSoftmaxSteps;
  p->outputs = reference::build_softmax_exponentials(
      to_exponent, static_cast<int32_t>(min<int64_t>(most, 255)), tables.data,
      tables.data + reference::kSoftmaxSteps);
  return {};
}

Status prepare_s16(PrepareContext& c, float beta) {
  const double scale = c.input(0).scale() * beta;  // rounded to float32 first
  if (!is_finite(scale)) {
    return c.fail("beta ", beta, " times the input scale ", c.input(0).scale(), " is infinite");
  }
  reference::Softmax16Params* p;
  OCTAVO_TRY(c.make_params(p));
  Span<int16_t> luts;
  OCTAVO_TRY(c.make_array(2 * reference::kLut16Size, luts));
  reference::build_softmax_luts(luts.data, luts.data + reference::kLut16Size);
  p->shape = rows_of(c.input(0).shape);
  p->to_exponent = quantize_multiplier(scale / (10 / 65535.0));
  p->exp_lut = luts.data;
  p->reciprocal_lut = luts.data + reference::kLut16Size;
  return {};
}

Status prepare_f32(PrepareContext& c, float beta) {
  SoftmaxF32Params* p;
  OCTAVO_TRY(c.make_params(p));
  *p = {rows_of(c.input(0).shape), beta};
  return {};
}

struct Variant {
  DType in, out;
  Status (*prepare)(PrepareContext&, float beta);
  Step::Invoke invoke;
  float out_scale;  // of the only output quantization, 0: LiteRT does not look
  int32_t out_zero;
};

using reference::Softmax16Params;
using reference::Softmax8Params;

constexpr Variant kVariants[] = {
    {DType::kFloat32, DType::kFloat32, &prepare_f32, &invoke_softmax_f32, 0, 0},
    {DType::kFloat16, DType::kFloat16, &prepare_f32, &invoke_softmax_f16, 0, 0},
    {DType::kInt8, DType::kInt8, &prepare_8, &invoke_softmax<&Kernels::softmax_s8>, 1.0f / 256,
     -128},
    {DType::kInt8, DType::kInt16, &prepare_8, &invoke_softmax<&Kernels::softmax_s8_s16>, 0, 0},
    {DType::kUInt8, DType::kUInt8, &prepare_8, &invoke_softmax<&Kernels::softmax_u8>, 0, 0},
    {DType::kUInt8, DType::kInt16, &prepare_8, &invoke_softmax<&Kernels::softmax_u8_s16>, 0, 0},
    {DType::kInt16, DType::kInt16, &prepare_s16, &invoke_softmax<&Kernels::softmax_s16>,
     1.0f / 32768, 0},
};

Status check_quantized(const PrepareContext& c, const Variant& v, float beta) {
  const Tensor& out = c.output(0);
  OCTAVO_TRY(c.expect_per_tensor("input", c.input(0)));
  if (!(beta >= 0) || !is_finite(beta)) {
    return c.fail("beta is ", beta, ", quantized types need a finite one that is not negative");
  }
  if (v.out_scale == 0) return {};
  OCTAVO_TRY(c.expect_per_tensor("output", out));
  const float off = out.scale() - v.out_scale;
  const float tolerance = 0.001f * v.out_scale;
  if (off > tolerance || off < -tolerance || out.zero_point() != v.out_zero) {
    return c.fail("output \"", out.info->name, "\" has scale ", out.scale(), " and zero point ",
                  out.zero_point(), ", should have ", v.out_scale, " and ", v.out_zero);
  }
  return {};
}

}  // namespace

Status prepare_softmax(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.expect_rank("input", in, 1, kMaxRank));
  OCTAVO_TRY(c.set_shape(0, in.shape));
  const float beta = c.options<SoftmaxOptions>().beta;
  for (const Variant& v : kVariants) {
    if (in.type != v.in || c.output(0).type != v.out) continue;
    if (v.prepare != &prepare_f32) OCTAVO_TRY(check_quantized(c, v, beta));
    c.step.invoke = v.invoke;
    return v.prepare(c, beta);
  }
  return c.fail_types();
}

}  // namespace octavo
