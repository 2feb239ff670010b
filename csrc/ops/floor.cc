#include "ops/op.h"

namespace octavo {
namespace {

struct FloorParams {
  int64_t count;
};

Status invoke_floor(const Step& s, const Workspace& w) {
  w.kernels.floor_f32(s.params<FloorParams>().count, s.input(0), s.output(0));
  return {};
}

}  // namespace

Status prepare_floor(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  OCTAVO_TRY(c.expect_type("input", c.input(0), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_same_type("input", c.input(0), "output", c.output(0)));
  OCTAVO_TRY(c.set_shape(0, c.input(0).shape));
  FloorParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = c.input(0).shape.count();
  c.step.invoke = &invoke_floor;
  return {};
}

}  // namespace octavo
