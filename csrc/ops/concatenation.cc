// CONCATENATION: tensors joined along an axis. Old uint8 networks have inputs quantized otherwise
// than the output; for every other type LiteRT moves the elements as they are.
#include "base/fixed_point.h"
#include "graph/options.h"
#include "ops/copy.h"
#include "ops/unpacked.h"

namespace octavo {
namespace {

using reference::kLut8Size;

struct RescaleParams {
  Span<StridedCopyParams> copies;
  Span<uint8_t> luts;  // kLut8Size for each input
};

// Each input is rescaled into scratch memory and copied from there.
Status invoke_rescaled(const Step& s, const Workspace& w) {
  const auto& p = s.params<RescaleParams>();
  for (size_t i = 0; i < p.copies.size; ++i) {
    w.kernels.lookup_8(s.inputs[i]->shape.count(), &p.luts[i * kLut8Size], s.input(i),
                       s.scratch(0));
    w.kernels.strided_copy(p.copies[i], s.scratch(0), s.output(0));
  }
  return {};
}

// In float32, as LiteRT's ConcatenationWithScaling: round(q * scale + bias) + out_zero with scale =
// in_scale * (1 / out_scale), bias = -in_zero * scale. Equal quantizations leave q as it is.
void build_rescaling_lut(const Tensor& in, const Tensor& out, uint8_t* lut) {
  const bool same = in.scale() == out.scale() && in.zero_point() == out.zero_point();
  const float scale = in.scale() * (1.0f / out.scale());
  const float bias = static_cast<float>(-in.zero_point()) * scale;
  for (int32_t q = 0; q < kLut8Size; ++q) {
    const float value = static_cast<float>(q) * scale + bias;
    lut[q] = static_cast<uint8_t>(same ? q : quantize(value, out.zero_point(), 0, 255));
  }
}

// Whether the elements of an input have to be rescaled.
Status check_quantization(const PrepareContext& c, const Tensor& in, bool& rescale) {
  const Tensor& out = c.output(0);
  switch (in.type) {
    case DType::kUInt8:
      if (!in.quantization().per_tensor() && !out.quantization().per_tensor()) return {};
      OCTAVO_TRY(c.expect_per_tensor("input", in));
      OCTAVO_TRY(c.expect_per_tensor("output", out));
      rescale |= in.scale() != out.scale() || in.zero_point() != out.zero_point();
      return {};
    case DType::kInt8:
      return expect_unscaled(c, in, out);
    case DType::kInt16:
      OCTAVO_TRY(c.expect_symmetric_int16("input", in));
      return c.expect_symmetric_int16("output", out);
    default:
      return {};
  }
}

Status set_rescaled(PrepareContext& c, Span<StridedCopyParams> copies) {
  RescaleParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(c.make_array(c.input_count() * int64_t{kLut8Size}, p->luts));
  p->copies = copies;
  int64_t most = 0;
  for (int32_t i = 0; i < c.input_count(); ++i) {
    build_rescaling_lut(c.input(i), c.output(0), &p->luts[i * kLut8Size]);
    most = max(most, c.input(i).bytes());
  }
  c.step.invoke = &invoke_rescaled;
  return c.add_scratch(most);
}

Status prepare_concatenation_bytes(PrepareContext& c) {
  const auto& o = c.options<ConcatenationOptions>();
  if (c.input_count() < 1) return c.fail("has no inputs");
  OCTAVO_TRY(c.expect_operands(c.input_count(), c.input_count(), 1));
  if (o.activation != Activation::kNone) {
    return c.fail("has a fused activation, which it cannot have");
  }
  // Scalars are joined to a vector.
  auto joined = [&](int32_t i) {
    const Shape& shape = c.input(i).shape;
    return shape.rank == 0 ? make_shape(1) : shape;
  };
  Shape whole = joined(0);
  int32_t axis;
  OCTAVO_TRY(normalize_axis(c, o.axis, whole.rank, axis));

  int64_t length = 0;
  bool rescale = false;
  for (int32_t i = 0; i < c.input_count(); ++i) {
    const Tensor& t = c.input(i);
    OCTAVO_TRY(expect_movable(c, t, c.output(0)));
    OCTAVO_TRY(check_quantization(c, t, rescale));
    Shape rest = joined(i);
    length += rest[axis];
    if (rest.rank == whole.rank) rest[axis] = whole[axis];
    if (rest != whole) {
      return c.fail("input ", i, " has shape ", t.shape, ", input 0 has ", c.input(0).shape,
                    ": they may differ in dimension ", axis, " alone");
    }
  }
  if (length > INT32_MAX) return c.fail("output would have ", length, " in dimension ", axis);
  whole[axis] = static_cast<int32_t>(length);
  OCTAVO_TRY(c.set_shape(0, whole));

  Span<StridedCopyParams> copies;
  OCTAVO_TRY(set_join(c, copies));
  int64_t begin = 0;
  for (int32_t i = 0; i < c.input_count(); ++i) {
    const Shape part = joined(i);
    copies[i] = plan_copy(part, element_bytes(c.input(i)), row_major(part),
                          row_major_from(whole, axis, begin));
    begin += part[axis];
  }
  return rescale ? set_rescaled(c, copies) : Status();
}

}  // namespace

Status prepare_concatenation(PrepareContext& c) {
  return prepare_unpacked(c, &prepare_concatenation_bytes);
}

}  // namespace octavo
