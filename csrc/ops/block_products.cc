#include "ops/block_products.h"

#include <limits>

#include "base/half.h"
#include "ops/matrix_product.h"

namespace octavo {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Params {
  const Product* product;
  const uint8_t* packed;  // block by block
  int64_t packed_bytes;   // of a block
  const int32_t* tap_offsets;
  int32_t rows, depth, units, block;
  float low, high;  // of an output
};

// Scratch buffers: converted rows, their quantization, and sums over blocks, of which every other
// is in the output.
constexpr size_t kConverted = 0, kQuantization = 1, kSums = 2;

// What is summed up while it is in the nearest cache: some rows of some panels.
constexpr int32_t kMostRows = 32;
constexpr int64_t kMostSums = 4096;

struct Tile {
  int32_t first_row, rows, first_panel, panels, columns;
};

int32_t panels_of_tile(const Params& p) {
  const int64_t sums = int64_t{min(p.rows, kMostRows)} * p.product->gemm.panel_width;
  return static_cast<int32_t>(max<int64_t>(kMostSums / sums, 1));
}

// Of a > 0.
int32_t quotient_up(int32_t a, int32_t b) { return (a - 1) / b + 1; }

void multiply_tile(const Params& p, const Tile& tile, const Step& s, const Workspace& w) {
  const GemmKernel& gemm = p.product->gemm;
  const int64_t at = int64_t{tile.first_row} * p.units;
  float* const to[] = {static_cast<float*>(s.output(0)) + at,
                       static_cast<float*>(s.scratch(kSums)) + at};
  const reference::RowQuantization* quantization = s.scratch(kQuantization);

  GemmArgs args = {};
  args.columns = INT32_MAX;
  args.row_step = args.pixel_step = p.depth;
  args.tap_offsets = p.tap_offsets;
  args.rows = tile.rows;
  args.taps = 1;
  args.depth = p.block;
  args.n = p.units;
  args.first_panel = tile.first_panel;
  args.panels = tile.panels;
  args.out_stride = p.units;
  args.quantization = quantization + tile.first_row;
  args.by_row = true;
  const auto* image = static_cast<const uint8_t*>(s.scratch(kConverted));
  const int32_t blocks = p.depth / p.block;
  for (int32_t b = 0; b < blocks; ++b) {
    const int64_t element = int64_t{tile.first_row} * p.depth + int64_t{b} * p.block;
    args.image = image + element * gemm.image.element_bytes;
    args.packed = p.packed + b * p.packed_bytes;
    // The last sum is the output. A product may compute rows again: it does not add to its output.
    args.out = to[(blocks - 1 - b) % 2];
    gemm.run(args);
    args.addend = static_cast<const float*>(args.out);
  }
  if (p.low == -kInfinity && p.high == kInfinity) return;
  for (int32_t i = 0; i < tile.rows; ++i) {
    float* row = to[0] + int64_t{i} * p.units + int64_t{tile.first_panel} * gemm.panel_width;
    w.kernels.relu_f32({tile.columns, p.low, p.high}, row, row);
  }
}

Status invoke(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  convert_rows(w, *p.product,
               {p.rows, /*part_stride=*/0, p.depth, /*asymmetric=*/true, s.scratch(kQuantization)},
               s.inputs[0]->data, s.scratch(kConverted));
  const int32_t width = p.product->gemm.panel_width, panels = quotient_up(p.units, width);
  const int32_t step = panels_of_tile(p), across = quotient_up(panels, step);
  const int32_t tiles = quotient_up(p.rows, kMostRows) * across;
  const int64_t macs = int64_t{p.rows} * p.units * p.depth;
  const int32_t parts = w.workers.parts_for(macs, kLeastMacs, tiles);
  w.workers.for_each(parts, [&](int32_t part, int32_t) {
    const auto first = static_cast<int32_t>(int64_t{part} * tiles / parts);
    const auto end = static_cast<int32_t>((int64_t{part} + 1) * tiles / parts);
    for (int32_t i = first; i < end; ++i) {
      Tile tile;
      tile.first_row = i / across * kMostRows;
      tile.rows = min(kMostRows, p.rows - tile.first_row);
      tile.first_panel = i % across * step;
      tile.panels = min(step, panels - tile.first_panel);
      tile.columns = min(tile.panels * width, p.units - tile.first_panel * width);
      multiply_tile(p, tile, s, w);
    }
  });
  return {};
}

// Block b of all columns, with the bias where it is the first.
GemmColumns columns_of(const WeightedOperands& o, const reference::FullyConnectedParams& p,
                       int32_t b, const float* scales) {
  GemmColumns columns = {};
  columns.n = p.units;
  columns.taps = 1;
  columns.depth = p.block;
  columns.weights = {o.filter.data, Flip::kNo, 0, false, &dtype_info(DType::kInt4)};
  columns.column_stride = p.depth;
  columns.row_stride = 1;
  columns.epilogue.float_output = {-kInfinity, kInfinity};
  columns.epilogue.weight_scale = scales;
  if (b == 0 && o.bias != nullptr) columns.epilogue.bias = o.bias->data;
  return columns;
}

// A column is so many weights in the file; taps_start says where the block's begin.
void pack_blocks(const GemmKernel& gemm, const WeightedOperands& o,
                 const reference::FullyConnectedParams& p, int64_t block_bytes, float* scales,
                 void* packed) {
  const int32_t blocks = p.depth / p.block;
  for (int32_t b = 0; b < blocks; ++b) {
    for (int32_t u = 0; u < p.units; ++u) {
      scales[u] = to_float(p.block_scale[int64_t{u} * blocks + b]);
    }
    GemmColumns columns = columns_of(o, p, b, scales);
    const int64_t start = int64_t{b} * p.block;
    columns.tap_starts = &start;
    gemm.pack(columns, static_cast<uint8_t*>(packed) + b * block_bytes);
  }
}

}  // namespace

