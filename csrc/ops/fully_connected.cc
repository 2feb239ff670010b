// FULLY_CONNECTED.
#include <limits>

#include "ops/activation.h"
#include "ops/block_products.h"
#include "ops/gemm.h"
#include "ops/weights.h"
#include "reference/wide_weights.h"

namespace octavo {
namespace {

struct Params {
  reference::FullyConnectedParams kernel;
  bool asymmetric;  // hybrid: how rows are quantized
};

template <auto kKernel>
Status invoke(const Step& s, const Workspace& w) {
  (w.kernels.*kKernel)(s.params<Params>().kernel, s.input(0), s.input(1), s.input(2), s.output(0));
  return {};
}

Status invoke_half(const Step& s, const Workspace& w) {
  const float* filter = widen_filter(s, w, *s.inputs[1]);
  w.kernels.fully_connected_f32(s.params<Params>().kernel, s.input(0), filter, s.input(2),
                                s.output(0));
  return {};
}

template <auto kKernel>
Status invoke_narrow(const Step& s, const Workspace& w) {
  const int8_t* filter = unpack_filter(s, w, 0);
  (w.kernels.*kKernel)(s.params<Params>().kernel, s.input(0), filter, s.input(2), s.output(0));
  return {};
}

template <auto kKernel>
Status invoke_hybrid(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  quantize_input(s, w, *s.inputs[0], p.kernel.rows, p.asymmetric);
  (w.kernels.*kKernel)(p.kernel, s.scratch(0), s.scratch(1), s.scratch(2), hybrid_filter(s, w),
                       s.input(2), s.output(0));
  return {};
}

template <auto kKernel>
Status invoke_wide(const Step& s, const Workspace&) {
  kKernel(s.params<reference::WideWeightsParams>(), s.input(0), s.input(1), s.input(2),
          s.output(0));
  return {};
}

using T = DType;

constexpr WeightedKernel kFullyConnectedKernels[] = {
    {T::kFloat32, T::kFloat32, T::kFloat32, &invoke<&Kernels::fully_connected_f32>},
    {T::kFloat32, T::kFloat16, T::kFloat32, &invoke_half},
    {T::kFloat32, T::kInt8, T::kFloat32, &invoke_hybrid<&Kernels::fully_connected_hybrid>},
    {T::kFloat32, T::kInt4, T::kFloat32, &invoke_hybrid<&Kernels::fully_connected_hybrid>},
    {T::kFloat32, T::kInt2, T::kFloat32, &invoke_hybrid<&Kernels::fully_connected_hybrid>},
    {T::kFloat32, T::kUInt8, T::kFloat32, &invoke_hybrid<&Kernels::fully_connected_hybrid>},
    {T::kInt16, T::kInt8, T::kInt64, &invoke<&Kernels::fully_connected_s16>},
    {T::kInt16, T::kInt8, T::kInt32, &invoke<&Kernels::fully_connected_s16_b32>},
    {T::kInt16, T::kInt16, T::kInt64, &invoke_wide<&reference::wide_weights_s16>},
    {T::kInt16, T::kInt16, T::kInt32, &invoke_wide<&reference::wide_weights_s16_b32>},
    {T::kInt16, T::kInt4, T::kInt64, &invoke_narrow<&Kernels::fully_connected_s16>},
    {T::kInt16, T::kInt4, T::kInt32, &invoke_narrow<&Kernels::fully_connected_s16_b32>},
    {T::kInt16, T::kInt2, T::kInt64, &invoke_narrow<&Kernels::fully_connected_s16>},
    {T::kInt16, T::kInt2, T::kInt32, &invoke_narrow<&Kernels::fully_connected_s16_b32>},
    {T::kInt8, T::kInt8, T::kInt32, &invoke<&Kernels::fully_connected_s8>},
    {T::kInt8, T::kInt4, T::kInt32, &invoke_narrow<&Kernels::fully_connected_s8>},
    {T::kInt8, T::kInt2, T::kInt32, &invoke_narrow<&Kernels::fully_connected_s8>},
    {T::kUInt8, T::kUInt8, T::kInt32, &invoke<&Kernels::fully_connected_u8>},
};

// The input is a matrix as wide as the filter, whatever its shape. keep_num_dims: the output has
// the input's shape but for the last dimension.
Status set_sizes(const PrepareContext& c, const Tensor& input, const Tensor& filter,
                 bool keep_num_dims, reference::FullyConnectedParams* p) {
  OCTAVO_TRY(c.expect_rank("filter", filter, 2, 2));
  p->units = filter.shape[0];
  p->depth = filter.shape[1];
  const int64_t elements = input.shape.count();
  if (p->depth < 1 || elements % p->depth != 0) {
    return c.fail("filter has ", p->depth, " columns, which the input's ", elements,
                  " elements do not fill");
  }
  p->rows = elements / p->depth;
  if (p->rows > std::numeric_limits<int32_t>::max()) {
    return c.fail("the input has ", p->rows, " rows, which no shape can say");
  }
  if (!keep_num_dims) return c.set_shape(0, make_shape(p->rows, p->units));
  if (input.shape.rank < 1 || input.shape.back() != p->depth) {
    return c.fail("filter has ", p->depth, " columns, input has shape ", input.shape,
                  ", which keep_num_dims keeps");
  }
  Shape out = input.shape;
  out[out.rank - 1] = p->units;
  return c.set_shape(0, out);
}

// Of weights in blocks: a scale of float16 for each block of each unit.
Status set_blocks(const PrepareContext& c, const Tensor& filter,
                  reference::FullyConnectedParams* p) {
  const BlockQuantization& blocks = filter.info->blocks;
  const auto fail = [&](const auto&... parts) {
    return c.fail("filter \"", filter.info->name, "\" is quantized in blocks ", parts...);
  };
  if (filter.type != DType::kInt4) return fail("and has type ", filter.type, ", should have int4");
  if (blocks.size < 1 || p->depth % blocks.size != 0) {
    return fail("of ", blocks.size, ", which its ", p->depth, " columns do not fill");
  }
  const TensorInfo& scales = *blocks.scales;
  if (scales.type != DType::kFloat16 || scales.constant.data == nullptr || scales.is_sparse) {
    return fail("by scales of type ", scales.type, ", should be a constant of float16");
  }
  const int64_t expected = int64_t{p->units} * (p->depth / blocks.size);
  if (scales.shape.count() != expected) {
    return fail("of ", blocks.size, ", and has ", scales.shape.count(), " scales, should have ",
                expected);
  }
  if (blocks.zero_points != nullptr) return fail("with zero points, should have none");
  p->block = blocks.size;
  p->block_scale = reinterpret_cast<const Half*>(scales.constant.data);
  return {};
}

reference::ConvParams as_conv(const reference::FullyConnectedParams& p) {
  reference::ConvParams conv = rows_as_images(p.rows, p.depth, p.units);
  conv.in_zero = p.in_zero;
  conv.filter_zero = p.filter_zero;
  conv.out_zero = p.out_zero;
  conv.act_min = p.act_min;
  conv.act_max = p.act_max;
  conv.float_min = p.float_min;
  conv.float_max = p.float_max;
  conv.filter_scale = p.filter_scale;
  return conv;
}

// Each row of the input is quantized by its own range, asymmetrically where weights are in blocks.
Status prepare_hybrid(PrepareContext& c, const WeightedOperands& o, Params* params) {
  reference::FullyConnectedParams& p = params->kernel;
  const auto& options = c.options<FullyConnectedOptions>();
  params->asymmetric = options.asymmetric_quantize_inputs || o.filter.info->is_blockwise();
  if (o.filter.info->is_blockwise()) {
    OCTAVO_TRY(set_blocks(c, o.filter, &p));
    c.step.invoke = nullptr;
    OCTAVO_TRY(use_block_products(c, o, p));
    if (c.step.invoke != nullptr) return {};
    c.step.invoke = &invoke_hybrid<&Kernels::fully_connected_hybrid_blocks>;
    return add_hybrid_scratch(c, o, p.rows);
  }
  OCTAVO_TRY(add_hybrid_scratch(c, o, p.rows));
  OCTAVO_TRY(make_filter_scales(c, o, &p.filter_scale));
  const reference::ConvParams conv = as_conv(p);
  return use_gemm(c, o, conv, conv_strides(conv), /*scale=*/nullptr,
                  {p.rows, p.depth, params->asymmetric});
}

// int16 weights, whose sums LiteRT scales in fixed point; where they have one scale, by its product
// with the input's in single precision.
Status prepare_wide(PrepareContext& c, const WeightedOperands& o,
                    const reference::FullyConnectedParams& sizes) {
  reference::WideWeightsParams p = {};
  p.rows = sizes.rows;
  p.depth = sizes.depth;
  p.units = sizes.units;
  p.filter_zero = o.filter.zero_point();
  OCTAVO_TRY(quantized_activation_range(c, c.options<FullyConnectedOptions>().activation, o.output,
                                        &p.act_min, &p.act_max));
  Span<Multiplier> multipliers;
  OCTAVO_TRY(c.make_array(p.units, multipliers));
  const double one = static_cast<double>(o.input.scale() * o.filter.scale()) / o.output.scale();
  for (int32_t i = 0; i < p.units; ++i) {
    const bool is_own = o.filter.quantization().per_axis();
    multipliers[i] = quantize_multiplier(is_own ? real_multiplier(o, i) : one);
  }
  p.multiplier = multipliers.data;
  return c.set_invoke(c.step.invoke, p);
}

}  // namespace

Status prepare_fully_connected(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 3, 1));
  const auto& options = c.options<FullyConnectedOptions>();
  if (options.shuffled_weights) {
    return c.fail("weights in the order SHUFFLED4x16INT8 are not supported");
  }
  const Tensor& input = c.input(0);
  const Tensor& filter = c.input(1);
  Params* params;
  OCTAVO_TRY(c.make_params(params));
  reference::FullyConnectedParams& p = params->kernel;
  OCTAVO_TRY(set_sizes(c, input, filter, options.keep_num_dims, &p));

  const Tensor* bias = c.has_input(2) ? &c.input(2) : nullptr;
  const WeightedOperands operands = {
      input, filter, bias, c.output(0), p.units, /*axis=*/0, options.quantized_bias_type};
  OCTAVO_TRY(choose_kernel(c, operands, span_of(kFullyConnectedKernels)));
  OCTAVO_TRY(check_weights(c, operands, /*zero_point_allowed=*/true));
  if (has_half_weights(operands)) OCTAVO_TRY(add_widened_filter(c, operands));
  if (input.type == DType::kFloat32) {
    OCTAVO_TRY(activation_range(c, options.activation, &p.float_min, &p.float_max));
    if (is_hybrid(operands)) return prepare_hybrid(c, operands, params);
    const reference::ConvParams conv = as_conv(p);
    return use_gemm(c, operands, conv, conv_strides(conv), /*scale=*/nullptr);
  }
  if (filter.type == DType::kInt16) return prepare_wide(c, operands, p);
  if (has_narrow_weights(operands)) OCTAVO_TRY(c.add_scratch(filter.shape.count()));
  p.in_zero = input.zero_point();
  p.filter_zero = filter.zero_point();
  p.out_zero = c.output(0).zero_point();
  OCTAVO_TRY(
      quantized_activation_range(c, options.activation, c.output(0), &p.act_min, &p.act_max));
  const auto fill = [&](void* memory) {
    auto* scales = static_cast<double*>(memory);
    for (int32_t i = 0; i < p.units; ++i) scales[i] = real_multiplier(operands, i);
    return Status();
  };
  OCTAVO_TRY(c.make_derived(Derived::kMultipliers, {}, /*is_shareable=*/true,
                            p.units * static_cast<int64_t>(sizeof(double)), fill, &p.scale));
  const reference::ConvParams conv = as_conv(p);
  return use_gemm(c, operands, conv, conv_strides(conv), p.scale);
}

}  // namespace octavo
