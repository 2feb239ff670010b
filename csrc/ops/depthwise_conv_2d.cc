// DEPTHWISE_CONV_2D.
#include "ops/conv.h"
#include "ops/gemm.h"
#include "ops/image_blocks.h"

namespace octavo {
namespace {

using T = DType;

constexpr WeightedKernel kDepthwiseKernels[] = {
    {T::kFloat32, T::kFloat32, T::kFloat32, &invoke_conv<&Kernels::depthwise_conv_2d_f32>},
    {T::kFloat32, T::kFloat16, T::kFloat32, &invoke_conv_half<&Kernels::depthwise_conv_2d_f32>},
    {T::kFloat32, T::kInt8, T::kFloat32, &invoke_conv<&Kernels::depthwise_conv_2d_hybrid>},
    {T::kInt16, T::kInt8, T::kInt64, &invoke_conv<&Kernels::depthwise_conv_2d_s16>},
    {T::kInt8, T::kInt8, T::kInt32, &invoke_conv<&Kernels::depthwise_conv_2d_s8>},
    {T::kInt8, T::kInt4, T::kInt32, &invoke_conv_narrow<&Kernels::depthwise_conv_2d_s8>},
    {T::kUInt8, T::kUInt8, T::kInt32, &invoke_conv<&Kernels::depthwise_conv_2d_u8>},
};

struct PackedParams {
  ImageBlocks blocks;
  DepthwiseArgs args;  // but for the block's pointers and rows
  int64_t macs;
};

void run_part(const PackedParams& params, const BlockPart& part) {
  DepthwiseArgs args = params.args;
  args.rows = part.rows;
  args.image = part.converted;
  args.workspace = part.workspace;
  args.out = part.out;
  params.blocks.product->depthwise.run(args);
}

Status invoke_packed(const Step& s, const Workspace& w) {
  const auto& params = s.params<PackedParams>();
  run_blocks(s, w, params.blocks, s.input(0), /*chunks=*/1, params.macs,
             [&](const BlockPart& part) { run_part(params, part); });
  return {};
}

void run_packed_rows(const Step& s, const RowRange& r) {
  const auto& params = s.params<PackedParams>();
  run_row_blocks(s, params.blocks, r, /*scale=*/1,
                 [&](const BlockPart& part) { run_part(params, part); });
}

struct DirectParams {
  const DirectDepthwiseKernel* kernel;
  reference::ConvParams conv;
  const void* packed;
  int32_t parts;
};

Status invoke_direct(const Step& s, const Workspace& w) {
  const auto& params = s.params<DirectParams>();
  const reference::ConvParams& p = params.conv;
  const float* in = s.input(0);
  float* out = s.output(0);
  const int64_t in_size = int64_t{p.in_h} * p.in_w * p.in_c;
  const int64_t out_size = int64_t{p.out_h} * p.out_w * p.out_c;
  const int64_t rows = int64_t{p.batch} * p.out_h;
  (params.parts == 1 ? Workers() : w.workers).for_each(params.parts, [&](int32_t part, int32_t) {
    const int64_t end = rows * (part + 1) / params.parts;
    for (int64_t row = rows * part / params.parts; row < end;) {
      const int64_t image = row / p.out_h;
      const auto first = static_cast<int32_t>(row % p.out_h);
      const auto count = static_cast<int32_t>(min<int64_t>(end - row, p.out_h - first));
      params.kernel->run({p, in + image * in_size, /*top=*/0, params.packed, first, count,
                          out + image * out_size + int64_t{first} * p.out_w * p.out_c});
      row += count;
    }
  });
  return {};
}

void run_direct_rows(const Step& s, const RowRange& r) {
  const auto& params = s.params<DirectParams>();
  params.kernel->run({params.conv, r.in.data, r.in.top, params.packed, r.first, r.count, r.out});
}

// Weights of int8 with a float input become floats as they are packed.
FileWeights weights_of(const WeightedOperands& o, const reference::ConvParams& p, bool is_split) {
  FileWeights weights = file_weights(o, is_split, 0);
  weights.real_scale = p.filter_scale;
  weights.channels = p.out_c;
  return weights;
}

// As use_packed, without a copy of the image.
Status use_direct(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& p,
                  const Product& product) {
  const int32_t taps = p.filter_h * p.filter_w;
  const auto pack = [&](void* packed) {
    product.gemm.pack({p.out_c, /*taps=*/1, taps, weights_of(o, p, /*is_split=*/false),
                       /*column_stride=*/1, /*row_stride=*/p.out_c, /*tap_starts=*/nullptr,
                       make_epilogue(o, p, 0)},
                      packed);
  };
  DirectParams params = {&product.direct_depthwise, p, nullptr, 1};
  OCTAVO_TRY(make_packed(c, o, Derived::kGemmColumns, packed_variant(o, p, 0, 0),
                         product.gemm.packed_bytes(p.out_c, 1, taps), pack, &params.packed));
  const int64_t rows = int64_t{p.batch} * p.out_h;
  const int32_t parts = parts_for(c, rows * p.out_w * p.out_c * taps);
  params.parts = static_cast<int32_t>(min<int64_t>(parts, rows));
  OCTAVO_TRY(c.set_invoke(&invoke_direct, params));
  if (p.batch == 1) c.step.run_rows = &run_direct_rows;
  return {};
}

// Packs the weights, if the table has a product of the operands' form and the sizes suit it; else
// leaves the step as it is.
Status use_packed(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& p) {
  const int64_t taps = int64_t{p.filter_h} * p.filter_w;
  bool is_split;
  const Product* product = find_product(c.kernels, o, p, taps, &is_split);
  if (product == nullptr) return {};
  if (p.batch < 1 || p.out_h < 1 || p.out_w < 1) return {};
  if (taps < 1 || taps > product->depthwise.most_terms || p.out_c < 1 || p.out_c > kMostPacked)
    return {};
  if (product->direct_depthwise.run != nullptr && p.out_c == p.in_c) {
    return use_direct(c, o, p, *product);
  }

  PackedParams params = {};
  params.macs = int64_t{p.batch} * p.out_h * p.out_w * p.out_c * taps;
  ImageBlocks& blocks = params.blocks;
  const ImageOrder order = {&product->depthwise.image, p.out_c / p.in_c,
                            p.out_w > 1 ? p.stride_w : 1, /*has_slack=*/true};
  if (!plan_blocks(*product, p, flip_of(o.input), parts_for(c, params.macs), order, &blocks)) {
    return {};
  }
  const DepthwiseKernel& kernel = product->depthwise;
  DepthwiseArgs& args = params.args;
  args.taps = kernel.choose_taps(p, is_split);
  int32_t count;
  OCTAVO_TRY(
      make_tap_offsets(c, blocks, /*whole=*/1, /*is_split=*/false, &args.tap_offsets, &count));
  args.channels = p.out_c;
  args.columns = p.out_w;
  args.row_stride = p.stride_h * blocks.row_elements;
  blocks.workspace_bytes = (kernel.workspace_bytes(args) + 63) / 64 * 64;
  const auto pack = [&](void* packed) {
    kernel.pack({p.out_c, /*taps=*/1, static_cast<int32_t>(taps), weights_of(o, p, is_split),
                 /*column_stride=*/1, /*row_stride=*/p.out_c, /*tap_starts=*/nullptr,
                 make_epilogue(o, p, 0)},
                args.taps, packed);
  };
  OCTAVO_TRY(make_packed(c, o, Derived::kDepthwiseFilter, packed_variant(o, p, 0, 0),
                         kernel.packed_bytes(p.out_c, args.taps), pack, &args.packed));
  OCTAVO_TRY(c.set_invoke(&invoke_packed, params));
  if (p.batch == 1) c.step.run_rows = &run_packed_rows;
  return add_block_scratch(c, blocks);
}

}  // namespace

// The channels, not the option depth_multiplier, say how many outputs an input channel has: some
// writers leave the option at 0.
Status prepare_depthwise_conv_2d(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 3, 1));
  const auto& options = c.options<Conv2DOptions>();
  const Tensor& input = c.input(0);
  const Tensor& filter = c.input(1);
  reference::ConvParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(set_conv_sizes(c, input, filter, options, p));
  p->filter_c = 1;
  p->out_c = filter.shape[3];
  if (filter.shape[0] != 1) {
    return c.fail("filter has shape ", filter.shape, ", its first dimension should be 1");
  }
  if (p->in_c < 1 || p->out_c % p->in_c != 0) {
    return c.fail("filter has ", p->out_c, " channels, not a multiple of the input's ", p->in_c);
  }
  OCTAVO_TRY(place_window(c, options, p->in_h, p->in_w, p, &p->out_h, &p->out_w));
  OCTAVO_TRY(c.set_shape(0, make_shape(p->batch, p->out_h, p->out_w, p->out_c)));
  const Tensor* bias = c.has_input(2) ? &c.input(2) : nullptr;
  const WeightedOperands operands = {
      input, filter, bias, c.output(0), p->out_c, /*axis=*/3, options.quantized_bias_type};
  OCTAVO_TRY(finish_conv(c, operands, options, span_of(kDepthwiseKernels), p));
  set_row_window(c, *p);
  if (is_hybrid(operands)) {  // the input stays float
    Tensor as_float = filter;
    as_float.type = DType::kFloat32;
    return use_packed(c, {input, as_float, bias, c.output(0), p->out_c, /*axis=*/3}, *p);
  }
  if (has_narrow_weights(operands)) OCTAVO_TRY(c.add_scratch(filter.shape.count()));
  if (p->in_c > 1) return use_packed(c, operands, *p);
  // One channel in: a convolution whose filter has another order, [filter_h][filter_w][out_c].
  return use_gemm(c, operands, *p, {1, p->out_c}, /*scale=*/nullptr);
}

}  // namespace octavo
