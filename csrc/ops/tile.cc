// TILE, BROADCAST_TO, BROADCAST_ARGS: a tensor repeated along its dimensions.
#include "reference/tile.h"

#include "ops/copy.h"
#include "ops/shape.h"
#include "reference/broadcast.h"

namespace octavo {
namespace {

using reference::TileParams;

Status invoke_tile(const Step& s, const Workspace&) {
  reference::tile(s.params<TileParams>(), s.input(0), s.output(0));
  return {};
}

// A dimension that is not repeated belongs to the blocks that the one before it counts.
TileParams plan_tile(const Shape& shape, const int64_t* multiples, int64_t element_bytes) {
  TileParams p = {0, element_bytes, {}, {}};
  for (int32_t d = 0; d < shape.rank; ++d) {
    if (p.rank > 0 && multiples[d] == 1) {
      p.dims[p.rank - 1] *= shape[d];
    } else {
      p.dims[p.rank] = shape[d];
      p.multiples[p.rank++] = multiples[d];
    }
  }
  return p;
}

}  // namespace

Status prepare_tile(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &in = c.input(0), &given = c.input(1);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(expect_integers(c, "multiples", given, in.shape.rank));
  Shape shape = in.shape;
  int64_t multiples[kMaxRank];
  for (int32_t d = 0; d < shape.rank; ++d) {
    multiples[d] = integer_at(given, d);
    if (multiples[d] < 0 || multiples[d] > INT32_MAX || multiples[d] * shape[d] > INT32_MAX) {
      return c.fail("multiples \"", given.info->name, "\" has ", multiples[d], " for dimension ", d,
                    " of input shape ", in.shape);
    }
    shape[d] = static_cast<int32_t>(multiples[d] * shape[d]);
  }
  OCTAVO_TRY(c.set_shape(0, shape));
  return c.set_invoke(&invoke_tile, plan_tile(in.shape, multiples, element_bytes(in)));
}

Status prepare_broadcast_to(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  Shape shape, together;
  OCTAVO_TRY(read_shape(c, "shape", c.input(1), shape));
  if (!reference::broadcast_shapes(in.shape, shape, together) || together != shape) {
    return c.fail("input shape ", in.shape, " does not broadcast to ", shape);
  }
  OCTAVO_TRY(c.set_shape(0, shape));
  const Layout own = row_major(in.shape);
  Layout from;
  for (int32_t d = 0; d < in.shape.rank; ++d) {
    if (in.shape[d] != 1) from.strides[d + shape.rank - in.shape.rank] = own.strides[d];
  }
  return set_copy(c, plan_copy(shape, element_bytes(in), from, row_major(shape)));
}

// The shape that two shapes broadcast to, which is known while preparing.
Status prepare_broadcast_args(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  OCTAVO_TRY(c.expect_same_type("input", c.input(0), "output", c.output(0)));
  OCTAVO_TRY(c.expect_same_type("input", c.input(0), "input", c.input(1)));
  Shape a, b, together;
  OCTAVO_TRY(read_shape(c, "input", c.input(0), a));
  OCTAVO_TRY(read_shape(c, "input", c.input(1), b));
  if (!reference::broadcast_shapes(a, b, together)) {
    return c.fail("shapes ", a, " and ", b, " do not broadcast against each other");
  }
  return make_known_shape(c, together);
}

}  // namespace octavo
