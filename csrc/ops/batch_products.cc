// BATCH_MATMUL of two activations on products of matrices, whose right one is packed for each run.
#include <limits>

#include "ops/batch_matmul.h"
#include "ops/elementwise.h"
#include "ops/weights.h"

namespace octavo {
namespace {

struct Params {
  BatchMatmul matmul;
  const Product* product;
  GemmColumns columns;   // but for their data
  GemmArgs args;         // but for pointers and rows
  int64_t packed_bytes;  // of a right matrix
  bool is_turned;        // right matrices are packed from a transposed copy
  StridedCopyParams turn;
};

// Scratch buffers: packed right matrices, converted left ones, transposed left and right ones.
constexpr size_t kPacked = 0, kConverted = 1, kTransposed = 2, kTurned = 3;

const Product* find_product(const PrepareContext& c) {
  const DType type = c.input(0).type;
  if (c.input(1).type != type) return nullptr;
  if (type == DType::kFloat32) return c.kernels.product_f32;
  return type == DType::kInt8 ? c.kernels.product_s8 : nullptr;
}

void pack_right(const Params& p, const Workspace& w, const uint8_t* b, uint8_t* packed) {
  const reference::MatmulParams& m = p.matmul.matrix;
  const int64_t bytes = int64_t{m.depth} * m.columns * p.product->in_bytes;
  for_each_part(w, p.matmul.b_count, p.packed_bytes, [&](int64_t begin, int64_t count) {
    for (int64_t i = begin; i < begin + count; ++i) {
      GemmColumns columns = p.columns;
      columns.weights.data = b + i * bytes;
      p.product->gemm.pack(columns, packed + i * p.packed_bytes);
    }
  });
}

// The left matrices' rows as one row of an image.
const uint8_t* convert_left(const Params& p, const Workspace& w, const void* rows,
                            uint8_t* converted) {
  const ImageKernel& image = p.product->gemm.image;
  if (image.is_identity) return static_cast<const uint8_t*>(rows);
  const int32_t depth = p.matmul.matrix.depth;
  const int64_t row_bytes = int64_t{depth} * p.product->in_bytes;
  for_each_part(w, p.matmul.a_rows, row_bytes, [&](int64_t begin, int64_t count) {
    ImageConversion conversion = {};
    conversion.in = static_cast<const uint8_t*>(rows) + begin * row_bytes;
    conversion.in_stride = depth;
    conversion.rows = static_cast<int32_t>(count);
    conversion.middle = conversion.repeat = conversion.planes = 1;
    conversion.channels = depth;
    image.convert(conversion, converted + begin * depth * image.element_bytes);
  });
  return converted;
}

Status invoke(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  const reference::MatmulParams& m = p.matmul.matrix;
  const Product& product = *p.product;
  const uint8_t* packed = s.scratch(kPacked);
  const uint8_t* b = s.input(1);
  if (p.is_turned) {
    w.kernels.strided_copy(p.turn, b, s.scratch(kTurned));
    b = s.scratch(kTurned);
  }
  pack_right(p, w, b, s.scratch(kPacked));
  const uint8_t* image =
      convert_left(p, w, rows_of_a(p.matmul, s, w, kTransposed), s.scratch(kConverted));
  uint8_t* out = s.output(0);
  for_each_rows(p.matmul, w, *s.outputs[0], [&](const MatmulRows& r) {
    GemmArgs args = p.args;
    const int64_t row = r.a * m.rows + r.first;
    args.image = image + row * m.depth * product.gemm.image.element_bytes;
    args.rows = r.count;
    args.packed = packed + r.b * p.packed_bytes;
    args.out = out + (r.out * m.rows + r.first) * m.columns * product.out_bytes;
    product.gemm.run(args);
  });
  return {};
}

Status set_columns(const PrepareContext& c, const BatchMatmul& p, GemmColumns* columns) {
  const reference::MatmulParams& m = p.matrix;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  columns->n = m.columns;
  columns->taps = 1;
  columns->depth = m.depth;
  columns->weights = {nullptr, Flip::kNo, m.b_zero, m.b_zero != 0};
  columns->column_stride = m.b_column_stride;
  columns->row_stride = m.b_row_stride;
  Epilogue& epilogue = columns->epilogue;
  epilogue.in_zero = m.a_zero;
  epilogue.output = {m.out_zero, -128, 127, Flip::kNo};
  epilogue.float_output = {-kInfinity, kInfinity};
  return repeat_multiplier(c, m, &epilogue.multiplier);
}

}  // namespace

Status use_batch_products(PrepareContext& c, const BatchMatmul& p) {
  const reference::MatmulParams& m = p.matrix;
  const Product* product = find_product(c);
  if (product == nullptr || product->gemm.image.parts != 1) return {};
  if (m.rows < 1 || m.columns < 1 || m.depth < 1 || p.b_count < 1) return {};
  if (m.columns > kMostPacked || m.depth > product->gemm.most_terms) return {};
  // Two weights make up 9 bits but for 255, which no difference from another zero point is.
  if (m.b_zero == -128) return {};
  // A packed matrix is to be read several times, and not much larger than it was.
  constexpr int64_t kLeastRows = 4, kMostGrowth = 8;
  const Shape& out = c.output(0).shape;
  if (out.count(0, out.rank - 1) < kLeastRows * p.b_count) return {};
  const int32_t taps = m.b_zero != 0 ? 2 : 1;
  const int64_t bytes = (product->gemm.packed_bytes(m.columns, taps, m.depth) + 63) / 64 * 64;
  const int64_t elements = p.a_rows * m.depth;
  if (bytes * p.b_count > kMostGrowth * c.input(1).bytes() + (1 << 16)) return {};
  if (elements > INT32_MAX / 2) return {};

  Params params = {};
  params.matmul = p;
  params.product = product;
  params.packed_bytes = bytes;
  OCTAVO_TRY(set_columns(c, p, &params.columns));
  // Packing is fast where floats lie row by row, bytes column by column.
  const bool by_rows = product->in_bytes > 1;
  params.is_turned = (by_rows ? m.b_column_stride : m.b_row_stride) != 1;
  if (params.is_turned) {
    params.turn = plan_transpose(c.input(1));
    params.columns.column_stride = by_rows ? 1 : m.depth;
    params.columns.row_stride = by_rows ? m.columns : 1;
  }
  GemmArgs& args = params.args;
  args.columns = INT32_MAX;
  args.row_step = args.pixel_step = m.depth;
  Span<int32_t> tap_offsets;  // all the same: a row has one tap
  OCTAVO_TRY(c.make_array(taps, tap_offsets));
  args.tap_offsets = tap_offsets.data;
  args.taps = taps;
  args.depth = m.depth;
  args.n = m.columns;
  args.panels = (m.columns + product->gemm.panel_width - 1) / product->gemm.panel_width;
  args.out_stride = m.columns;
  OCTAVO_TRY(c.set_invoke(&invoke, params));
  OCTAVO_TRY(c.add_scratch(bytes * p.b_count));
  const ImageKernel& image = product->gemm.image;
  const int64_t image_bytes = (elements + image.slack) * image.element_bytes;
  OCTAVO_TRY(c.add_scratch(image.is_identity ? 0 : image_bytes));
  OCTAVO_TRY(c.add_scratch(p.is_transposed ? c.input(0).bytes() : 0));
  return c.add_scratch(params.is_turned ? c.input(1).bytes() : 0);
}

}  // namespace octavo
