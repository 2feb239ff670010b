// MEAN, SUM.
#include "graph/options.h"
#include "ops/axis.h"

namespace octavo {
namespace {

using reference::ReduceParams;

// For kernels that sum in a wider type than the output's, in scratch memory.
template <auto kKernel>
Status invoke_reduce_wide(const Step& s, const Workspace& w) {
  (w.kernels.*kKernel)(s.params<ReduceParams>(), s.input(0), s.scratch(0), s.output(0));
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

Status prepare_reduce(PrepareContext& c, Span<const ReduceKernel> kernels, bool is_mean) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  OCTAVO_TRY(c.expect_type(
      "input", in,
      {DType::kFloat32, DType::kInt8, DType::kUInt8, DType::kInt16, DType::kInt32, DType::kInt64}));
  OCTAVO_TRY(c.expect_same_type("input", in, "output", out));
  bool reduced[kMaxRank] = {};
  OCTAVO_TRY(find_reduced(c, reduced));
  const bool keep_dims = c.options<ReducerOptions>().keep_dims;
  OCTAVO_TRY(c.set_shape(0, output_shape(in.shape, reduced, keep_dims)));

  ReduceParams* p;
  OCTAVO_TRY(c.make_params(p));
  set_walk(in.shape, reduced, p);
  for (const ReduceKernel& kernel : kernels) {
    if (kernel.type != in.type) continue;
    c.step.invoke = kernel.invoke;
    if (kernel.sum_bytes > 0) OCTAVO_TRY(c.add_scratch(p->outputs * kernel.sum_bytes));
    if (!kernel.quantized) continue;
    OCTAVO_TRY(c.expect_per_tensor("input", in));
    OCTAVO_TRY(c.expect_per_tensor("output", out));
    p->in_zero = in.zero_point();
    p->out_zero = out.zero_point();
    p->multiplier = quantize_multiplier(double{in.scale()} / double{out.scale()});
    if (is_mean && p->count > 0) {
      p->multiplier = reference::mean_multiplier(p->multiplier, p->count);
    }
  }
  return {};
}

}  // namespace

Status prepare_mean(PrepareContext& c) {
  return prepare_reduce(c, {kMean, sizeof(kMean) / sizeof(kMean[0])}, true);
}

Status prepare_sum(PrepareContext& c) {
  return prepare_reduce(c, {kSum, sizeof(kSum) / sizeof(kSum[0])}, false);
}

}  // namespace octavo
