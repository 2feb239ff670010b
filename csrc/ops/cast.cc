// CAST.
#include "base/int4.h"
#include "base/math.h"
#include "ops/unpacked.h"

namespace octavo {
namespace {

using reference::CastParams;

Status invoke_cast(const Step& s, const Workspace& w) {
  w.kernels.cast(s.params<CastParams>(), s.input(0), s.output(0));
  return {};
}

// int4 saturates too.
Status invoke_cast_to_int4(const Step& s, const Workspace& w) {
  const auto& p = s.params<CastParams>();
  int8_t* values = s.scratch(0);
  w.kernels.cast(p, s.input(0), values);
  for (int64_t i = 0; i < p.count; ++i) values[i] = clamp<int8_t>(values[i], -8, 7);
  pack_int4(p.count, values, s.output(0));
  return {};
}

Status prepare_cast_bytes(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  if (!reference::is_castable(in.type) || !reference::is_castable(out.type)) return c.fail_types();
  OCTAVO_TRY(c.set_shape(0, in.shape));
  c.step.effect = Effect::kElementwise;
  return c.set_invoke(&invoke_cast, CastParams{in.type, out.type, in.shape.count()});
}

}  // namespace

// The tensors' types count, not those in the options, which old converters left out.
Status prepare_cast(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor &in = c.input(0), &out = c.output(0);
  if (out.type != DType::kInt4) return prepare_unpacked(c, &prepare_cast_bytes);
  if (in.type != DType::kFloat32) return c.fail_types();
  OCTAVO_TRY(c.set_shape(0, in.shape));
  const CastParams p = {in.type, DType::kInt8, in.shape.count()};
  OCTAVO_TRY(c.set_invoke(&invoke_cast_to_int4, p));
  return c.add_scratch(p.count);
}

}  // namespace octavo
