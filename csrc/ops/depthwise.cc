#include "ops/depthwise.h"

#include "ops/image_blocks.h"

namespace octavo {
namespace {

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
FileWeights weights_of(const WeightedOperands& o, const reference::ConvParams& p,
                       const FilterStrides& strides, bool is_split) {
  FileWeights weights = file_weights(o, is_split, 0);
  weights.real_scale = p.filter_scale;
  weights.channels = p.out_c;
  weights.channel_stride = strides.channel;
  return weights;
}

// As use_depthwise, without a copy of the image.
Status use_direct(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& p,
                  const FilterStrides& strides, const Product& product) {
  const int32_t taps = p.filter_h * p.filter_w;
  const auto pack = [&](void* packed) {
    product.gemm.pack(
        {p.out_c, /*taps=*/1, taps, weights_of(o, p, strides, /*is_split=*/false), strides.channel,
         strides.weight, /*tap_starts=*/nullptr, make_epilogue(o, p, 0)},
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

}  // namespace

Status use_depthwise(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& p,
                     const FilterStrides& strides) {
  const int64_t taps = int64_t{p.filter_h} * p.filter_w;
  bool is_split;
  const Product* product = find_product(c.kernels, o, p, taps, &is_split);
  if (product == nullptr) return {};
  if (p.batch < 1 || p.out_h < 1 || p.out_w < 1) return {};
  if (taps < 1 || taps > product->depthwise.most_terms || p.out_c < 1 || p.out_c > kMostPacked)
    return {};
  if (product->direct_depthwise.run != nullptr && p.out_c == p.in_c) {
    return use_direct(c, o, p, strides, *product);
  }

  PackedParams params = {};
  params.macs = int64_t{p.batch} * p.out_h * p.out_w * p.out_c * taps;
  ImageBlocks& blocks = params.blocks;
  const ImageOrder order = {&product->depthwise.image, p.out_c / p.in_c,
                            p.out_w > 1 ? p.stride_w : 1, /*is_copied=*/true};
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
    kernel.pack(
        {p.out_c, /*taps=*/1, static_cast<int32_t>(taps), weights_of(o, p, strides, is_split),
         strides.channel, strides.weight, /*tap_starts=*/nullptr, make_epilogue(o, p, 0)},
        args.taps, packed);
  };
  OCTAVO_TRY(make_packed(c, o, Derived::kDepthwiseFilter, packed_variant(o, p, 0, 0),
                         kernel.packed_bytes(p.out_c, args.taps), pack, &args.packed));
  OCTAVO_TRY(c.set_invoke(&invoke_packed, params));
  if (p.batch == 1) c.step.run_rows = &run_packed_rows;
  return add_block_scratch(c, blocks);
}

Status use_real_depthwise(PrepareContext& c, const WeightedOperands& o,
                          const reference::ConvParams& p, const FilterStrides& strides) {
  Tensor as_float = o.filter;
  as_float.type = DType::kFloat32;
  return use_depthwise(c, {o.input, as_float, o.bias, o.output, o.channels, o.axis}, p, strides);
}

}  // namespace octavo
