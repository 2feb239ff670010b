// CAST.
#include "ops/op.h"

namespace octavo {
namespace {

using reference::CastParams;

Status invoke_cast(const Step& s, const Workspace& w) {
  w.kernels.cast(s.params<CastParams>(), s.input(0), s.output(0));
  return {};
}

}  // namespace

// The tensors' types count, not those in the options, which old converters left out.
Status prepare_cast(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  if (!reference::is_castable(in.type) || !reference::is_castable(out.type)) return c.fail_types();
  OCTAVO_TRY(c.set_shape(0, in.shape));
  CastParams* p;
  OCTAVO_TRY(c.make_params(p));
  *p = {in.type, out.type, in.shape.count()};
  c.step.effect = Effect::kElementwise;
  c.step.invoke = &invoke_cast;
  return {};
}

}  // namespace octavo
