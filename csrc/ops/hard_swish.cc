// HARD_SWISH.
#include "ops/elementwise.h"
#include "ops/lut.h"

namespace octavo {

Status prepare_hard_swish(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  OCTAVO_TRY(c.expect_type("input", in, {DType::kFloat32, DType::kInt8, DType::kUInt8}));
  if (in.type == DType::kFloat32) {
    c.step.invoke = &invoke_elements<&Kernels::hard_swish_f32>;
    return {};
  }
  OCTAVO_TRY(expect_quantized_operands(c));
  // Wholly in float32, then widened.
  const float step = 1.0f / 128 * in.scale();
  const Multiplier to_output = quantize_multiplier(step / out.scale());
  const Multiplier to_reluish = quantize_multiplier(step / (3.0f / 32768));
  if (to_output.shift > 0) {
    return c.fail("input scale ", in.scale(), " is 128 times the output scale ", out.scale(),
                  " or more");
  }
  const DTypeInfo& type = dtype_info(in.type);
  return make_lookup_8(c, [&](uint8_t* lut) {
    reference::build_hard_swish_lut(
        {in.zero_point(), out.zero_point(), type.min, type.max, to_output, to_reluish}, lut);
  });
}

}  // namespace octavo
