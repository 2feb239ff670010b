// ATAN2, BITWISE_XOR, LOGICAL_AND, LOGICAL_OR, POW, RIGHT_SHIFT, SQUARED_DIFFERENCE.
#include "reference/pairwise.h"

#include "ops/elementwise.h"

namespace octavo {
namespace {

Status invoke_pow_s32(const Step& s, const Workspace& w) {
  const int32_t* exponent = s.input(1);
  const int64_t count = s.inputs[1]->shape.count();
  for (int64_t i = 0; i < count; ++i) {
    if (exponent[i] < 0) return s.fail("an exponent is ", exponent[i], ", integers need 0 or more");
  }
  return invoke_broadcast<&reference::pow_s32>(s, w);
}

float cube(float x) { return x * x * x; }

constexpr TypedInvoke kAtan2[] = {
    {DType::kFloat32, &invoke_broadcast<&Kernels::atan2_f32>},
    {DType::kFloat16, &invoke_broadcast<&reference::atan2_f16>},
    {DType::kBFloat16, &invoke_broadcast<&reference::atan2_bf16>},
    {DType::kFloat64, &invoke_broadcast<&reference::atan2_f64>},
};
constexpr TypedInvoke kBitwiseXor[] = {
    {DType::kInt8, &invoke_broadcast<&reference::xor_8>},
    {DType::kUInt8, &invoke_broadcast<&reference::xor_8>},
    {DType::kInt16, &invoke_broadcast<&reference::xor_16>},
    {DType::kUInt16, &invoke_broadcast<&reference::xor_16>},
    {DType::kInt32, &invoke_broadcast<&reference::xor_32>},
    {DType::kUInt32, &invoke_broadcast<&reference::xor_32>},
};
constexpr TypedInvoke kLogicalAnd[] = {{DType::kBool, &invoke_broadcast<&reference::logical_and>}};
constexpr TypedInvoke kLogicalOr[] = {{DType::kBool, &invoke_broadcast<&reference::logical_or>}};
constexpr TypedInvoke kPow[] = {
    {DType::kFloat32, &invoke_broadcast<&Kernels::pow_f32>},
    {DType::kInt32, &invoke_pow_s32},
};
constexpr TypedInvoke kRightShift[] = {
    {DType::kInt8, &invoke_broadcast<&reference::right_shift_s8>},
    {DType::kInt16, &invoke_broadcast<&reference::right_shift_s16>},
    {DType::kInt32, &invoke_broadcast<&reference::right_shift_s32>},
    {DType::kUInt8, &invoke_broadcast<&reference::right_shift_u8>},
    {DType::kUInt16, &invoke_broadcast<&reference::right_shift_u16>},
    {DType::kUInt32, &invoke_broadcast<&reference::right_shift_u32>},
};
constexpr TypedInvoke kSquaredDifference[] = {
    {DType::kFloat32, &invoke_broadcast<&Kernels::squared_difference_f32>},
    {DType::kInt32, &invoke_broadcast<&reference::squared_difference_s32>},
};

template <class Choices>
Status prepare_plain(PrepareContext& c, const Choices& choices) {
  reference::Broadcast broadcast, *p;
  OCTAVO_TRY(prepare_binary(c, &broadcast));
  OCTAVO_TRY(c.make_params(p));
  *p = broadcast;
  return choose_invoke(c, choices);
}

}  // namespace

Status prepare_atan2(PrepareContext& c) { return prepare_plain(c, kAtan2); }

Status prepare_bitwise_xor(PrepareContext& c) { return prepare_plain(c, kBitwiseXor); }

Status prepare_logical_and(PrepareContext& c) { return prepare_plain(c, kLogicalAnd); }

Status prepare_logical_or(PrepareContext& c) { return prepare_plain(c, kLogicalOr); }

// Squares and cubes are products, where the file says so.
Status prepare_pow(PrepareContext& c) {
  OCTAVO_TRY(prepare_plain(c, kPow));
  const Tensor& a = c.input(0);
  const Tensor& b = c.input(1);
  const bool is_one = b.type == DType::kFloat32 && b.is_known && b.shape.count() == 1;
  if (!is_one || a.shape != c.output(0).shape) return {};
  const float exponent = *static_cast<const float*>(b.data);
  if (exponent == 2) c.step.invoke = &invoke_elements<&reference::square_f32>;
  if (exponent == 3) c.step.invoke = &invoke_f32<&cube>;
  return {};
}

Status prepare_right_shift(PrepareContext& c) { return prepare_plain(c, kRightShift); }

Status prepare_squared_difference(PrepareContext& c) {
  if (!c.has_input(0) || c.input(0).type != DType::kInt8) {
    return prepare_plain(c, kSquaredDifference);
  }
  reference::SquaredDifferenceParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(prepare_binary(c, &p->broadcast));
  OCTAVO_TRY(expect_quantized_operands(c));
  const Tensor& a = c.input(0);
  const Tensor& b = c.input(1);
  const Tensor& out = c.output(0);
  p->a_zero = a.zero_point();
  p->b_zero = b.zero_point();
  p->out_zero = out.zero_point();
  const double twice_max = 2 * static_cast<double>(max(a.scale(), b.scale()));
  p->a_scale = quantize_multiplier(static_cast<double>(a.scale()) / twice_max);
  p->b_scale = quantize_multiplier(static_cast<double>(b.scale()) / twice_max);
  p->out_scale =
      quantize_multiplier(twice_max * twice_max / ((1 << 14) * static_cast<double>(out.scale())));
  c.step.invoke = &invoke_broadcast<&Kernels::squared_difference_s8>;
  return {};
}

}  // namespace octavo
