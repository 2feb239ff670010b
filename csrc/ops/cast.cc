// CAST.
#include "base/math.h"
#include "base/packed.h"
#include "ops/unpacked.h"

namespace octavo {
namespace {

using reference::CastParams;

Status invoke_cast(const Step& s, const Workspace& w) {
  w.kernels.cast(s.params<CastParams>(), s.input(0), s.output(0));
  return {};
}

// Types of less than a byte saturate too.
Status invoke_cast_packed(const Step& s, const Workspace& w) {
  const auto& p = s.params<CastParams>();
  const DTypeInfo& type = dtype_info(s.outputs[0]->type);
  const auto low = static_cast<int8_t>(type.min), high = static_cast<int8_t>(type.max);
  int8_t* values = s.scratch(0);
  w.kernels.cast(p, s.input(0), values);
  for (int64_t i = 0; i < p.count; ++i) values[i] = clamp(values[i], low, high);
  pack(type, p.count, values, s.output(0));
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
  if (!is_packed(out.type)) return prepare_unpacked(c, &prepare_cast_bytes);
  if (in.type != DType::kFloat32) return c.fail_types();
  OCTAVO_TRY(c.set_shape(0, in.shape));
  const CastParams p = {in.type, DType::kInt8, in.shape.count()};
  OCTAVO_TRY(c.set_invoke(&invoke_cast_packed, p));
  return c.add_scratch(p.count);
}

}  // namespace octavo
