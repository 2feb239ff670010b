#include "ops/weights.h"

namespace octavo {
namespace {

Status check_filter_quantization(const PrepareContext& c, const WeightedOperands& o,
                                 bool zero_point_allowed) {
  const Text name = o.filter.info->name;
  const Quantization& q = o.filter.quantization();
  if (o.filter.info->is_blockwise()) {
    if (is_hybrid(o)) return {};
    return c.fail("filter \"", name,
                  "\" is quantized in blocks, which float inputs alone take, not ", o.input.type);
  }
  if (q.scale.empty()) {
    return c.fail("filter \"", name, "\" of type ", o.filter.type, " has no scale");
  }
  const bool is_legacy = o.filter.type == DType::kUInt8 && !is_hybrid(o);
  if (q.per_axis()) {
    if (is_legacy) {
      return c.fail("filter \"", name, "\" of type uint8 has ", q.scale.size,
                    " scales, should have 1");
    }
    if (q.axis != o.axis || q.scale.size != static_cast<size_t>(o.channels)) {
      return c.fail("filter \"", name, "\" has ", q.scale.size, " scales along dimension ", q.axis,
                    ", should have ", o.channels, " along dimension ", o.axis);
    }
  }
  const DTypeInfo& type = dtype_info(o.filter.type);
  const bool free = is_legacy || (zero_point_allowed && q.per_tensor());
  for (int64_t zero : q.zero_point) {
    if (!free && zero != 0) {
      return c.fail("filter \"", name, "\" of type ", o.filter.type, " has zero point ", zero,
                    ", should have 0");
    }
    if (zero < type.min || zero > type.max) {
      return c.fail("filter \"", name, "\" has zero point ", zero, ", its type ", o.filter.type,
                    " holds ", type.min, " to ", type.max);
    }
  }
  return {};
}

const void* at_element(const Tensor& t, int64_t i) {
  return static_cast<const uint8_t*>(t.data) + dtype_bytes(t.type, i);
}

// Whether each weight less its zero point is at most the sum of two; *is_split: some are no less.
bool fits_two_weights(const WeightedOperands& o, bool* is_split) {
  const FileWeights weights = file_weights(o, false, 0);
  if (dtype_info(o.filter.type).bits != 8 || weights.zero == 0) return true;
  int32_t least = 0, greatest = 0;
  for (int64_t i = 0; i < o.filter.shape.count(); ++i) {
    least = min(least, weights.centred(i));
    greatest = max(greatest, weights.centred(i));
  }
  *is_split = least < -128 || greatest > 127;
  return greatest <= 2 * 127;
}

bool has_wide_bias(const WeightedOperands& o) {
  if (o.input.type != DType::kInt16) return false;
  return (o.bias != nullptr ? o.bias->type : o.quantized_bias_type) != DType::kInt32;
}

// Whether int64 sums can be scaled as doubles that are exact: below 2^38, they are multiplied by 15
// bits; and whether what becomes of them fits in int32 before it is clamped.
bool fits_doubles(const WeightedOperands& o, const reference::ConvParams& p, int64_t terms) {
  constexpr int64_t kMostBias = int64_t{1} << 36;
  constexpr double kMostOutput = 1 << 30;
  if (!has_wide_bias(o)) return true;
  for (int32_t i = 0; i < o.channels; ++i) {
    const int64_t bias = o.bias != nullptr ? static_cast<const int64_t*>(o.bias->data)[i] : 0;
    if (bias < -kMostBias || bias > kMostBias) return false;
    const double greatest =
        static_cast<double>(terms) * (1 << 22) + static_cast<double>(max(bias, -bias));
    if (p.multiplier != nullptr && !(greatest * real_multiplier(o, i) < kMostOutput)) return false;
  }
  return true;
}

}  // namespace

Status choose_kernel(PrepareContext& c, const WeightedOperands& o,
                     Span<const WeightedKernel> kernels) {
  const DType quantized_bias_type = o.quantized_bias_type;
  OCTAVO_TRY(c.expect_same_type("input", o.input, "output", o.output));
  const bool type_given = o.input.type == DType::kInt16 && quantized_bias_type != DType::kFloat32;
  if (type_given && o.bias != nullptr && o.bias->type != quantized_bias_type) {
    return c.fail("bias \"", o.bias->info->name, "\" has type ", o.bias->type,
                  ", option quantized_bias_type says ", quantized_bias_type);
  }
  for (const WeightedKernel& k : kernels) {
    if (k.input != o.input.type || k.filter != o.filter.type) continue;
    if (o.bias != nullptr && k.bias != o.bias->type) continue;
    if (type_given && k.bias != quantized_bias_type) continue;
    c.step.invoke = k.invoke;
    return {};
  }
  return c.fail_types();
}

Status check_weights(const PrepareContext& c, const WeightedOperands& o, bool zero_point_allowed) {
  if (o.bias != nullptr && o.bias->shape.count() != o.channels) {
    return c.fail("bias \"", o.bias->info->name, "\" has ", o.bias->shape.count(),
                  " elements, the output has ", o.channels, " channels");
  }
  if (o.filter.type == DType::kFloat32 || has_half_weights(o)) return {};
  zero_point_allowed = zero_point_allowed && !is_hybrid(o) && !has_narrow_weights(o);
  OCTAVO_TRY(check_filter_quantization(c, o, zero_point_allowed));
  if (is_hybrid(o)) return {};
  OCTAVO_TRY(c.expect_per_tensor("input", o.input));
  OCTAVO_TRY(c.expect_symmetric_int16("input", o.input));
  OCTAVO_TRY(c.expect_per_tensor("output", o.output));
  return c.expect_symmetric_int16("output", o.output);
}

Status make_filter_scales(const PrepareContext& c, const WeightedOperands& o,
                          const float** scales) {
  Span<float> list;
  OCTAVO_TRY(c.make_array(o.channels, list));
  for (int32_t i = 0; i < o.channels; ++i) list[i] = filter_scale(o.filter, i);
  *scales = list.data;
  return {};
}

Status add_hybrid_scratch(PrepareContext& c, const WeightedOperands& o, int64_t rows) {
  OCTAVO_TRY(c.add_scratch(o.input.shape.count()));
  OCTAVO_TRY(c.add_scratch(rows * static_cast<int64_t>(sizeof(float))));
  OCTAVO_TRY(c.add_scratch(rows * static_cast<int64_t>(sizeof(int32_t))));
  return has_narrow_weights(o) ? c.add_scratch(o.filter.shape.count()) : Status();
}

void quantize_input(const Step& s, const Workspace& w, const Tensor& input, int64_t rows,
                    bool asymmetric) {
  if (rows == 0) return;
  w.kernels.quantize_rows_s8(rows, input.shape.count() / rows, asymmetric,
                             static_cast<const float*>(input.data), s.scratch(0), s.scratch(1),
                             s.scratch(2));
}

const Product* find_product(const Kernels& kernels, const WeightedOperands& o,
                            const reference::ConvParams& p, int64_t terms, bool* is_split) {
  using T = DType;
  const struct {
    T input, filter;
    const Product* product;
  } forms[] = {
      {T::kFloat32, T::kFloat16, kernels.product_f16},
      {T::kFloat32, T::kFloat32, kernels.product_f32},
      {T::kFloat32, T::kInt2, kernels.product_hybrid_s4},
      {T::kFloat32, T::kInt4, kernels.product_hybrid_s4},
      {T::kFloat32, T::kInt8, kernels.product_hybrid_s8},
      {T::kFloat32, T::kUInt8, kernels.product_hybrid_s8},
      {T::kInt16, T::kInt2, kernels.product_s16},
      {T::kInt16, T::kInt4, kernels.product_s16},
      {T::kInt16, T::kInt8, kernels.product_s16},
      {T::kInt8, T::kInt2, kernels.product_s8},
      {T::kInt8, T::kInt4, kernels.product_s8},
      {T::kInt8, T::kInt8, kernels.product_s8},
      {T::kUInt8, T::kUInt8, kernels.product_s8},
  };
  *is_split = false;
  if (!o.filter.is_known || (o.bias != nullptr && !o.bias->is_known)) return nullptr;
  for (const auto& form : forms) {
    if (form.input != o.input.type || form.filter != o.filter.type) continue;
    const bool fits = fits_two_weights(o, is_split) && fits_doubles(o, p, terms);
    return fits ? form.product : nullptr;
  }
  return nullptr;
}

FileWeights file_weights(const WeightedOperands& o, bool is_split, int64_t first) {
  const Flip flip = is_hybrid(o) ? Flip::kNo : flip_of(o.filter);
  const int32_t zero = flipped(static_cast<int32_t>(o.filter.quantization().zero()), flip);
  return {at_element(o.filter, first), flip, zero, is_split,
          has_narrow_weights(o) ? &dtype_info(o.filter.type) : nullptr};
}

Epilogue make_epilogue(const WeightedOperands& o, const reference::ConvParams& p, int32_t first) {
  const Flip flip = flip_of(o.input);
  return {o.bias != nullptr ? at_element(*o.bias, first) : nullptr,
          has_wide_bias(o),
          flipped(p.in_zero, flip),
          Scaling::kFixedPoint,
          p.multiplier != nullptr ? p.multiplier + first : nullptr,
          nullptr,
          {flipped(p.out_zero, flip), flipped(p.act_min, flip), flipped(p.act_max, flip), flip},
          {p.float_min, p.float_max},
          p.filter_scale != nullptr ? p.filter_scale + first : nullptr};
}

DerivedVariant packed_variant(const WeightedOperands& o, const reference::ConvParams& p, int32_t a,
                              int32_t b) {
  DerivedVariant v = {{a, b, p.act_min, p.act_max}};
  if (o.output.type == DType::kFloat32) {
    static_assert(sizeof(p.float_min) == sizeof(v.numbers[2]));
    memcpy(&v.numbers[2], &p.float_min, sizeof(p.float_min));
    memcpy(&v.numbers[3], &p.float_max, sizeof(p.float_max));
  }
  return v;
}

}  // namespace octavo
