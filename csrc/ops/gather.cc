// GATHER, GATHER_ND: slices of a tensor at places that another tensor says.
#include "reference/gather.h"

#include "graph/options.h"
#include "ops/copy.h"
#include "ops/indices.h"
#include "ops/unpacked.h"

namespace octavo {
namespace {

using reference::GatherParams;

struct GatherStep {
  GatherParams kernel;
  IndexSpace space;
};

Status invoke_gather(const Step& s, const Workspace&) {
  const auto& p = s.params<GatherStep>();
  int64_t* places = s.scratch(0);
  OCTAVO_TRY(read_places(s, 1, p.space, places));
  reference::gather(p.kernel, places, s.input(0), s.output(0));
  return {};
}

Status expect_indices(const PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  OCTAVO_TRY(expect_movable(c, c.input(0), c.output(0)));
  return c.expect_type("indices", c.input(1), {DType::kInt16, DType::kInt32, DType::kInt64});
}

Status set_gather(PrepareContext& c, const GatherStep& p) {
  OCTAVO_TRY(c.set_invoke(&invoke_gather, p));
  return add_places(c, c.input(1));
}

// The dimensions [first, last) of a shape, after those of another.
Status append(const PrepareContext& c, const Shape& from, int32_t first, int32_t last, Shape& to) {
  if (to.rank + last - first > kMaxRank) {
    return c.fail("output would have ", to.rank + last - first, " dimensions, at most ", kMaxRank,
                  " are possible");
  }
  for (int32_t d = first; d < last; ++d) to[to.rank++] = from[d];
  return {};
}

// How many first dimensions both inputs share: batch_dims, which counts from the end of the
// indices' where it is negative.
Status read_batch_dims(const PrepareContext& c, int32_t given, int32_t axis, int32_t& out) {
  const Shape &in = c.input(0).shape, &indices = c.input(1).shape;
  const int64_t dims = given < 0 ? int64_t{given} + indices.rank : given;
  if (dims < 0 || dims > indices.rank || dims > axis) {
    return c.fail("option batch_dims is ", given, ", indices have ", indices.rank,
                  " dimensions, axis is ", axis);
  }
  out = static_cast<int32_t>(dims);
  for (int32_t d = 0; d < out; ++d) {
    if (in[d] != indices[d]) {
      return c.fail("input has shape ", in, ", indices ", indices, ": the first ", out,
                    " dimensions should be the same");
    }
  }
  return {};
}

Status prepare_gather_bytes(PrepareContext& c) {
  OCTAVO_TRY(expect_indices(c));
  const Tensor& in = c.input(0);
  const Shape& indices = c.input(1).shape;
  const auto& o = c.options<GatherOptions>();
  int32_t axis, batch = 0;
  OCTAVO_TRY(normalize_axis(c, o.axis, in.shape.rank, axis));
  OCTAVO_TRY(read_batch_dims(c, o.batch_dims, axis, batch));
  Shape shape;
  OCTAVO_TRY(append(c, in.shape, 0, axis, shape));
  OCTAVO_TRY(append(c, indices, batch, indices.rank, shape));
  OCTAVO_TRY(append(c, in.shape, axis + 1, in.shape.rank, shape));
  OCTAVO_TRY(c.set_shape(0, shape));

  GatherStep p;
  p.kernel.batches = in.shape.count(0, batch);
  p.kernel.outer = in.shape.count(batch, axis);
  p.kernel.size = in.shape[axis];
  p.kernel.count = indices.count(batch, indices.rank);
  p.kernel.block_bytes = in.shape.count(axis + 1, in.shape.rank) * element_bytes(in);
  p.space = {1, {in.shape[axis]}, {1}};
  return set_gather(c, p);
}

Status prepare_gather_nd_bytes(PrepareContext& c) {
  OCTAVO_TRY(expect_indices(c));
  const Tensor& in = c.input(0);
  const Shape& indices = c.input(1).shape;
  OCTAVO_TRY(c.expect_rank("indices", c.input(1), 1, kMaxRank));
  const int32_t depth = indices.back();
  if (depth < 1 || depth > in.shape.rank) {
    return c.fail("indices have shape ", indices, ": rows of ", depth, ", input has shape ",
                  in.shape);
  }
  Shape shape;
  OCTAVO_TRY(append(c, indices, 0, indices.rank - 1, shape));
  OCTAVO_TRY(append(c, in.shape, depth, in.shape.rank, shape));
  OCTAVO_TRY(c.set_shape(0, shape));

  GatherStep p;
  p.kernel = {1, 1, in.shape.count(0, depth), indices.count(0, indices.rank - 1),
              in.shape.count(depth, in.shape.rank) * element_bytes(in)};
  p.space = leading_dimensions(in.shape, depth);
  return set_gather(c, p);
}

}  // namespace

Status prepare_gather(PrepareContext& c) { return prepare_unpacked(c, &prepare_gather_bytes); }

Status prepare_gather_nd(PrepareContext& c) {
  return prepare_unpacked(c, &prepare_gather_nd_bytes);
}

}  // namespace octavo
