// NumericVerify: how far a quantized tensor is from the floats that it stands for, which LiteRT's
// debugger of quantized networks puts into them.
#include <limits>

#include "ops/custom_options.h"
#include "reference/verify.h"

namespace octavo {

Status prepare_dequantize(PrepareContext& c);

namespace {

struct Params {
  Step dequantize;  // the first input to the output
  float limit;      // of differences, infinite where they are only told
};

Status invoke_verify(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  OCTAVO_TRY(p.dequantize.invoke(p.dequantize, w));
  const float* wanted = s.input(1);
  float* out = s.output(0);
  const int64_t count = s.outputs[0]->shape.count();
  const int64_t place = reference::subtract_within(count, wanted, p.limit, out);
  if (place == count) return {};
  return s.fail("element ", place, " is ", wanted[place] + out[place], ", should be within ",
                p.limit, " of ", wanted[place]);
}

}  // namespace

Status prepare_numeric_verify(PrepareContext& c, void*) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &in = c.input(0), &wanted = c.input(1);
  OCTAVO_TRY(
      c.expect_type("input", in, {DType::kFloat16, DType::kInt8, DType::kInt16, DType::kUInt8}));
  OCTAVO_TRY(c.expect_type("reference", wanted, {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kFloat32}));
  if (in.shape != wanted.shape) {
    return c.fail("input has shape ", in.shape, ", reference has ", wanted.shape);
  }
  float tolerance = 0;
  bool log_if_failed = false;
  OCTAVO_TRY(read_custom_options(c, [&](const FlexMap& options) -> Status {
    OCTAVO_TRY(options.get("tolerance", tolerance));
    return options.get("log_if_failed", log_if_failed);
  }));

  Params* p;
  OCTAVO_TRY(c.make_params(p));
  // Tolerances below a tenth of a step ask for the differences alone, as in LiteRT.
  constexpr float kLeastTolerance = 0.1f;
  p->limit = std::numeric_limits<float>::infinity();
  if (log_if_failed && tolerance >= kLeastTolerance) {
    p->limit = in.quantization().per_tensor() ? tolerance * in.scale() : 0;
  }
  p->dequantize = c.step;
  p->dequantize.inputs.size = 1;
  PrepareContext inner = c.of(p->dequantize);
  OCTAVO_TRY(prepare_dequantize(inner));
  c.step.invoke = &invoke_verify;
  return {};
}

}  // namespace octavo
