// DIV, FLOOR_DIV, FLOOR_MOD. An integer divisor of 0 fails while running, and so does a float one
// of FLOOR_DIV.
#include "reference/divide.h"

#include "ops/activation.h"
#include "ops/elementwise.h"

namespace octavo {
namespace {

// Runs `kInvoke` on divisors none of which is 0, or the zero point where kQuantized.
template <class T, Step::Invoke kInvoke, bool kQuantized = false>
Status invoke_division(const Step& s, const Workspace& w) {
  const Tensor& divisors = *s.inputs[1];
  const T zero = kQuantized ? static_cast<T>(divisors.zero_point()) : T{0};
  const T* divisor = s.input(1);
  const int64_t count = divisors.shape.count();
  bool has_zero = false;  // without leaving the loop, so that compilers make vectors of it
  for (int64_t i = 0; i < count; ++i) has_zero |= divisor[i] == zero;
  for (int64_t i = 0; i < count && has_zero; ++i) {
    if (divisor[i] == zero) return s.fail("element ", i, " of the divisor is 0");
  }
  return kInvoke(s, w);
}

constexpr TypedInvoke kFloorDiv[] = {
    {DType::kFloat32, &invoke_division<float, &invoke_broadcast<&Kernels::floor_div_f32>>},
    {DType::kInt8, &invoke_division<int8_t, &invoke_broadcast<&reference::floor_div_s8>>},
    {DType::kInt16, &invoke_division<int16_t, &invoke_broadcast<&reference::floor_div_s16>>},
    {DType::kInt32, &invoke_division<int32_t, &invoke_broadcast<&Kernels::floor_div_s32>>},
};
constexpr TypedInvoke kFloorMod[] = {
    {DType::kFloat32, &invoke_broadcast<&reference::floor_mod_f32>},
    {DType::kInt8, &invoke_division<int8_t, &invoke_broadcast<&reference::floor_mod_s8>>},
    {DType::kInt16, &invoke_division<int16_t, &invoke_broadcast<&reference::floor_mod_s16>>},
    {DType::kInt32, &invoke_division<int32_t, &invoke_broadcast<&Kernels::floor_mod_s32>>},
    {DType::kInt64, &invoke_division<int64_t, &invoke_broadcast<&reference::floor_mod_s64>>},
};
constexpr TypedInvoke kScaledDiv[] = {
    {DType::kInt8, &invoke_division<int8_t, &invoke_broadcast<&Kernels::div_s8>, true>},
    {DType::kUInt8, &invoke_division<uint8_t, &invoke_broadcast<&Kernels::div_u8>, true>},
    {DType::kInt16, &invoke_division<int16_t, &invoke_broadcast<&reference::div_s16>, true>},
};

template <class Choices>
Status prepare_floored(PrepareContext& c, const Choices& choices) {
  reference::Broadcast broadcast, *p;
  OCTAVO_TRY(prepare_binary(c, &broadcast));
  OCTAVO_TRY(c.make_params(p));
  *p = broadcast;
  return choose_invoke(c, choices);
}

template <class T>
Status prepare_plain_div(PrepareContext& c, const reference::Broadcast& broadcast,
                         Step::Invoke invoke) {
  reference::PlainBinaryParams<T>* p;
  OCTAVO_TRY(c.make_params(p));
  p->broadcast = broadcast;
  c.step.invoke = invoke;
  return activation_range(c, c.options<BinaryOptions>().activation, &p->act_min, &p->act_max);
}

}  // namespace

Status prepare_div(PrepareContext& c) {
  reference::Broadcast broadcast;
  OCTAVO_TRY(prepare_binary(c, &broadcast));
  const Tensor& a = c.input(0);
  const Tensor& b = c.input(1);
  const Tensor& out = c.output(0);
  if (out.type == DType::kFloat32) {
    return prepare_plain_div<float>(c, broadcast, &invoke_broadcast<&Kernels::div_f32>);
  }
  if (out.type == DType::kInt32) {
    return prepare_plain_div<int32_t>(
        c, broadcast, &invoke_division<int32_t, &invoke_broadcast<&reference::div_s32>>);
  }
  OCTAVO_TRY(choose_invoke(c, kScaledDiv));
  OCTAVO_TRY(expect_quantized_operands(c));
  reference::ScaledQuotientParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->broadcast = broadcast;
  p->a_zero = a.zero_point();
  p->b_zero = b.zero_point();
  p->out_zero = out.zero_point();
  p->multiplier = quantize_multiplier(a.scale() / (b.scale() * out.scale()));  // in float32
  if (out.type != DType::kInt16) {
    Span<int32_t> reciprocals;
    OCTAVO_TRY(c.make_array(reference::kReciprocals, reciprocals));
    for (int32_t i = 1; i < reference::kReciprocals; ++i) {
      reciprocals[static_cast<size_t>(i)] = reference::normal_reciprocal(i);
    }
    p->reciprocals = reciprocals.data;
  }
  return quantized_activation_range(c, c.options<BinaryOptions>().activation, out, &p->act_min,
                                    &p->act_max);
}

Status prepare_floor_div(PrepareContext& c) { return prepare_floored(c, kFloorDiv); }

Status prepare_floor_mod(PrepareContext& c) { return prepare_floored(c, kFloorMod); }

}  // namespace octavo
