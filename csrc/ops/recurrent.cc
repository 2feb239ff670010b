#include "ops/recurrent.h"

#include <limits>

#include "base/math.h"

namespace octavo {
namespace {

// The sums of a block of steps stay in the nearer caches.
constexpr int64_t kBlockBytes = 256 << 10;

void multiply_rows(const RecurrentInputs& r, const MatrixProduct& p, const Step& s,
                   const Workspace& w, const void* in, int32_t first, int32_t count,
                   uint8_t* converted, void* sums) {
  const Sequence& q = r.sequence;
  const int64_t row_bytes = dtype_bytes(p.rows_type, p.depth);
  const int64_t matrix_stride = int64_t{r.block} * q.batch * p.columns;
  constexpr int64_t kSumBytes = 4;
  const int32_t pieces = q.is_time_major ? 1 : q.batch;  // that lie together
  const int64_t rows = q.is_time_major ? int64_t{count} * q.batch : count;
  for (int32_t b = 0; b < pieces; ++b) {
    multiply(p, s, w, static_cast<const uint8_t*>(in) + q.row(first, b) * row_bytes, rows,
             converted, static_cast<uint8_t*>(sums) + b * rows * p.columns * kSumBytes,
             matrix_stride);
  }
}

void sign_bits(int64_t count, const float* in, float* out) {
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    memcpy(&bits, in + i, sizeof(bits));
    out[i] = static_cast<float>(bits >> 31);
  }
}

}  // namespace

void plan_inputs(RecurrentInputs* r, ScratchLayout* layout) {
  Sequence& q = r->sequence;
  if (q.steps == 1) q.is_time_major = true;  // the same, in one piece
  const int64_t step_bytes = int64_t{q.batch} * r->product.count * r->product.columns * 4;
  r->block = static_cast<int32_t>(
      clamp<int64_t>(kBlockBytes / max(step_bytes, int64_t{1}), 1, max(q.steps, 1)));
  const int64_t rows = int64_t{r->block} * q.batch, bytes = r->block * step_bytes;
  r->sums = layout->add(bytes);
  r->aux_sums = layout->add(r->aux != kNoTensor ? bytes : 0);
  r->converted = layout->add(
      max(octavo::scratch_bytes(r->product, rows), octavo::scratch_bytes(r->aux_product, rows)));
}

void multiply_block(const RecurrentInputs& r, const Step& s, const Workspace& w, int32_t first,
                    int32_t count, uint8_t* scratch) {
  const auto input = [&](int32_t i) -> const void* {
    return s.inputs[static_cast<size_t>(i)]->data;
  };
  multiply_rows(r, r.product, s, w, input(r.input), first, count, scratch + r.converted,
                scratch + r.sums);
  if (r.aux == kNoTensor) return;
  multiply_rows(r, r.aux_product, s, w, input(r.aux), first, count, scratch + r.converted,
                scratch + r.aux_sums);
}

Status read_sequence(const PrepareContext& c, bool is_time_major, Sequence* sequence) {
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.expect_rank("input", in, 3, 3));
  *sequence = {in.shape[is_time_major ? 1 : 0], in.shape[is_time_major ? 0 : 1], is_time_major,
               false};
  return {};
}

Status require(const PrepareContext& c, int32_t i, const char* role) {
  if (c.has_input(i)) return {};
  return c.fail("input ", i, ", ", role, ", is left out, but it is not optional");
}

Status expect_state(const PrepareContext& c, const char* role, const Tensor& t, DType type,
                    int64_t count) {
  if (!t.info->is_variable) return c.fail(role, " \"", t.info->name, "\" is not a variable");
  OCTAVO_TRY(c.expect_type(role, t, {type}));
  if (t.shape.count() == count) return {};
  return c.fail(role, " \"", t.info->name, "\" has ", t.shape.count(), " elements, should have ",
                count);
}

Status expect_vector(const PrepareContext& c, const char* role, const Tensor& t, DType type,
                     int32_t count) {
  OCTAVO_TRY(c.expect_rank(role, t, 1, 1));
  OCTAVO_TRY(c.expect_type(role, t, {type}));
  if (t.shape[0] == count) return {};
  return c.fail(role, " \"", t.info->name, "\" has ", t.shape[0], " elements, should have ", count);
}

Status expect_symmetric(const PrepareContext& c, const char* role, const Tensor& t) {
  OCTAVO_TRY(c.expect_per_tensor(role, t));
  if (t.zero_point() == 0) return {};
  return c.fail(role, " \"", t.info->name, "\" has zero point ", t.zero_point(), ", should have 0");
}

void activate(Activation activation, const Workspace& w, int64_t count, const float* in,
              float* out) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (activation) {
    case Activation::kNone:
      if (in != out) memcpy(out, in, static_cast<size_t>(count) * sizeof(float));
      return;
    case Activation::kRelu:
      return w.kernels.relu_f32({count, 0, kInfinity}, in, out);
    case Activation::kReluN1To1:
      return w.kernels.relu_f32({count, -1, 1}, in, out);
    case Activation::kRelu6:
      return w.kernels.relu_f32({count, 0, 6}, in, out);
    case Activation::kTanh:
      return w.kernels.tanh_f32(count, in, out);
    case Activation::kSignBit:
      return sign_bits(count, in, out);
  }
}

}  // namespace octavo
