// RESHAPE, SQUEEZE, EXPAND_DIMS, BITCAST: the same bytes in a new shape.
#include "base/math.h"
#include "graph/options.h"
#include "ops/copy.h"

namespace octavo {
namespace {

// Gives the output its shape and makes the node a copy.
Status finish(PrepareContext& c, const Shape& shape) {
  OCTAVO_TRY(c.set_shape(0, shape));
  StridedCopyParams copy = {};
  copy.block_bytes = c.input(0).bytes();
  return set_copy(c, copy);
}

// Whole tensors are copied: their elements need not be whole bytes.
Status expect_copy(const PrepareContext& c) {
  return c.expect_same_type("input", c.input(0), "output", c.output(0));
}

// What RESHAPE asks for, one dimension of which may be -1.
Status read_new_shape(const PrepareContext& c, Shape& shape) {
  const auto& o = c.options<DimsOptions>();
  // LiteRT takes the option where the second input is no vector of int32.
  if (c.has_input(1) && c.input(1).type == DType::kInt32 && c.input(1).shape.rank == 1) {
    const Tensor& dims = c.input(1);
    if (dims.shape[0] > kMaxRank) {
      return c.fail("shape \"", dims.info->name, "\" has ", dims.shape[0], " dimensions, at most ",
                    kMaxRank, " are possible");
    }
    OCTAVO_TRY(expect_integers(c, "shape", dims, dims.shape[0]));
    shape.rank = dims.shape[0];
    for (int32_t d = 0; d < shape.rank; ++d) {
      shape[d] = static_cast<int32_t>(integer_at(dims, d));
    }
    return {};
  }
  if (!o.given) {
    return c.fail("has neither a shape of int32 as second input nor the option new_shape");
  }
  // Old files say (0) for a scalar.
  shape.rank = o.count == 1 && o.dims[0] == 0 ? 0 : o.count;
  for (int32_t d = 0; d < shape.rank; ++d) shape[d] = o.dims[d];
  return {};
}

}  // namespace

Status prepare_reshape(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 2, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(expect_copy(c));
  Shape asked;
  OCTAVO_TRY(read_new_shape(c, asked));

  // The dimension that is -1 takes what the others leave, zeros not counted.
  Shape shape = asked;
  int32_t open = -1;
  for (int32_t d = 0; d < shape.rank; ++d) {
    if (asked[d] != -1) continue;
    if (open >= 0) return c.fail("new shape ", asked, " has more than one -1");
    open = d;
    shape[d] = 1;
  }
  if (!is_valid(shape)) return c.fail("new shape ", asked, " is no shape that a tensor can have");
  if (open >= 0) {
    int64_t in_count = 1, out_count = 1;
    for (int32_t d = 0; d < in.shape.rank; ++d) in_count *= max(in.shape[d], 1);
    for (int32_t d = 0; d < shape.rank; ++d) out_count *= max(shape[d], 1);
    const bool empty = in.shape.count() == 0 && shape.count() != 0;
    const int64_t rest = empty ? 0 : in_count / out_count;
    if (rest > INT32_MAX) return c.fail("new shape ", asked, " would have a dimension of ", rest);
    shape[open] = static_cast<int32_t>(rest);
  }
  if (!is_valid(shape) || shape.count() != in.shape.count()) {
    return c.fail("new shape ", asked, " does not hold the ", in.shape.count(),
                  " elements of input shape ", in.shape);
  }
  return finish(c, shape);
}

Status prepare_squeeze(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(expect_copy(c));
  const auto& o = c.options<DimsOptions>();
  bool removed[kMaxRank] = {};
  for (int32_t d = 0; d < in.shape.rank; ++d) removed[d] = o.count == 0 && in.shape[d] == 1;
  for (int32_t i = 0; i < o.count; ++i) {
    int32_t axis;
    OCTAVO_TRY(normalize_axis(c, o.dims[i], in.shape.rank, axis));
    if (in.shape[axis] != 1) {
      return c.fail("cannot remove dimension ", axis, " of input shape ", in.shape,
                    ": it is not 1");
    }
    removed[axis] = true;
  }
  Shape shape;
  for (int32_t d = 0; d < in.shape.rank; ++d) {
    if (!removed[d]) shape[shape.rank++] = in.shape[d];
  }
  return finish(c, shape);
}

Status prepare_expand_dims(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(expect_copy(c));
  OCTAVO_TRY(expect_unscaled(c, in, c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 0, kMaxRank - 1));
  OCTAVO_TRY(expect_integers(c, "axis", c.input(1), 1));
  int32_t axis;
  OCTAVO_TRY(normalize_axis(c, integer_at(c.input(1), 0), in.shape.rank + 1, axis));
  return finish(c, insert_dimension(in.shape, axis, 1));
}

// Elements that become smaller get a dimension of their own; those of the last one become one.
Status prepare_bitcast(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  const int32_t from = dtype_info(in.type).bits, to = dtype_info(c.output(0).type).bits;
  Shape shape = in.shape;
  if (from > to && from % to == 0) {
    OCTAVO_TRY(c.expect_rank("input", in, 0, kMaxRank - 1));
    shape = insert_dimension(shape, shape.rank, from / to);
  } else if (from < to) {
    if (shape.rank == 0 || int64_t{shape.back()} * from != to) {
      return c.fail("input shape ", in.shape, " of ", in.type, " should end with ", to / from,
                    " for output of ", c.output(0).type);
    }
    --shape.rank;
  }
  return finish(c, shape);
}

}  // namespace octavo
