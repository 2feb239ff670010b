#include "ops/elementwise.h"

namespace octavo {
Status prepare_unary(const PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  OCTAVO_TRY(c.expect_same_type("input", c.input(0), "output", c.output(0)));
  c.step.effect = Effect::kElementwise;
  return c.set_shape(0, c.input(0).shape);
}

Status prepare_binary(const PrepareContext& c, reference::Broadcast* broadcast) {
  OCTAVO_TRY(prepare_broadcast(c, broadcast));
  return c.expect_same_type("input 0", c.input(0), "output", c.output(0));
}

Status prepare_broadcast(const PrepareContext& c, reference::Broadcast* broadcast) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& a = c.input(0);
  const Tensor& b = c.input(1);
  OCTAVO_TRY(c.expect_same_type("input 0", a, "input 1", b));
  Shape shape;
  if (!reference::broadcast_shapes(a.shape, b.shape, shape)) {
    return c.fail("inputs have shapes ", a.shape, " and ", b.shape,
                  ", which do not broadcast against each other");
  }
  OCTAVO_TRY(c.set_shape(0, shape));
  c.step.effect = Effect::kElementwise;
  *broadcast = reference::plan_broadcast(a.shape, b.shape, shape);
  return {};
}

Status expect_quantized_operands(const PrepareContext& c) {
  for (int32_t i = 0; i < c.input_count(); ++i) {
    OCTAVO_TRY(c.expect_per_tensor("input", c.input(i)));
    OCTAVO_TRY(c.expect_symmetric_int16("input", c.input(i)));
  }
  OCTAVO_TRY(c.expect_per_tensor("output", c.output(0)));
  return c.expect_symmetric_int16("output", c.output(0));
}

}  // namespace octavo
