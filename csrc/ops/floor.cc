// FLOOR.
#include "ops/elementwise.h"

namespace octavo {

Status prepare_floor(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  OCTAVO_TRY(c.expect_type("input", c.input(0), {DType::kFloat32}));
  c.step.invoke = &invoke_elements<&Kernels::floor_f32>;
  return {};
}

}  // namespace octavo
