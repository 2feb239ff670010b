// FILL, ZEROS_LIKE: tensors of one value.
#include "ops/copy.h"
#include "ops/shape.h"

namespace octavo {
namespace {

struct FillParams {
  int32_t element_bytes;
  int32_t value;  // the input that holds it; kNoTensor: 0
};

Status invoke_fill(const Step& s, const Workspace& w) {
  const auto& p = s.params<FillParams>();
  const uint8_t zero[kZeroBytes] = {};
  const void* value = zero;
  if (p.value != kNoTensor) value = s.input(p.value);
  w.kernels.fill(s.outputs[0]->shape.count(), p.element_bytes, value, s.output(0));
  return {};
}

}  // namespace

Status prepare_fill(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& value = c.input(1);
  OCTAVO_TRY(expect_movable(c, value, c.output(0)));
  OCTAVO_TRY(expect_unscaled(c, value, c.output(0)));
  OCTAVO_TRY(c.expect_rank("value", value, 0, 0));
  Shape shape;
  OCTAVO_TRY(read_shape(c, "dims", c.input(0), shape));
  OCTAVO_TRY(c.set_shape(0, shape));
  return c.set_invoke(&invoke_fill, FillParams{element_bytes(value), 1});
}

Status prepare_zeros_like(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  OCTAVO_TRY(expect_movable(c, c.input(0), c.output(0)));
  OCTAVO_TRY(c.set_shape(0, c.input(0).shape));
  return c.set_invoke(&invoke_fill, FillParams{element_bytes(c.output(0)), kNoTensor});
}

}  // namespace octavo
