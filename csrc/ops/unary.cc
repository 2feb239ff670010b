// ABS, CEIL, COS, ELU, EXP, GELU, LOG, LOGICAL_NOT, NEG, ROUND, RSQRT, SIGN, SIN, SQRT, SQUARE.
#include "reference/unary.h"

#include "graph/options.h"
#include "ops/elementwise.h"
#include "ops/lut.h"

namespace octavo {
namespace {

constexpr TypedInvoke kAbs[] = {
    {DType::kFloat32, &invoke_elements<&reference::abs_f32>},
    {DType::kInt16, &invoke_elements<&reference::abs_plain_s16>},
    {DType::kInt32, &invoke_elements<&reference::abs_s32>},
};
constexpr TypedInvoke kCeil[] = {{DType::kFloat32, &invoke_elements<&Kernels::ceil_f32>}};
constexpr TypedInvoke kCos[] = {
    {DType::kFloat32, &invoke_elements<&Kernels::cos_f32>},
    {DType::kFloat16, &invoke_short<Half, &reference::cos_real>},
};
constexpr TypedInvoke kElu[] = {{DType::kFloat32, &invoke_elements<&Kernels::elu_f32>}};
constexpr TypedInvoke kExp[] = {{DType::kFloat32, &invoke_elements<&Kernels::exp_f32>}};
constexpr TypedInvoke kGeluErf[] = {
    {DType::kFloat32, &invoke_elements<&Kernels::gelu_erf_f32>},
    {DType::kFloat16, &invoke_elements<&reference::gelu_erf_f16>},
};
constexpr TypedInvoke kGeluTanh[] = {
    {DType::kFloat32, &invoke_elements<&Kernels::gelu_tanh_f32>},
    {DType::kFloat16, &invoke_elements<&reference::gelu_tanh_f16>},
};
constexpr TypedInvoke kLog[] = {{DType::kFloat32, &invoke_elements<&Kernels::log_f32>}};
constexpr TypedInvoke kLogicalNot[] = {{DType::kBool, &invoke_elements<&reference::logical_not>}};
constexpr TypedInvoke kNeg[] = {
    {DType::kFloat32, &invoke_elements<&Kernels::neg_f32>},
    {DType::kFloat16, &invoke_elements<&reference::neg_16>},
    {DType::kBFloat16, &invoke_elements<&reference::neg_16>},
    {DType::kInt8, &invoke_elements<&reference::neg_s8>},
    {DType::kInt16, &invoke_elements<&reference::neg_s16>},
    {DType::kInt32, &invoke_elements<&reference::neg_s32>},
    {DType::kInt64, &invoke_elements<&reference::neg_s64>},
};
constexpr TypedInvoke kRound[] = {
    {DType::kFloat32, &invoke_elements<&Kernels::round_f32>},
    {DType::kFloat16, &invoke_short<Half, &reference::round_real>},
    {DType::kBFloat16, &invoke_short<BFloat16, &reference::round_real>},
};
constexpr TypedInvoke kRsqrt[] = {{DType::kFloat32, &invoke_elements<&Kernels::rsqrt_f32>}};
constexpr TypedInvoke kSign[] = {
    {DType::kFloat32, &invoke_elements<&Kernels::sign_f32>},
    {DType::kFloat64, &invoke_elements<&reference::sign_f64>},
    {DType::kInt32, &invoke_elements<&reference::sign_s32>},
};
constexpr TypedInvoke kSin[] = {
    {DType::kFloat32, &invoke_elements<&Kernels::sin_f32>},
    {DType::kFloat16, &invoke_short<Half, &reference::sin_real>},
};
constexpr TypedInvoke kSqrt[] = {{DType::kFloat32, &invoke_elements<&Kernels::sqrt_f32>}};
constexpr TypedInvoke kSquare[] = {{DType::kFloat32, &invoke_elements<&Kernels::square_f32>}};

template <class Choices>
Status prepare_plain(PrepareContext& c, const Choices& choices) {
  OCTAVO_TRY(prepare_unary(c));
  return choose_invoke(c, choices);
}

// The same, but for types whose numbers are quantized, which a table of `function` serves.
template <class Choices>
Status prepare_tabulated(PrepareContext& c, std::initializer_list<DType> quantized,
                         float (*function)(float), const Choices& choices) {
  OCTAVO_TRY(prepare_unary(c));
  for (DType type : quantized) {
    if (type == c.input(0).type) return tabulate(c, function);
  }
  return choose_invoke(c, choices);
}

bool is_quantized(const Tensor& t) {
  return t.type == DType::kInt8 || (t.type == DType::kInt16 && !t.quantization().scale.empty());
}

// Square roots of quantized numbers that are found to be negative fail.
struct RootParams {
  int32_t in_zero;
  const uint8_t* lut_8;        // of int8
  const int16_t* lut_16;       // of int16, RSQRT
  reference::SqrtParams sqrt;  // of int16, SQRT
};

template <class T>
Status expect_not_negative(const Step& s) {
  const int32_t zero = s.params<RootParams>().in_zero;
  const T* in = s.input(0);
  const int64_t count = s.inputs[0]->shape.count();
  for (int64_t i = 0; i < count; ++i) {
    if (in[i] >= zero) continue;
    return s.fail("input has an element ", in[i], " below the zero point, ", zero,
                  ": no negative number has a square root");
  }
  return {};
}

Status invoke_root_8(const Step& s, const Workspace& w) {
  OCTAVO_TRY(expect_not_negative<int8_t>(s));
  const uint8_t* lut = s.params<RootParams>().lut_8;
  w.kernels.lookup_8(s.inputs[0]->shape.count(), lut, s.input(0), s.output(0));
  return {};
}

Status invoke_rsqrt_s16(const Step& s, const Workspace&) {
  OCTAVO_TRY(expect_not_negative<int16_t>(s));
  const int16_t* lut = s.params<RootParams>().lut_16;
  reference::lookup_s16(s.inputs[0]->shape.count(), lut, s.input(0), s.output(0));
  return {};
}

Status invoke_sqrt_s16(const Step& s, const Workspace&) {
  OCTAVO_TRY(expect_not_negative<int16_t>(s));
  const int64_t count = s.inputs[0]->shape.count();
  reference::sqrt_s16(s.params<RootParams>().sqrt, count, s.input(0), s.output(0));
  return {};
}

// Of int8, by a table: root(q) for all q from the zero point on.
template <class Root>
Status prepare_root_8(PrepareContext& c, Root root) {
  RootParams p = {};
  p.in_zero = c.input(0).zero_point();
  Span<uint8_t> lut;
  OCTAVO_TRY(c.make_array(reference::kLut8Size, lut));
  for (int32_t q = p.in_zero; q <= INT8_MAX; ++q) {
    lut[static_cast<uint8_t>(q)] = static_cast<uint8_t>(root(q));
  }
  p.lut_8 = lut.data;
  return c.set_invoke(&invoke_root_8, p);
}

}  // namespace

Status prepare_abs(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  if (!is_quantized(in)) return choose_invoke(c, kAbs);
  OCTAVO_TRY(expect_quantized_operands(c));
  reference::AbsParams p = {};
  p.count = in.shape.count();
  p.in_zero = in.zero_point();
  p.out_zero = out.zero_point();
  p.rescales = in.scale() != out.scale();
  p.multiplier = quantize_multiplier(in.scale() / out.scale());  // in float32
  if (in.type == DType::kInt8) return tabulate_8<&reference::abs_s8>(c, p);
  return c.set_invoke(&invoke_counted<&reference::abs_s16>, p);
}

Status prepare_ceil(PrepareContext& c) { return prepare_plain(c, kCeil); }

Status prepare_cos(PrepareContext& c) { return prepare_plain(c, kCos); }

Status prepare_elu(PrepareContext& c) {
  return prepare_tabulated(c, {DType::kInt8}, &reference::elu_real, kElu);
}

Status prepare_exp(PrepareContext& c) {
  return prepare_tabulated(c, {DType::kInt8, DType::kInt16}, &reference::exp_real, kExp);
}

Status prepare_gelu(PrepareContext& c) {
  const auto quantized = {DType::kInt8, DType::kUInt8, DType::kInt16};
  if (c.options<GeluOptions>().approximate) {
    return prepare_tabulated(c, quantized, &reference::gelu_tanh_real, kGeluTanh);
  }
  return prepare_tabulated(c, quantized, &reference::gelu_erf_real, kGeluErf);
}

Status prepare_log(PrepareContext& c) {
  return prepare_tabulated(c, {DType::kInt8, DType::kInt16}, &reference::log_real, kLog);
}

Status prepare_logical_not(PrepareContext& c) { return prepare_plain(c, kLogicalNot); }

Status prepare_neg(PrepareContext& c) { return prepare_plain(c, kNeg); }

Status prepare_round(PrepareContext& c) { return prepare_plain(c, kRound); }

Status prepare_rsqrt(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  if (in.type != DType::kInt8 && in.type != DType::kInt16) return choose_invoke(c, kRsqrt);
  OCTAVO_TRY(expect_quantized_operands(c));
  if (in.type == DType::kInt16) {
    RootParams p = {};
    // The table has entries below 0, between which and others nothing is looked up but 0.
    const auto root = [](float x) { return reference::rsqrt_real(x > 0 ? x : 0); };
    OCTAVO_TRY(make_lut_16(c, root, p.lut_16));
    return c.set_invoke(&invoke_rsqrt_s16, p);
  }
  const double scale = 1 / static_cast<double>(reference::sqrt_real(in.scale()) * out.scale());
  const reference::RsqrtParams p = {in.zero_point(), out.zero_point(), quantize_multiplier(scale)};
  return prepare_root_8(c, [&](int32_t q) { return reference::rsqrt_s8(p, q); });
}

Status prepare_sign(PrepareContext& c) { return prepare_plain(c, kSign); }

Status prepare_sin(PrepareContext& c) { return prepare_plain(c, kSin); }

Status prepare_sqrt(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  if (in.type != DType::kInt8 && in.type != DType::kInt16) return choose_invoke(c, kSqrt);
  OCTAVO_TRY(expect_quantized_operands(c));
  const DTypeInfo& type = dtype_info(in.type);
  const reference::SqrtParams p = {in.scale(), out.scale(), in.zero_point(), out.zero_point(),
                                   type.max};
  if (in.type == DType::kInt8) {
    return prepare_root_8(c, [&](int32_t q) { return reference::quantized_sqrt(p, q); });
  }
  return c.set_invoke(&invoke_sqrt_s16, RootParams{0, nullptr, nullptr, p});
}

Status prepare_square(PrepareContext& c) { return prepare_plain(c, kSquare); }

}  // namespace octavo
