// DILATE: the same value between neighbours.
#include "ops/inlay.h"

namespace octavo {

Status prepare_dilate(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 3, 1));
  const Tensor &in = c.input(0), &factors = c.input(1), &padding = c.input(2);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 1, kMaxRank));
  OCTAVO_TRY(c.expect_same_type("input", in, "padding_value", padding));
  if (padding.shape.count() < 1) {
    return c.fail("padding_value \"", padding.info->name, "\" has shape ", padding.shape,
                  ", should have an element");
  }
  OCTAVO_TRY(c.expect_type("dilations", factors, {DType::kInt32}));
  OCTAVO_TRY(expect_integers(c, "dilations", factors, in.shape.rank));
  Shape shape = in.shape;
  for (int32_t d = 0; d < shape.rank; ++d) {
    const int64_t factor = integer_at(factors, d);
    const int64_t size = in.shape[d] == 0 ? 0 : (in.shape[d] - 1) * factor + 1;
    if (factor < 1 || size > INT32_MAX) {
      return c.fail("dilations \"", factors.info->name, "\" has ", factor, " for dimension ", d,
                    " of input shape ", in.shape);
    }
    shape[d] = static_cast<int32_t>(size);
  }
  OCTAVO_TRY(c.set_shape(0, shape));
  Layout to = row_major(shape);
  for (int32_t d = 0; d < shape.rank; ++d) {
    if (in.shape[d] > 1) to.strides[d] *= integer_at(factors, d);
  }
  Inlay p;
  p.element_bytes = element_bytes(in);
  p.ground = Ground::kElement;
  p.ground_input = 2;
  p.copy = plan_copy(in.shape, p.element_bytes, row_major(in.shape), to);
  return set_inlay(c, p);
}

}  // namespace octavo
