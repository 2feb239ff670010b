#include "ops/activation.h"

#include "base/fixed_point.h"

namespace octavo {

Status find_activation_range(const PrepareContext& c, Activation activation,
                             ActivationRange* range) {
  switch (activation) {
    case Activation::kNone:
      *range = {};
      return {};
    case Activation::kRelu:
      *range = {true, false, 0, 0};
      return {};
    case Activation::kReluN1To1:
      *range = {true, true, -1, 1};
      return {};
    case Activation::kRelu6:
      *range = {true, true, 0, 6};
      return {};
    case Activation::kTanh:
      return c.fail("the fused activation TANH is not supported");
    case Activation::kSignBit:
      return c.fail("the fused activation SIGN_BIT is not supported");
  }
  return c.fail("fused activation ", static_cast<int32_t>(activation), " does not exist");
}

void ActivationRange::get_quantized(const Tensor& output, int32_t* min, int32_t* max) const {
  const DTypeInfo& type = dtype_info(output.type);
  const auto quantized = [&](float end) {
    return quantize(end / output.scale(), output.zero_point(), type.min, type.max);
  };
  *min = has_low ? quantized(low) : type.min;
  *max = has_high ? quantized(high) : type.max;
}

Status quantized_activation_range(const PrepareContext& c, Activation activation,
                                  const Tensor& output, int32_t* min, int32_t* max) {
  ActivationRange range;
  OCTAVO_TRY(find_activation_range(c, activation, &range));
  range.get_quantized(output, min, max);
  return {};
}

}  // namespace octavo