Status use_block_products(PrepareContext& c, const WeightedOperands& o,
                          const reference::FullyConnectedParams& p) {
  const Product* product = c.kernels.product_hybrid_s4;
  const bool is_known = o.filter.is_known && (o.bias == nullptr || o.bias->is_known);
  if (product == nullptr || !is_known || p.rows < 1 || p.units < 1) return {};
  const GemmKernel& gemm = product->gemm;
  if (p.block > gemm.most_terms || p.units > kMostPacked || p.depth > kMostPacked) return {};
  // Of small blocks more is packed than the file has.
  constexpr int64_t kMostGrowth = 4;
  const int64_t bytes = (gemm.packed_bytes(p.units, 1, p.block) + 63) / 64 * 64;
  const int64_t weights = int64_t{p.units} * p.depth / 2;
  if (bytes * (p.depth / p.block) > kMostGrowth * weights + (1 << 16)) return {};

  Params params = {};
  params.product = product;
  params.packed_bytes = bytes;
  params.rows = static_cast<int32_t>(p.rows);
  params.depth = p.depth;
  params.units = p.units;
  params.block = p.block;
  params.low = p.float_min;
  params.high = p.float_max;
  Span<int32_t> offsets;  // a row has one tap, which begins where the block does
  OCTAVO_TRY(c.make_array(1, offsets));
  params.tap_offsets = offsets.data;
  Span<float> scales;
  OCTAVO_TRY(c.make_array(p.units, scales));
  OCTAVO_TRY(make_packed(
      c, o, Derived::kMatrices, {{p.block}}, bytes * (p.depth / p.block),
      [&](void* memory) { pack_blocks(gemm, o, p, bytes, scales.data, memory); }, &params.packed));
  OCTAVO_TRY(c.set_invoke(&invoke, params));
  const ImageKernel& image = gemm.image;
  OCTAVO_TRY(c.add_scratch((p.rows * p.depth + image.slack) * image.element_bytes));
  OCTAVO_TRY(c.add_scratch(p.rows * int64_t{sizeof(reference::RowQuantization)}));
  return c.add_scratch(c.output(0).bytes());
}

}  // namespace octavo
