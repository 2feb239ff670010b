// ADD, SUB, MUL.
#include "base/math.h"
#include "ops/activation.h"
#include "ops/elementwise.h"
#include "ops/linear_sum.h"

namespace octavo {
namespace {

// What runs an operator, by element type; int16 numbers are plain where the output has no
// quantization.
struct Invokes {
  Step::Invoke f32, plain_s16, s32, s64;  // plain numbers
  Step::Invoke s8, u8, s16;               // quantized
  Step::Invoke f16, u32, c64;             // plain; null where the operator does not have them
};

constexpr Invokes kAdd = {
    &invoke_broadcast<&Kernels::add_f32>,
    &invoke_broadcast<&Kernels::add_plain_s16>,
    &invoke_broadcast<&Kernels::add_s32>,
    &invoke_broadcast<&Kernels::add_s64>,
    &invoke_broadcast<&Kernels::add_s8>,
    &invoke_broadcast<&Kernels::add_u8>,
    &invoke_broadcast<&Kernels::add_s16>,
    &invoke_broadcast<&reference::add_f16>,
    nullptr,
    nullptr,
};
constexpr Invokes kSub = {
    &invoke_broadcast<&Kernels::sub_f32>,
    &invoke_broadcast<&Kernels::sub_plain_s16>,
    &invoke_broadcast<&Kernels::sub_s32>,
    &invoke_broadcast<&Kernels::sub_s64>,
    &invoke_broadcast<&Kernels::sub_s8>,
    &invoke_broadcast<&Kernels::sub_u8>,
    &invoke_broadcast<&Kernels::sub_s16>,
    nullptr,
    nullptr,
    nullptr,
};
constexpr Invokes kMul = {
    &invoke_broadcast<&Kernels::mul_f32>,   &invoke_broadcast<&Kernels::mul_plain_s16>,
    &invoke_broadcast<&Kernels::mul_s32>,   &invoke_broadcast<&Kernels::mul_s64>,
    &invoke_broadcast<&Kernels::mul_s8>,    &invoke_broadcast<&Kernels::mul_u8>,
    &invoke_broadcast<&Kernels::mul_s16>,   &invoke_broadcast<&reference::mul_f16>,
    &invoke_broadcast<&reference::mul_u32>, &invoke_broadcast<&reference::mul_c64>,
};

Activation fused_activation(const PrepareContext& c) {
  return c.options<BinaryOptions>().activation;
}

template <class T>
Status prepare_plain(PrepareContext& c, const reference::Broadcast& broadcast,
                     Step::Invoke invoke) {
  reference::PlainBinaryParams<T>* p;
  OCTAVO_TRY(c.make_params(p));
  p->broadcast = broadcast;
  c.step.invoke = invoke;
  return activation_range(c, fused_activation(c), &p->act_min, &p->act_max);
}

// float16: an open side is its own greatest finite number.
Status prepare_half(PrepareContext& c, const reference::Broadcast& broadcast, Step::Invoke invoke) {
  constexpr float kGreatest = 65504;
  reference::PlainBinaryParams<float>* p;
  OCTAVO_TRY(c.make_params(p));
  p->broadcast = broadcast;
  OCTAVO_TRY(activation_range(c, fused_activation(c), &p->act_min, &p->act_max));
  p->act_min = max(p->act_min, -kGreatest);
  p->act_max = min(p->act_max, kGreatest);
  c.step.invoke = invoke;
  return {};
}

Status prepare_complex(PrepareContext& c, const reference::Broadcast& broadcast,
                       Step::Invoke invoke) {
  if (fused_activation(c) != Activation::kNone) {
    return c.fail("complex numbers have no fused activation");
  }
  return c.set_invoke(invoke, broadcast);
}

constexpr TypedInvoke kRealSum[] = {
    {DType::kInt8, &invoke_broadcast<&reference::real_sum_s8>},
    {DType::kUInt8, &invoke_broadcast<&reference::real_sum_u8>},
    {DType::kInt16, &invoke_broadcast<&reference::real_sum_s16>},
};

Status prepare_real_sum(PrepareContext& c, const reference::Broadcast& broadcast, bool subtract) {
  const Tensor& out = c.output(0);
  const auto scale = static_cast<double>(out.scale());
  reference::RealSumParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->broadcast = broadcast;
  p->a_zero = c.input(0).zero_point();
  p->b_zero = c.input(1).zero_point();
  p->out_zero = out.zero_point();
  p->a_factor = c.input(0).scale() / scale;
  p->b_factor = c.input(1).scale() / (subtract ? -scale : scale);
  OCTAVO_TRY(quantized_activation_range(c, fused_activation(c), out, &p->act_min, &p->act_max));
  return choose_invoke(c, kRealSum);
}

// Runs the weighted sum that stands for the exact one, where there is one. To find that out takes
// the time of adding many elements, so that it is remembered.
Status use_linear_sum(PrepareContext& c, const reference::ScaledSumParams& exact, bool subtract) {
  struct Found {
    LinearSumParams sum;
    bool is_exact;
  };
  const auto find = [&](void* memory) {
    auto* found = static_cast<Found*>(memory);
    found->is_exact = find_linear_sum(c.kernels, c.output(0).type, subtract, exact, &found->sum);
    return Status();
  };
  const Found* found;
  OCTAVO_TRY(c.make_derived(Derived::kLinearSum, {{exact.act_min, exact.act_max}},
                            /*is_shareable=*/true, sizeof(Found), find, &found));
  if (!found->is_exact) return {};
  LinearSumParams* p;
  OCTAVO_TRY(c.make_params(p));
  *p = found->sum;
  p->broadcast = exact.broadcast;
  c.step.invoke = &invoke_broadcast<&Kernels::linear_sum_8>;
  return {};
}

Status prepare_scaled_sum(PrepareContext& c, const reference::Broadcast& broadcast, bool subtract,
                          Step::Invoke invoke) {
  const Tensor& a = c.input(0);
  const Tensor& b = c.input(1);
  const Tensor& out = c.output(0);
  const int32_t left_shift = out.type == DType::kInt16 ? 15 : 20;
  const double twice_max = 2 * static_cast<double>(max(a.scale(), b.scale()));
  const double rescale =
      twice_max / (static_cast<double>(1 << left_shift) * static_cast<double>(out.scale()));
  if (!(rescale < 1)) return prepare_real_sum(c, broadcast, subtract);
  reference::ScaledSumParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->broadcast = broadcast;
  p->a_zero = a.zero_point();
  p->b_zero = b.zero_point();
  p->out_zero = out.zero_point();
  p->left_shift = left_shift;
  p->a_scale = quantize_multiplier(static_cast<double>(a.scale()) / twice_max);
  p->b_scale = quantize_multiplier(static_cast<double>(b.scale()) / twice_max);
  p->out_scale = quantize_multiplier(rescale);
  OCTAVO_TRY(quantized_activation_range(c, fused_activation(c), out, &p->act_min, &p->act_max));
  c.step.invoke = invoke;
  return out.type == DType::kInt16 ? Status() : use_linear_sum(c, *p, subtract);
}

// Whether log2(x) is within 0.001 of an integer, which is then *exponent: LiteRT's power of two.
bool is_power_of_two(float x, int32_t* exponent) {
  constexpr double kTolerance = 1.0006933874625806;     // 2^0.001
  const double fraction = split_exponent(x, exponent);  // x = fraction * 2^exponent, from 0.5 to 1
  if (fraction * kTolerance > 1) return true;
  --*exponent;
  return 2 * fraction < kTolerance;
}

Status prepare_shifted_sum(PrepareContext& c, const reference::Broadcast& broadcast,
                           int32_t a_right, int32_t b_right, Step::Invoke invoke) {
  if (min(a_right, b_right) != 0) {
    return c.fail("inputs of scales ", c.input(0).scale(), " and ", c.input(1).scale(),
                  " and output of scale ", c.output(0).scale(),
                  ": where all are powers of two, the greater of the inputs' must be the output's");
  }
  reference::ShiftedSumParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->broadcast = broadcast;
  p->a_right = min(a_right, 31);
  p->b_right = min(b_right, 31);
  c.step.invoke = invoke;
  return quantized_activation_range(c, fused_activation(c), c.output(0), &p->act_min, &p->act_max);
}

// ADD and SUB; `shifted_s16` runs them where the scales are powers of two.
template <bool subtract, Step::Invoke shifted_s16>
Status prepare_quantized_sum(PrepareContext& c, const reference::Broadcast& broadcast,
                             Step::Invoke invoke) {
  OCTAVO_TRY(expect_quantized_operands(c));
  int32_t a_log2, b_log2, out_log2;
  if (c.output(0).type == DType::kInt16 && c.options<BinaryOptions>().pot_scale_int16 &&
      is_power_of_two(c.input(0).scale(), &a_log2) &&
      is_power_of_two(c.input(1).scale(), &b_log2) &&
      is_power_of_two(c.output(0).scale(), &out_log2)) {
    return prepare_shifted_sum(c, broadcast, out_log2 - a_log2, out_log2 - b_log2, shifted_s16);
  }
  return prepare_scaled_sum(c, broadcast, subtract, invoke);
}

Status prepare_quantized_product(PrepareContext& c, const reference::Broadcast& broadcast,
                                 Step::Invoke invoke) {
  OCTAVO_TRY(expect_quantized_operands(c));
  const Tensor& a = c.input(0);
  const Tensor& b = c.input(1);
  const Tensor& out = c.output(0);
  reference::ScaledProductParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->broadcast = broadcast;
  p->a_zero = a.zero_point();
  p->b_zero = b.zero_point();
  p->out_zero = out.zero_point();
  p->multiplier = quantize_multiplier(a.scale() * b.scale() / out.scale());  // in float32
  c.step.invoke = invoke;
  return quantized_activation_range(c, fused_activation(c), out, &p->act_min, &p->act_max);
}

using PrepareQuantized = Status (*)(PrepareContext&, const reference::Broadcast&, Step::Invoke);

Status prepare_arithmetic(PrepareContext& c, const Invokes& invokes, PrepareQuantized quantized) {
  reference::Broadcast broadcast;
  OCTAVO_TRY(prepare_binary(c, &broadcast));
  const Tensor& out = c.output(0);
  switch (out.type) {
    case DType::kFloat32:
      return prepare_plain<float>(c, broadcast, invokes.f32);
    case DType::kInt32:
      return prepare_plain<int32_t>(c, broadcast, invokes.s32);
    case DType::kInt64:
      return prepare_plain<int64_t>(c, broadcast, invokes.s64);
    case DType::kInt16:
      if (!out.quantization().scale.empty()) return quantized(c, broadcast, invokes.s16);
      return prepare_plain<int16_t>(c, broadcast, invokes.plain_s16);
    case DType::kInt8:
      return quantized(c, broadcast, invokes.s8);
    case DType::kUInt8:
      return quantized(c, broadcast, invokes.u8);
    case DType::kFloat16:
      if (invokes.f16 == nullptr) return c.fail_types();
      return prepare_half(c, broadcast, invokes.f16);
    case DType::kUInt32:
      if (invokes.u32 == nullptr) return c.fail_types();
      return prepare_plain<uint32_t>(c, broadcast, invokes.u32);
    case DType::kComplex64:
      if (invokes.c64 == nullptr) return c.fail_types();
      return prepare_complex(c, broadcast, invokes.c64);
    default:
      return c.fail_types();
  }
}

}  // namespace

Status prepare_add(PrepareContext& c) {
  return prepare_arithmetic(
      c, kAdd, &prepare_quantized_sum<false, &invoke_broadcast<&Kernels::add_shifted_s16>>);
}

Status prepare_sub(PrepareContext& c) {
  return prepare_arithmetic(
      c, kSub, &prepare_quantized_sum<true, &invoke_broadcast<&Kernels::sub_shifted_s16>>);
}

Status prepare_mul(PrepareContext& c) {
  return prepare_arithmetic(c, kMul, &prepare_quantized_product);
}

}  // namespace octavo
