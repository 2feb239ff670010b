#include "ops/gemm.h"

#include "base/math.h"
#include "ops/image_blocks.h"

namespace octavo {
namespace {

struct GemmParams {
  ImageBlocks blocks;
  GemmArgs args;   // but for the block's pointers and rows
  int32_t panels;  // of a group
  int32_t chunks;  // into which a block's panels are cut
  int32_t groups;
  int64_t group_bytes;  // packed
  int64_t macs;
  InputRanges ranges;     // to be found beforehand
  int32_t rows_of_image;  // of the blocks' rows, in one of the image
};

// Without neighbours to look at, all pixels of all images are one column of pixels, to be cut
// anywhere; of each image, where each has something of its own.
reference::ConvParams as_column(const reference::ConvParams& conv, bool keeps_images) {
  reference::ConvParams p = conv;
  const int64_t images = keeps_images ? 1 : p.batch;
  const int64_t pixels = images * p.in_h * p.in_w;
  if (!is_pointwise(p) || pixels > INT32_MAX) return p;
  p.in_h = p.out_h = static_cast<int32_t>(pixels);
  p.in_w = p.out_w = 1;
  if (!keeps_images) p.batch = 1;
  return p;
}

// One chunk of panels of one block.
void run_part(const GemmParams& params, const Step& s, const BlockPart& part) {
  const reference::ConvParams& p = params.blocks.conv;
  const auto first_panel = [&](int32_t chunk) {
    return static_cast<int32_t>(int64_t{params.panels} * chunk / params.chunks);
  };
  GemmArgs args = params.args;
  args.next = s.read_next;
  args.rows = part.rows * p.out_w;
  args.first_panel = first_panel(part.chunk);
  args.panels = first_panel(part.chunk + 1) - args.first_panel;
  args.workspace = part.workspace;
  args.quantization = part.quantization;
  args.by_row = params.blocks.ranges_at != 0;
  const Product& product = *params.blocks.product;
  for (int32_t g = 0; g < params.groups; ++g) {
    args.image = part.converted + int64_t{g} * p.filter_c * product.gemm.image.element_bytes;
    args.packed = static_cast<const uint8_t*>(params.args.packed) + g * params.group_bytes;
    args.out = part.out + int64_t{g} * args.n * product.out_bytes;
    product.gemm.run(args);
  }
}

Status invoke_gemm(const Step& s, const Workspace& w) {
  const auto& params = s.params<GemmParams>();
  reference::RowQuantization* quantization = find_ranges(s, w, params.ranges, s.input(0));
  run_blocks(
      s, w, params.blocks, s.input(0), params.chunks, params.macs,
      [&](const BlockPart& part) { run_part(params, s, part); }, quantization);
  return {};
}

void run_gemm_rows(const Step& s, const RowRange& r) {
  const auto& params = s.params<GemmParams>();
  run_row_blocks(s, params.blocks, r, params.rows_of_image, [&](BlockPart part) {
    for (; part.chunk < params.chunks; ++part.chunk) run_part(params, s, part);
  });
}

// How the product goes through its image, whose windows are complete. False where that does not
// suit it.
bool plan_product(const PrepareContext& c, const WeightedOperands& o, const Product& product,
                  const reference::ConvParams& p, const InputRanges& ranges, bool by_pixel,
                  GemmParams* params) {
  if (!by_pixel) params->ranges = ranges;
  params->groups = p.in_c / p.filter_c;
  const int32_t n = p.out_c / params->groups;
  const GemmKernel& gemm = product.gemm;
  params->panels = (n + gemm.panel_width - 1) / gemm.panel_width;
  params->macs =
      int64_t{p.batch} * p.out_h * p.out_w * p.out_c * p.filter_h * p.filter_w * p.filter_c;
  const int32_t parts = parts_for(c, params->macs);
  ImageBlocks& blocks = params->blocks;
  // A part has rows enough to make good use of the weights it reads; else threads share those.
  constexpr int64_t kLeastRows = 32;
  const int64_t rows = int64_t{p.batch} * p.out_h * p.out_w;
  const auto by_rows = static_cast<int32_t>(clamp<int64_t>(rows / kLeastRows, 1, parts));
  if (!plan_blocks(product, p, flip_of(o.input), by_rows, gemm_image(product), &blocks)) {
    return false;
  }
  blocks.low = ranges.low();
  if (by_pixel) {
    blocks.ranges_at = blocks.bytes;
    blocks.bytes += (blocks.rows * int64_t{sizeof(reference::RowQuantization)} + 63) / 64 * 64;
  }
  const int32_t count = p.batch * blocks.per_image;
  params->chunks = clamp((parts + count - 1) / count, 1, params->panels);

  // The taps of a row lie side by side, and are one, unless a group or a dilation skips elements.
  const bool is_row_whole = p.dilation_w == 1 && params->groups == 1;
  GemmArgs& args = params->args;
  args.depth = is_row_whole ? p.filter_w * p.filter_c : p.filter_c;
  args.n = n;
  args.out_stride = p.out_c;
  set_windows(blocks, &args);
  return true;
}

// All groups' columns; a column has k weights.
void pack_groups(const WeightedOperands& o, const GemmParams& params, const FilterStrides& strides,
                 const double* scale, int64_t k, bool is_split, uint8_t* packed) {
  const int32_t n = params.args.n, depth = params.args.depth;
  for (int32_t i = 0; i < params.groups; ++i) {
    const int32_t first = i * n;
    Epilogue epilogue = make_epilogue(o, params.blocks.conv, first);
    if (scale != nullptr) {
      epilogue.scaling = Scaling::kDouble;
      epilogue.scale = scale + first;
    }
    params.blocks.product->gemm.pack(
        {n, static_cast<int32_t>(k / depth), depth,
         file_weights(o, is_split, first * strides.channel), strides.channel, strides.weight,
         /*tap_starts=*/nullptr, epilogue},
        packed + i * params.group_bytes);
  }
}

}  // namespace

Status use_gemm(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& conv,
                const FilterStrides& strides, const double* scale, const InputRanges& ranges) {
  // Pixels that have ranges of their own find them as they are converted.
  const bool by_pixel = ranges.rows > 0 && conv.in_h == 1 && conv.in_w == 1 && conv.filter_h == 1 &&
                        conv.filter_w == 1;
  const reference::ConvParams p = as_column(conv, ranges.rows > 1 && !by_pixel);
  const int64_t k = int64_t{p.filter_h} * p.filter_w * p.filter_c;
  bool is_split;
  const Product* product = find_product(c.kernels, o, p, k, &is_split);
  if (product == nullptr) return {};
  if (p.batch < 1 || p.out_h < 1 || p.out_w < 1) return {};
  if (has_narrow_weights(o) && p.in_c != p.filter_c) return {};  // a group may begin within a byte
  if (k < 1 || k > product->gemm.most_terms || p.out_c < 1 || p.out_c > kMostPacked) return {};

  GemmParams params = {};
  if (!plan_product(c, o, *product, p, ranges, by_pixel, &params)) return {};
  ImageBlocks& blocks = params.blocks;
  GemmArgs& args = params.args;
  const GemmKernel& gemm = product->gemm;
  OCTAVO_TRY(make_tap_offsets(c, blocks, args.depth / p.filter_c, is_split, &args.tap_offsets,
                              &args.taps));
  if (gemm.workspace_bytes != nullptr) {
    const int64_t wanted = gemm.workspace_bytes(blocks.rows * p.out_w, args.taps, args.depth);
    blocks.workspace_bytes = (wanted + 63) / 64 * 64;
  }
  params.group_bytes = (gemm.packed_bytes(args.n, args.taps, args.depth) + 63) / 64 * 64;
  // Groups of few channels are packed to columns that are not there.
  constexpr int64_t kMostGrowth = 32, kSmall = 1 << 20;
  const int64_t bytes = params.groups * params.group_bytes;
  const int64_t file_bytes = p.out_c * k * dtype_info(o.filter.type).bits / 8;
  if (params.groups > 1 && bytes > max(kMostGrowth * file_bytes, kSmall)) return {};
  const auto pack = [&](void* packed) {
    pack_groups(o, params, strides, scale, k, is_split, static_cast<uint8_t*>(packed));
  };
  OCTAVO_TRY(make_packed(c, o, Derived::kGemmColumns, packed_variant(o, p, params.groups, 0),
                         params.groups * params.group_bytes, pack, &args.packed));
  const int32_t first_columns = min(args.n, gemm.panel_width);
  c.step.reads_first = {
      static_cast<const uint8_t*>(args.packed),
      static_cast<size_t>(gemm.packed_bytes(first_columns, args.taps, args.depth))};
  // Of one image, without ranges to be found in all of it.
  const Shape& out = o.output.shape;
  const bool has_rows = out.rank == 4 && out[0] == 1 && p.batch == 1 && params.ranges.rows == 0;
  if (has_rows) params.rows_of_image = p.out_h / out[1];
  OCTAVO_TRY(c.set_invoke(&invoke_gemm, params));
  if (has_rows) c.step.run_rows = &run_gemm_rows;
  OCTAVO_TRY(add_block_scratch(c, blocks));
  return add_range_scratch(c, params.ranges);
}

}  // namespace octavo
