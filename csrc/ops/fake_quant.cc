// FAKE_QUANT: what quantizing to so many bits would do to a float, in networks trained for it.
#include "reference/fake_quant.h"

#include "graph/options.h"
#include "ops/elementwise.h"

namespace octavo {
namespace {

using reference::FakeQuantParams;

Status invoke_fake_quant(const Step& s, const Workspace& w) {
  run_counted(&reference::fake_quant_f32, s, w);
  return {};
}

}  // namespace

Status prepare_fake_quant(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  OCTAVO_TRY(c.expect_type("input", c.input(0), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kFloat32}));
  const auto& options = c.options<FakeQuantOptions>();
  if (options.narrow_range) return c.fail("has a narrow range, which is for weights alone");
  if (options.num_bits < 2 || options.num_bits > 16) {
    return c.fail("option num_bits is ", options.num_bits, ", should be 2 to 16");
  }
  if (!(options.min <= 0 && options.max >= 0 && options.min < options.max)) {
    return c.fail("has the range ", options.min, " to ", options.max, ", which 0 should be in");
  }
  const FakeQuantParams p = reference::fake_quant_params(c.input(0).shape.count(), options.min,
                                                         options.max, options.num_bits);
  // A range that no float can have a step in.
  if (!(p.scale > 0) || !is_finite(p.scale) || !is_finite(1 / p.scale)) {
    return c.fail("has the range ", options.min, " to ", options.max,
                  ", whose step no float can be");
  }
  OCTAVO_TRY(c.set_shape(0, c.input(0).shape));
  c.step.effect = Effect::kElementwise;
  return c.set_invoke(&invoke_fake_quant, p);
}

}  // namespace octavo
