// ONE_HOT: each index as a vector that is `off` but for one place.
#include "reference/one_hot.h"

#include "graph/options.h"
#include "ops/copy.h"
#include "ops/indices.h"

namespace octavo {
namespace {

using reference::OneHotParams;

Status invoke_one_hot(const Step& s, const Workspace&) {
  widen(*s.inputs[0], s.scratch(0));
  reference::one_hot(s.params<OneHotParams>(), s.scratch(0), s.input(2), s.input(3), s.output(0));
  return {};
}

}  // namespace

Status prepare_one_hot(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(4, 4, 1));
  const Tensor &indices = c.input(0), &depth = c.input(1);
  OCTAVO_TRY(c.expect_type("indices", indices, {DType::kInt32, DType::kInt64}));
  OCTAVO_TRY(c.expect_rank("indices", indices, 0, kMaxRank - 1));
  OCTAVO_TRY(c.expect_type("depth", depth, {DType::kInt32}));
  OCTAVO_TRY(expect_integers(c, "depth", depth, 1));
  const char* const roles[] = {"on_value", "off_value"};
  for (int32_t i = 0; i < 2; ++i) {
    const Tensor& value = c.input(2 + i);
    OCTAVO_TRY(expect_movable(c, value, c.output(0)));
    if (value.shape.count() != 1) {
      return c.fail(roles[i], " \"", value.info->name, "\" has shape ", value.shape,
                    ", should have 1 element");
    }
  }
  const int64_t size = integer_at(depth, 0);
  if (size < 0) return c.fail("depth \"", depth.info->name, "\" is ", size);
  int32_t axis;
  OCTAVO_TRY(normalize_axis(c, c.options<AxisOptions>().axis, indices.shape.rank + 1, axis));
  OCTAVO_TRY(c.set_shape(0, insert_dimension(indices.shape, axis, static_cast<int32_t>(size))));
  const OneHotParams p = {indices.shape.count(0, axis), size,
                          indices.shape.count(axis, indices.shape.rank),
                          element_bytes(c.output(0))};
  OCTAVO_TRY(c.set_invoke(&invoke_one_hot, p));
  return add_places(c, indices);
}

}  // namespace octavo
