// PACK joins tensors along a new axis, UNPACK cuts one along an axis that it removes.
#include "graph/options.h"
#include "ops/copy.h"

namespace octavo {

Status prepare_pack(PrepareContext& c) {
  const auto& o = c.options<AxisOptions>();
  if (o.count < 1) return c.fail("option values_count is ", o.count, ", should be above 0");
  OCTAVO_TRY(c.expect_operands(o.count, o.count, 1));
  const Tensor& first = c.input(0);
  OCTAVO_TRY(c.expect_rank("input", first, 0, kMaxRank - 1));
  for (int32_t i = 0; i < o.count; ++i) {
    const Tensor& t = c.input(i);
    OCTAVO_TRY(expect_movable(c, t, c.output(0)));
    OCTAVO_TRY(expect_unscaled(c, t, c.output(0)));
    if (t.shape != first.shape) {
      return c.fail("input ", i, " has shape ", t.shape, ", input 0 has ", first.shape);
    }
  }
  int32_t axis;
  OCTAVO_TRY(normalize_axis(c, o.axis, first.shape.rank + 1, axis));
  const Shape whole = insert_dimension(first.shape, axis, o.count);
  const Shape part = insert_dimension(first.shape, axis, 1);
  OCTAVO_TRY(c.set_shape(0, whole));
  Span<StridedCopyParams> copies;
  OCTAVO_TRY(set_join(c, copies));
  for (int32_t i = 0; i < o.count; ++i) {
    copies[i] =
        plan_copy(part, element_bytes(first), row_major(part), row_major_from(whole, axis, i));
  }
  return {};
}

Status prepare_unpack(PrepareContext& c) {
  const auto& o = c.options<AxisOptions>();
  OCTAVO_TRY(c.expect_operands(1, 1, o.count));
  const Tensor& in = c.input(0);
  int32_t axis;
  OCTAVO_TRY(normalize_axis(c, o.axis, in.shape.rank, axis));
  if (in.shape[axis] != o.count) {
    return c.fail("option num is ", o.count, ", input shape ", in.shape, " has ", in.shape[axis],
                  " in dimension ", axis);
  }
  Shape part = in.shape;
  part[axis] = 1;
  Span<StridedCopyParams> copies;
  OCTAVO_TRY(c.make_array(c.output_count(), copies));
  for (int32_t i = 0; i < o.count; ++i) {
    OCTAVO_TRY(expect_movable(c, in, c.output(i)));
    OCTAVO_TRY(expect_unscaled(c, in, c.output(i)));
    OCTAVO_TRY(c.set_shape(i, remove_dimension(in.shape, axis)));
    copies[i] =
        plan_copy(part, element_bytes(in), row_major_from(in.shape, axis, i), row_major(part));
  }
  return set_cut(c, 0, copies);
}

}  // namespace octavo
