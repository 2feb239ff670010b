// MEAN, REDUCE_ALL, REDUCE_ANY, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, SUM.
#include "base/math.h"
#include "graph/options.h"
#include "ops/axis.h"
#include "reference/reduce_extremes.h"

namespace octavo {
namespace {

using reference::ReduceParams;

// For kernels that sum in a wider type than the output's, in scratch memory.
template <auto kKernel>
Status invoke_reduce_wide(const Step& s, const Workspace& w) {
  kernel_of<kKernel>(w)(s.params<ReduceParams>(), s.input(0), s.scratch(0), s.output(0));
  return {};
}

// Any are true where the greatest byte is not 0, all where the least is not.
template <auto kKernel>
Status invoke_bool(const Step& s, const Workspace& w) {
  const auto& p = s.params<ReduceParams>();
  uint8_t* out = s.output(0);
  kernel_of<kKernel>(w)(p, s.input(0), out);
  for (int64_t i = 0; i < p.outputs; ++i) out[i] = out[i] != 0;
  return {};
}

struct ReduceKernel {
  DType type;
  int64_t sum_bytes;  // of an element of the scratch memory
  bool quantized;
  Step::Invoke invoke;
};

constexpr ReduceKernel kSum[] = {
    {DType::kFloat32, 0, false, &invoke_kernel<&Kernels::sum_f32>},
    {DType::kInt8, 4, true, &invoke_reduce_wide<&Kernels::sum_s8>},
    {DType::kUInt8, 4, true, &invoke_reduce_wide<&Kernels::sum_u8>},
    {DType::kInt16, 4, true, &invoke_reduce_wide<&Kernels::sum_s16>},
    {DType::kInt32, 0, false, &invoke_kernel<&Kernels::sum_s32>},
    {DType::kInt64, 0, false, &invoke_kernel<&Kernels::sum_s64>},
    {DType::kBool, 0, false, &invoke_bool<&Kernels::reduce_max_u8>},
};

// The quantized types divide by way of the multiplier.
constexpr ReduceKernel kMean[] = {
    {DType::kFloat32, 0, false, &invoke_kernel<&Kernels::mean_f32>},
    {DType::kInt8, 4, true, &invoke_reduce_wide<&Kernels::sum_s8>},
    {DType::kUInt8, 4, true, &invoke_reduce_wide<&Kernels::sum_u8>},
    {DType::kInt16, 4, true, &invoke_reduce_wide<&Kernels::sum_s16>},
    {DType::kInt32, 8, false, &invoke_reduce_wide<&Kernels::mean_s32>},
    {DType::kInt64, 0, false, &invoke_kernel<&Kernels::mean_s64>},
};

template <reference::Reduction kReduction, class T>
constexpr Step::Invoke kPlain = &invoke_kernel<&reference::reduce<kReduction, T>>;

// Of equal scales and zero points, so that quantized numbers are reduced as they are. A bool is a
// byte of 0 or 1.
constexpr ReduceKernel kMax[] = {
    {DType::kFloat32, 0, false, &invoke_kernel<&Kernels::reduce_max_f32>},
    {DType::kInt8, 0, false, &invoke_kernel<&Kernels::reduce_max_s8>},
    {DType::kUInt8, 0, false, &invoke_kernel<&Kernels::reduce_max_u8>},
    {DType::kInt16, 0, false, &invoke_kernel<&Kernels::reduce_max_s16>},
    {DType::kInt32, 0, false, kPlain<reference::Reduction::kMax, int32_t>},
    {DType::kInt64, 0, false, kPlain<reference::Reduction::kMax, int64_t>},
    {DType::kBool, 0, false, &invoke_bool<&Kernels::reduce_max_u8>},
};
constexpr ReduceKernel kMin[] = {
    {DType::kFloat32, 0, false, &invoke_kernel<&Kernels::reduce_min_f32>},
    {DType::kInt8, 0, false, &invoke_kernel<&Kernels::reduce_min_s8>},
    {DType::kUInt8, 0, false, &invoke_kernel<&Kernels::reduce_min_u8>},
    {DType::kInt16, 0, false, &invoke_kernel<&Kernels::reduce_min_s16>},
    {DType::kInt32, 0, false, kPlain<reference::Reduction::kMin, int32_t>},
    {DType::kInt64, 0, false, kPlain<reference::Reduction::kMin, int64_t>},
    {DType::kBool, 0, false, &invoke_bool<&Kernels::reduce_min_u8>},
};

constexpr ReduceKernel kProd[] = {
    {DType::kFloat32, 0, false, &invoke_kernel<&Kernels::reduce_prod_f32>},
    {DType::kInt8, 4, true, &invoke_reduce_wide<&reference::reduce_prod_s8>},
    {DType::kInt16, 4, true, &invoke_reduce_wide<&reference::reduce_prod_s16>},
    {DType::kInt32, 0, false, kPlain<reference::Reduction::kProd, int32_t>},
    {DType::kInt64, 0, false, kPlain<reference::Reduction::kProd, int64_t>},
    {DType::kBool, 0, false, &invoke_bool<&Kernels::reduce_min_u8>},
};

constexpr ReduceKernel kAll[] = {{DType::kBool, 0, false, &invoke_bool<&Kernels::reduce_min_u8>}};
constexpr ReduceKernel kAny[] = {{DType::kBool, 0, false, &invoke_bool<&Kernels::reduce_max_u8>}};

// Says which dimensions the axis tensor names; it may name one twice, or from the end. A scalar has
// none to name, and its axes are not looked at.
Status find_reduced(const PrepareContext& c, bool (&reduced)[kMaxRank]) {
  const Tensor& axes = c.input(1);
  const Shape& in = c.input(0).shape;
  OCTAVO_TRY(c.expect_type("axis", axes, {DType::kInt32}));
  const int64_t count = axes.shape.count();
  if (count == 0 || in.rank == 0) return {};
  OCTAVO_TRY(c.expect_known("axis", axes));
  for (int64_t i = 0; i < count; ++i) {
    int32_t axis;
    OCTAVO_TRY(normalize_axis(c, integer_at(axes, i), in.rank, axis));
    reduced[axis] = true;
  }
  return {};
}

Shape output_shape(const Shape& in, const bool (&reduced)[kMaxRank], bool keep_dims) {
  Shape out;
  for (int32_t d = 0; d < in.rank; ++d) {
    if (!reduced[d]) {
      out[out.rank++] = in[d];
    } else if (keep_dims) {
      out[out.rank++] = 1;
    }
  }
  return out;
}

// Describes the walk over the input in as few dimensions as it takes: neighbours that are both
// reduced, or both kept, are one.
void set_walk(const Shape& in, const bool (&reduced)[kMaxRank], ReduceParams* p) {
  bool is_reduced[kMaxRank];
  p->rank = 0;
  p->count = 1;
  for (int32_t d = 0; d < in.rank; ++d) {
    if (reduced[d]) p->count *= in[d];
    if (in[d] == 1) continue;
    if (p->rank > 0 && is_reduced[p->rank - 1] == reduced[d]) {
      p->dims[p->rank - 1] *= in[d];
    } else {
      is_reduced[p->rank] = reduced[d];
      p->dims[p->rank++] = in[d];
    }
  }
  if (p->rank == 0) {  // a single element
    is_reduced[0] = false;
    p->dims[p->rank++] = 1;
  }
  p->outputs = 1;
  for (int32_t d = p->rank - 1; d >= 0; --d) {
    p->out_strides[d] = is_reduced[d] ? 0 : p->outputs;
    if (!is_reduced[d]) p->outputs *= p->dims[d];
  }
}

// What the kernels share; `kernel` is null for a type that there is none for.
Status prepare_walk(PrepareContext& c, Span<const ReduceKernel> kernels, ReduceParams** p,
                    const ReduceKernel** kernel) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& in = c.input(0);
  *kernel = nullptr;
  for (const ReduceKernel& k : kernels) {
    if (k.type == in.type) *kernel = &k;
  }
  if (*kernel == nullptr) return c.fail_types();
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  bool reduced[kMaxRank] = {};
  OCTAVO_TRY(find_reduced(c, reduced));
  const bool keep_dims = c.options<ReducerOptions>().keep_dims;
  OCTAVO_TRY(c.set_shape(0, output_shape(in.shape, reduced, keep_dims)));
  OCTAVO_TRY(c.make_params(*p));
  set_walk(in.shape, reduced, *p);
  c.step.invoke = (*kernel)->invoke;
  if ((*kernel)->sum_bytes == 0) return {};
  return c.add_scratch((*p)->outputs * (*kernel)->sum_bytes);
}

Status expect_quantized(const PrepareContext& c, ReduceParams* p) {
  OCTAVO_TRY(c.expect_per_tensor("input", c.input(0)));
  OCTAVO_TRY(c.expect_per_tensor("output", c.output(0)));
  p->in_zero = c.input(0).zero_point();
  p->out_zero = c.output(0).zero_point();
  return {};
}

Status prepare_sums(PrepareContext& c, Span<const ReduceKernel> kernels, bool is_mean) {
  ReduceParams* p;
  const ReduceKernel* kernel;
  OCTAVO_TRY(prepare_walk(c, kernels, &p, &kernel));
  if (!kernel->quantized) return {};
  OCTAVO_TRY(expect_quantized(c, p));
  p->multiplier = quantize_multiplier(double{c.input(0).scale()} / double{c.output(0).scale()});
  if (is_mean && p->count > 0) {
    p->multiplier = reference::mean_multiplier(p->multiplier, p->count);
  }
  return {};
}

Status prepare_plain(PrepareContext& c, Span<const ReduceKernel> kernels) {
  ReduceParams* p;
  const ReduceKernel* kernel;
  OCTAVO_TRY(prepare_walk(c, kernels, &p, &kernel));
  const Tensor& in = c.input(0);
  if (in.quantization().scale.empty() && c.output(0).quantization().scale.empty()) return {};
  if (in.type != DType::kInt8 && in.type != DType::kUInt8 && in.type != DType::kInt16) return {};
  return c.expect_same_quantization("input", in, "output", c.output(0));
}

template <size_t n>
constexpr Span<const ReduceKernel> span_of(const ReduceKernel (&kernels)[n]) {
  return {kernels, n};
}

}  // namespace

