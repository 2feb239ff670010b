#include "ops/inlay.h"

namespace octavo {
namespace {

Status invoke_inlay(const Step& s, const Workspace& w) {
  const auto& p = s.params<Inlay>();
  lay_ground(p, s, w);
  w.kernels.strided_copy(p.copy, s.input(p.input), s.output(0));
  return {};
}

}  // namespace

void lay_ground(const Inlay& inlay, const Step& s, const Workspace& w) {
  void* out = s.output(0);
  const void* ground = inlay.zero;
  if (inlay.ground != Ground::kZero) ground = s.input(inlay.ground_input);
  if (inlay.ground != Ground::kTensor) {
    w.kernels.fill(s.outputs[0]->shape.count(), inlay.element_bytes, ground, out);
  } else if (ground != out) {
    memcpy(out, ground, s.outputs[0]->bytes());
  }
}

Status set_inlay(PrepareContext& c, const Inlay& inlay) {
  if (inlay.ground == Ground::kTensor) c.step.effect = Effect::kOverwrites;
  return c.set_invoke(&invoke_inlay, inlay);
}

}  // namespace octavo
