// QUANTIZE, DEQUANTIZE.
#include "base/math.h"
#include "base/packed.h"
#include "ops/elementwise.h"
#include "ops/lut.h"
#include "ops/unpacked.h"

namespace octavo {
namespace {

using reference::AffineParams;
using reference::RequantizeParams;

// What runs the operator, or prepares it, from one type to another.
template <class F>
struct Variant {
  DType in, out;
  F function;
};

template <class F, size_t n>
F find(const Variant<F> (&variants)[n], const PrepareContext& c) {
  for (const Variant<F>& v : variants) {
    if (c.input(0).type == v.in && c.output(0).type == v.out) return v.function;
  }
  return nullptr;
}

// Threads share tensors of one scale.
template <class In, class Out>
void run_affine(void (*kernel)(const AffineParams&, const In*, Out*), const Step& s,
                const Workspace& w) {
  const auto& whole = s.params<AffineParams>();
  if (whole.outer != 1 || whole.channels != 1) return kernel(whole, s.input(0), s.output(0));
  run_counted(kernel, &AffineParams::inner, s, w);
}

template <auto kKernel>
Status invoke_affine(const Step& s, const Workspace& w) {
  run_affine(w.kernels.*kKernel, s, w);
  return {};
}

constexpr Variant<Step::Invoke> kQuantize[] = {
    {DType::kFloat32, DType::kInt8, &invoke_affine<&Kernels::quantize_s8>},
    {DType::kFloat32, DType::kUInt8, &invoke_affine<&Kernels::quantize_u8>},
    {DType::kFloat32, DType::kInt16, &invoke_affine<&Kernels::quantize_s16>},
};

// Types of less than a byte, from bytes that saturate further.
template <class Byte, auto kKernel>
Status invoke_packed(const Step& s, const Workspace& w) {
  const DTypeInfo& type = dtype_info(s.outputs[0]->type);
  const auto low = static_cast<Byte>(type.min), high = static_cast<Byte>(type.max);
  const int64_t count = s.outputs[0]->shape.count();
  Byte* bytes = s.scratch(0);
  int8_t* values = s.scratch(0);
  (w.kernels.*kKernel)(s.params<AffineParams>(), s.input(0), bytes);
  for (int64_t i = 0; i < count; ++i) bytes[i] = clamp(bytes[i], low, high);
  pack(type, count, values, s.output(0));
  return {};
}

constexpr Variant<Step::Invoke> kQuantizePacked[] = {
    {DType::kFloat32, DType::kInt4, &invoke_packed<int8_t, &Kernels::quantize_s8>},
    {DType::kFloat32, DType::kUInt4, &invoke_packed<uint8_t, &Kernels::quantize_u8>},
};

template <auto kKernel>
Status tabulate(PrepareContext& c, const RequantizeParams& params) {
  return tabulate_8<kKernel>(c, params);
}

template <auto kKernel>
Status set_requantize(PrepareContext& c, const RequantizeParams& params) {
  RequantizeParams* p;
  OCTAVO_TRY(c.make_params(p));
  *p = params;
  c.step.invoke = &invoke_counted<kKernel>;
  return {};
}

using PrepareRequantize = Status (*)(PrepareContext&, const RequantizeParams&);

constexpr Variant<PrepareRequantize> kRequantize[] = {
    {DType::kInt8, DType::kInt8, &tabulate<&Kernels::requantize_s8>},
    {DType::kInt8, DType::kUInt8, &tabulate<&Kernels::requantize_s8_u8>},
    {DType::kUInt8, DType::kUInt8, &tabulate<&Kernels::requantize_u8>},
    {DType::kUInt8, DType::kInt8, &tabulate<&Kernels::requantize_u8_s8>},
    {DType::kInt16, DType::kInt16, &set_requantize<&Kernels::requantize_s16>},
    {DType::kInt16, DType::kInt8, &set_requantize<&Kernels::requantize_s16_s8>},
    {DType::kInt16, DType::kInt32, &set_requantize<&Kernels::requantize_s16_s32>},
    {DType::kInt32, DType::kInt8, &set_requantize<&Kernels::requantize_s32_s8>},
    {DType::kInt32, DType::kInt16, &set_requantize<&Kernels::requantize_s32_s16>},
};

constexpr Variant<Step::Invoke> kDequantize[] = {
    {DType::kFloat16, DType::kFloat32, &invoke_elements<&Kernels::dequantize_f16>},
    {DType::kInt4, DType::kFloat32, &invoke_kernel<&Kernels::dequantize_s4>},
    {DType::kInt8, DType::kFloat32, &invoke_affine<&Kernels::dequantize_s8>},
    {DType::kUInt8, DType::kFloat32, &invoke_affine<&Kernels::dequantize_u8>},
    {DType::kInt16, DType::kFloat32, &invoke_affine<&Kernels::dequantize_s16>},
};

// The params for the quantization of `t`, of one scale or of one for each index of a dimension.
Status make_affine_params(PrepareContext& c, const char* role, const Tensor& t) {
  const Quantization& q = t.quantization();
  const Shape& shape = t.shape;
  AffineParams* p;
  OCTAVO_TRY(c.make_params(p));
  *p = {1, 1, shape.count(), q.scale.data, nullptr};
  if (q.per_axis()) {
    if (q.axis >= shape.rank || static_cast<size_t>(shape[q.axis]) != q.scale.size) {
      return c.fail(role, " \"", t.info->name, "\" has ", q.scale.size, " scales for dimension ",
                    q.axis, " of shape ", shape);
    }
    p->outer = shape.count(0, q.axis);
    p->channels = shape[q.axis];
    p->inner = shape.count(q.axis + 1, shape.rank);
  } else {
    OCTAVO_TRY(c.expect_per_tensor(role, t));
  }
  const DTypeInfo& type = dtype_info(t.type);
  Span<int32_t> zero_point;
  OCTAVO_TRY(c.make_array(p->channels, zero_point));
  for (size_t i = 0; i < zero_point.size; ++i) {
    if (q.zero(i) < type.min || q.zero(i) > type.max) {
      return c.fail(role, " \"", t.info->name, "\" has zero point ", q.zero(i), ", its type ",
                    t.type, " holds ", type.min, " to ", type.max);
    }
    zero_point[i] = static_cast<int32_t>(q.zero(i));
  }
  p->zero_point = zero_point.data;
  return {};
}

Status prepare_requantize(PrepareContext& c, PrepareRequantize prepare) {
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  OCTAVO_TRY(c.expect_per_tensor("input", in));
  OCTAVO_TRY(c.expect_per_tensor("output", out));
  if (in.type == DType::kInt16 && out.type == DType::kInt16) {
    OCTAVO_TRY(c.expect_symmetric_int16("input", in));
    OCTAVO_TRY(c.expect_symmetric_int16("output", out));
  }
  const DTypeInfo& type = dtype_info(out.type);
  return prepare(
      c, {in.shape.count(), in.zero_point(), out.zero_point(),
          quantize_multiplier(double{in.scale()} / double{out.scale()}), type.min, type.max});
}

// Of a type that there is a kernel for.
Status prepare_dequantize_known(PrepareContext& c) {
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.set_shape(0, in.shape));
  c.step.effect = Effect::kElementwise;
  c.step.invoke = find(kDequantize, c);
  if (c.step.invoke == nullptr) return c.fail_types();
  return in.type == DType::kFloat16 ? Status() : make_affine_params(c, "input", in);
}

}  // namespace

Status prepare_quantize(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  OCTAVO_TRY(c.set_shape(0, c.input(0).shape));
  c.step.effect = Effect::kElementwise;
  c.step.invoke = find(kQuantize, c);
  if (c.step.invoke != nullptr) {
    return make_affine_params(c, "output", c.output(0));
  }
  c.step.invoke = find(kQuantizePacked, c);
  if (c.step.invoke != nullptr) {
    c.step.effect = Effect::kComputes;  // an output's byte is of several elements
    OCTAVO_TRY(c.add_scratch(c.input(0).shape.count()));
    return make_affine_params(c, "output", c.output(0));
  }
  const PrepareRequantize requantize = find(kRequantize, c);
  return requantize != nullptr ? prepare_requantize(c, requantize) : c.fail_types();
}

Status prepare_dequantize(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const DType type = c.input(0).type;
  const bool is_shown_as_bytes = type == DType::kInt2 || type == DType::kUInt4;
  return is_shown_as_bytes ? prepare_unpacked(c, &prepare_dequantize_known)
                           : prepare_dequantize_known(c);
}

}  // namespace octavo