Status prepare_mean(PrepareContext& c) { return prepare_sums(c, span_of(kMean), true); }

Status prepare_reduce_all(PrepareContext& c) { return prepare_plain(c, span_of(kAll)); }

Status prepare_reduce_any(PrepareContext& c) { return prepare_plain(c, span_of(kAny)); }

Status prepare_reduce_max(PrepareContext& c) { return prepare_plain(c, span_of(kMax)); }

Status prepare_reduce_min(PrepareContext& c) { return prepare_plain(c, span_of(kMin)); }

Status prepare_reduce_prod(PrepareContext& c) {
  ReduceParams* p;
  const ReduceKernel* kernel;
  OCTAVO_TRY(prepare_walk(c, span_of(kProd), &p, &kernel));
  if (!kernel->quantized) return {};
  const Tensor& in = c.input(0);
  if (in.quantization().scale.empty()) {  // plain numbers
    c.step.scratch_buffers.size = 0;
    c.step.invoke = in.type == DType::kInt8 ? kPlain<reference::Reduction::kProd, int8_t>
                                            : kPlain<reference::Reduction::kProd, int16_t>;
    return {};
  }
  OCTAVO_TRY(expect_quantized(c, p));
  if (p->count == 0) return {};
  const double root = pow(double{c.output(0).scale()}, 1.0 / static_cast<double>(p->count));
  p->multiplier = quantize_multiplier(double{in.scale()} / root);
  return {};
}

Status prepare_sum(PrepareContext& c) { return prepare_sums(c, span_of(kSum), false); }

}  // namespace octavo
