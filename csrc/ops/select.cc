// SELECT, SELECT_V2: each element from one of two tensors, as a third says.
#include "reference/select.h"

#include "ops/copy.h"
#include "reference/broadcast.h"

namespace octavo {
namespace {

using reference::SelectParams;

Status invoke_select(const Step& s, const Workspace&) {
  reference::select(s.params<SelectParams>(), s.input(0), s.input(1), s.input(2), s.output(0));
  return {};
}

Status expect_choices(const PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 3, 1));
  OCTAVO_TRY(c.expect_type("condition", c.input(0), {DType::kBool}));
  OCTAVO_TRY(c.expect_same_type("x", c.input(1), "y", c.input(2)));
  return expect_movable(c, c.input(1), c.output(0));
}

// `shapes` are those of the condition, x and y, which broadcast to `out`. Neighbours along which
// the same operands repeat become one dimension.
SelectParams plan_select(const Shape (&shapes)[3], const Shape& out, int32_t element_bytes) {
  SelectParams p = {element_bytes, 0, {}, {}};
  int64_t strides[3][kMaxRank] = {};
  for (int32_t k = 0; k < 3; ++k) {
    const Layout own = row_major(shapes[k]);
    for (int32_t d = 0; d < shapes[k].rank; ++d) {
      if (shapes[k][d] != 1) strides[k][d + out.rank - shapes[k].rank] = own.strides[d];
    }
  }
  for (int32_t d = 0; d < out.rank; ++d) {
    if (out[d] == 1) continue;
    bool merges = p.rank > 0;
    for (int32_t k = 0; merges && k < 3; ++k) {
      merges = p.strides[k][p.rank - 1] == out[d] * strides[k][d];
    }
    if (!merges) p.dims[p.rank++] = 1;
    const int32_t last = p.rank - 1;
    p.dims[last] *= out[d];
    for (int32_t k = 0; k < 3; ++k) p.strides[k][last] = strides[k][d];
  }
  if (p.rank == 0) p.dims[p.rank++] = 1;
  return p;
}

Status set_select(PrepareContext& c, const Shape (&shapes)[3], const Shape& out) {
  OCTAVO_TRY(c.set_shape(0, out));
  c.step.effect = Effect::kElementwise;
  return c.set_invoke(&invoke_select, plan_select(shapes, out, element_bytes(c.output(0))));
}

}  // namespace

// The condition is of the others' shape, a scalar, or a vector that decides over whole slices.
Status prepare_select(PrepareContext& c) {
  OCTAVO_TRY(expect_choices(c));
  const Shape &condition = c.input(0).shape, &x = c.input(1).shape, &y = c.input(2).shape;
  if (x != y) return c.fail("x has shape ", x, ", y ", y);
  Shape shapes[3] = {condition, x, y};
  if (condition != x && condition.rank > 0) {
    if (condition.rank != 1 || x.rank == 0 || condition[0] != x[0]) {
      return c.fail("condition has shape ", condition, ", x and y ", x);
    }
    shapes[0].rank = x.rank;
    for (int32_t d = 1; d < x.rank; ++d) shapes[0][d] = 1;
  }
  return set_select(c, shapes, x);
}

Status prepare_select_v2(PrepareContext& c) {
  OCTAVO_TRY(expect_choices(c));
  const Shape shapes[3] = {c.input(0).shape, c.input(1).shape, c.input(2).shape};
  Shape choices, out;
  if (!reference::broadcast_shapes(shapes[1], shapes[2], choices) ||
      !reference::broadcast_shapes(shapes[0], choices, out)) {
    return c.fail("inputs have shapes ", shapes[0], ", ", shapes[1], " and ", shapes[2],
                  ", which do not broadcast against each other");
  }
  return set_select(c, shapes, out);
}

}  // namespace octavo
