// TRANSPOSE.
#include "ops/copy.h"
#include "ops/unpacked.h"

namespace octavo {
namespace {

Status prepare_transpose_bytes(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &in = c.input(0), &perm = c.input(1);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(expect_integers(c, "perm", perm, in.shape.rank));
  const Layout whole = row_major(in.shape);
  Layout from;
  Shape shape;
  shape.rank = in.shape.rank;
  bool seen[kMaxRank] = {};
  for (int32_t d = 0; d < shape.rank; ++d) {
    int32_t axis;
    OCTAVO_TRY(normalize_axis(c, integer_at(perm, d), shape.rank, axis));
    if (seen[axis]) return c.fail("perm \"", perm.info->name, "\" has dimension ", axis, " twice");
    seen[axis] = true;
    shape[d] = in.shape[axis];
    from.strides[d] = whole.strides[axis];
  }
  OCTAVO_TRY(c.set_shape(0, shape));
  return set_copy(c, plan_copy(shape, element_bytes(in), from, row_major(shape)));
}

}  // namespace

Status prepare_transpose(PrepareContext& c) {
  return prepare_unpacked(c, &prepare_transpose_bytes);
}

}  // namespace octavo
