// SEGMENT_SUM, UNSORTED_SEGMENT_SUM, _PROD, _MAX, _MIN: rows joined that have the same id.
#include "ops/axis.h"
#include "ops/elementwise.h"
#include "reference/sums.h"

namespace octavo {
namespace {

using reference::SegmentParams;

template <auto kKernel>
Status invoke_segments(const Step& s, const Workspace&) {
  const auto& p = s.params<SegmentParams>();
  const int32_t* ids = s.input(1);
  for (int64_t r = 0; r < p.rows; ++r) {
    if (ids[r] < p.segments) continue;
    return s.fail("segment_ids \"", s.inputs[1]->info->name, "\" has ", ids[r], " for row ", r,
                  ", there are ", p.segments, " segments");
  }
  kKernel(p, ids, s.input(0), s.output(0));
  return {};
}

constexpr TypedInvoke kSum[] = {
    {DType::kFloat32, &invoke_segments<&reference::segment_sum_f32>},
    {DType::kInt32, &invoke_segments<&reference::segment_sum_s32>},
};
constexpr TypedInvoke kProd[] = {
    {DType::kFloat32, &invoke_segments<&reference::segment_prod_f32>},
    {DType::kInt32, &invoke_segments<&reference::segment_prod_s32>},
};
constexpr TypedInvoke kMax[] = {
    {DType::kFloat32, &invoke_segments<&reference::segment_max_f32>},
    {DType::kInt32, &invoke_segments<&reference::segment_max_s32>},
};
constexpr TypedInvoke kMin[] = {
    {DType::kFloat32, &invoke_segments<&reference::segment_min_f32>},
    {DType::kInt32, &invoke_segments<&reference::segment_min_s32>},
};

// The ids' dimensions are the input's first ones, and become one of `segments`.
template <size_t n>
Status set_segments(PrepareContext& c, int64_t segments, const TypedInvoke (&invokes)[n]) {
  const Tensor &in = c.input(0), &ids = c.input(1);
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  OCTAVO_TRY(c.expect_type("segment_ids", ids, {DType::kInt32}));
  const int32_t covered = ids.shape.rank;
  bool fits = covered <= in.shape.rank;
  for (int32_t d = 0; fits && d < covered; ++d) fits = ids.shape[d] == in.shape[d];
  if (!fits || (covered == 0 && in.shape.rank == kMaxRank)) {
    return c.fail("segment_ids \"", ids.info->name, "\" has shape ", ids.shape,
                  ", should have the first dimensions of input shape ", in.shape);
  }
  Shape shape = make_shape(segments);
  for (int32_t d = covered; d < in.shape.rank; ++d) shape[shape.rank++] = in.shape[d];
  OCTAVO_TRY(c.set_shape(0, shape));
  const SegmentParams p = {segments, ids.shape.count(), in.shape.count(covered, in.shape.rank)};
  OCTAVO_TRY(c.set_invoke(nullptr, p));
  return choose_invoke(c, invokes);
}

template <size_t n>
Status prepare_unsorted(PrepareContext& c, const TypedInvoke (&invokes)[n]) {
  OCTAVO_TRY(c.expect_operands(3, 3, 1));
  const Tensor& count = c.input(2);
  OCTAVO_TRY(c.expect_type("num_segments", count, {DType::kInt32}));
  OCTAVO_TRY(expect_integers(c, "num_segments", count, 1));
  const int64_t segments = integer_at(count, 0);
  if (segments < 0) return c.fail("num_segments \"", count.info->name, "\" is ", segments);
  return set_segments(c, segments, invokes);
}

}  // namespace

// The ids begin with 0 and grow by 1 at most; the last one says how many segments there are.
Status prepare_segment_sum(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& ids = c.input(1);
  OCTAVO_TRY(c.expect_rank("segment_ids", ids, 1, 1));
  OCTAVO_TRY(c.expect_type("segment_ids", ids, {DType::kInt32}));
  OCTAVO_TRY(c.expect_known("segment_ids", ids));
  int64_t last = -1;
  for (int64_t i = 0; i < ids.shape[0]; ++i) {
    const int64_t id = integer_at(ids, i);
    if (id != last + 1 && (i == 0 || id != last)) {
      return c.fail("segment_ids \"", ids.info->name, "\" has ", id, " after ", last,
                    ", should begin with 0 and grow by 1 at most");
    }
    last = id;
  }
  return set_segments(c, last + 1, kSum);
}

Status prepare_unsorted_segment_sum(PrepareContext& c) { return prepare_unsorted(c, kSum); }
Status prepare_unsorted_segment_prod(PrepareContext& c) { return prepare_unsorted(c, kProd); }
Status prepare_unsorted_segment_max(PrepareContext& c) { return prepare_unsorted(c, kMax); }
Status prepare_unsorted_segment_min(PrepareContext& c) { return prepare_unsorted(c, kMin); }

}  // namespace octavo
