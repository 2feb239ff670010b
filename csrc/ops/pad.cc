// PAD, PADV2: a border of one value around a tensor.
#include "ops/inlay.h"

namespace octavo {
namespace {

Status expect_border(const PrepareContext& c, const Tensor& border) {
  OCTAVO_TRY(c.expect_same_type("input", c.input(0), "constant_values", border));
  if (border.shape.count() != 1) {
    return c.fail("constant_values \"", border.info->name, "\" has shape ", border.shape,
                  ", should have 1 element");
  }
  if (!has_zero_point(border) && !has_zero_point(c.output(0))) return {};
  return c.expect_same_quantization("constant_values", border, "output", c.output(0));
}

}  // namespace

Status prepare_pad(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 3, 1));
  const Tensor &in = c.input(0), &paddings = c.input(1), &out = c.output(0);
  OCTAVO_TRY(expect_movable(c, in, out));
  OCTAVO_TRY(c.expect_type("paddings", paddings,
                           {DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64}));
  if (paddings.shape != make_shape(in.shape.rank, 2)) {
    return c.fail("paddings \"", paddings.info->name, "\" has shape ", paddings.shape,
                  ", should have (", in.shape.rank, ", 2) for input shape ", in.shape);
  }
  OCTAVO_TRY(c.expect_known("paddings", paddings));

  Shape shape = in.shape;
  int64_t before[kMaxRank];
  for (int32_t d = 0; d < shape.rank; ++d) {
    before[d] = integer_at(paddings, 2 * d);
    const int64_t after = integer_at(paddings, 2 * d + 1);
    const int64_t most = INT32_MAX - in.shape[d];
    if (before[d] < 0 || after < 0 || before[d] > most || after > most - before[d]) {
      return c.fail("paddings \"", paddings.info->name, "\" has ", before[d], " and ", after,
                    " for dimension ", d, " of input shape ", in.shape);
    }
    shape[d] = static_cast<int32_t>(in.shape[d] + before[d] + after);
  }
  OCTAVO_TRY(c.set_shape(0, shape));

  Inlay p;
  p.element_bytes = element_bytes(in);
  Layout inside = row_major(shape);
  for (int32_t d = 0; d < shape.rank; ++d) inside.offset += before[d] * inside.strides[d];
  p.copy = plan_copy(in.shape, p.element_bytes, row_major(in.shape), inside);
  if (c.has_input(2)) {
    OCTAVO_TRY(expect_border(c, c.input(2)));
    p.ground = Ground::kElement;
    p.ground_input = 2;
  } else {
    OCTAVO_TRY(write_zero(c, out, p.zero));
  }
  return set_inlay(c, p);
}

}  // namespace octavo
