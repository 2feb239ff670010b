// BATCH_MATMUL of many right matrices, or of activations, on products of matrices, which are packed
// for each run.
#include <limits>

#include "ops/batch_matmul.h"
#include "ops/elementwise.h"
#include "ops/matrix_product.h"
#include "ops/weights.h"

namespace octavo {
namespace {

using reference::MatmulParams;

struct Params {
  BatchMatmul matmul;
  const Product* product;
  GemmColumns columns;  // but for their data and depth
  GemmArgs args;        // but for pointers, rows and depth
  // Where a product's terms are fewer than the matrix is deep, it is cut into chunks.
  int32_t chunks, chunk_depth;
  int64_t chunk_bytes;  // packed
  RowConversion left;   // but for the quantization
  bool is_hybrid;       // float by int8
  // int16: sums of so many rows, of all chunks, are made at a time, for each worker.
  int32_t rows_at_once;

  int64_t packed_bytes() const { return chunks * chunk_bytes; }  // of a right matrix
  int32_t depth_of(int32_t chunk) const {
    return min(chunk_depth, matmul.matrix.depth - chunk * chunk_depth);
  }
  int64_t sums() const {
    return int64_t{chunks} * reference::kSumParts * rows_at_once * matmul.matrix.columns;
  }
};

// Scratch buffers: packed right matrices, converted left ones, transposed left ones; of int8 what
// is added to the sums of a row, of int16 sums, of float by int8 how rows are quantized.
constexpr size_t kPacked = 0, kConverted = 1, kTransposed = 2, kRowTerms = 3, kSums = 3,
                 kQuantization = 3;

const Product* find_product(const PrepareContext& c, const MatmulParams& m) {
  const DType type = c.input(0).type, right = c.input(1).type;
  if (type == DType::kFloat32 && right == DType::kInt8) return c.kernels.product_hybrid_s8;
  if (right != type) return nullptr;
  if (type == DType::kFloat32) return c.kernels.product_f32;
  if (type == DType::kInt8) return c.kernels.product_s8;
  return reference::fits_int32(m) ? c.kernels.product_sums_s16 : nullptr;
}

void pack_right(const Params& p, const Workspace& w, const Tensor& right, uint8_t* packed) {
  const MatmulParams& m = p.matmul.matrix;
  const auto* b = static_cast<const uint8_t*>(right.data);
  const int64_t bytes = int64_t{m.depth} * m.columns * element_bytes(right);
  const int64_t chunk_stride = p.chunk_depth * m.b_row_stride * element_bytes(right);
  for_each_part(w, p.matmul.b_count, p.packed_bytes(), [&](int64_t begin, int64_t count) {
    for (int64_t i = begin; i < begin + count; ++i) {
      for (int32_t chunk = 0; chunk < p.chunks; ++chunk) {
        GemmColumns columns = p.columns;
        columns.depth = p.depth_of(chunk);
        columns.weights.data = b + i * bytes + chunk * chunk_stride;
        p.product->gemm.pack(columns, packed + i * p.packed_bytes() + chunk * p.chunk_bytes);
      }
    }
  });
}

// The right matrices are packed without their zero point z: of sum (x - in_zero) (w - z) that
// leaves -z sum (x - in_zero), the same for a row's columns. Wraps, as sums do.
const int32_t* make_row_terms(const Params& p, const Workspace& w, const void* rows,
                              int32_t* terms) {
  const MatmulParams& m = p.matmul.matrix;
  if (m.b_zero == 0) return nullptr;
  const auto* from = static_cast<const int8_t*>(rows);
  const uint32_t factor = 0u - static_cast<uint32_t>(m.b_zero);
  const uint32_t zeros = static_cast<uint32_t>(m.depth) * static_cast<uint32_t>(m.a_zero);
  for_each_part(w, p.matmul.a_rows, m.depth, [&](int64_t begin, int64_t count) {
    w.kernels.row_sums_s8(count, m.depth, from + begin * m.depth, terms + begin);
    for (int64_t i = begin; i < begin + count; ++i) {
      terms[i] = static_cast<int32_t>(factor * (static_cast<uint32_t>(terms[i]) - zeros));
    }
  });
  return terms;
}

// Sums of all chunks, then outputs of them.
void run_chunks(const Params& p, const Workspace& w, GemmArgs args, int32_t* sums, int16_t* out) {
  const MatmulParams& m = p.matmul.matrix;
  const auto* image = static_cast<const uint8_t*>(args.image);
  const auto* packed = static_cast<const uint8_t*>(args.packed);
  const int64_t count = int64_t{args.rows} * m.columns;
  for (int32_t chunk = 0; chunk < p.chunks; ++chunk) {
    const int64_t place = int64_t{chunk} * p.chunk_depth * p.product->gemm.image.element_bytes;
    args.image = image + place;
    args.packed = packed + chunk * p.chunk_bytes;
    args.depth = p.depth_of(chunk);
    args.out = sums + chunk * reference::kSumParts * count;
    p.product->gemm.run(args);
  }
  w.kernels.requantize_sums_s16({count, p.chunks, m.depth, m.out_zero, m.multiplier}, sums, out);
}

Status invoke(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  const MatmulParams& m = p.matmul.matrix;
  const Product& product = *p.product;
  const uint8_t* packed = s.scratch(kPacked);
  pack_right(p, w, *s.inputs[1], s.scratch(kPacked));
  const void* rows = rows_of_a(p.matmul, s, w, kTransposed);
  RowConversion left = p.left;
  if (p.is_hybrid) left.quantization = s.scratch(kQuantization);
  const auto* image = static_cast<const uint8_t*>(rows);
  if (!product.gemm.image.is_identity) {
    uint8_t* converted = s.scratch(kConverted);
    convert_rows(w, product, left, rows, converted);
    image = converted;
  }
  const int32_t* row_terms = make_row_terms(p, w, rows, s.scratch(kRowTerms));
  const int64_t row_bytes = element_bytes(*s.outputs[0]) * int64_t{m.columns};
  for_each_rows(p.matmul, w, *s.outputs[0], [&](const MatmulRows& r, int32_t worker) {
    GemmArgs args = p.args;
    args.packed = packed + r.b * p.packed_bytes();
    const int32_t step = p.rows_at_once > 0 ? p.rows_at_once : r.count;
    for (int32_t i = 0; i < r.count; i += step) {
      const int64_t row = r.a * m.rows + r.first + i;
      uint8_t* out = s.output(0);
      out += (r.out * m.rows + r.first + i) * row_bytes;
      args.rows = min(step, r.count - i);
      args.image = image + row * m.depth * product.gemm.image.element_bytes;
      if (row_terms != nullptr) args.row_terms = row_terms + row;
      if (p.is_hybrid) args.quantization = left.quantization + row;
      if (p.rows_at_once > 0) {
        int32_t* sums = s.scratch(kSums);
        run_chunks(p, w, args, sums + worker * p.sums(), reinterpret_cast<int16_t*>(out));
        continue;
      }
      args.out = out;
      product.gemm.run(args);
    }
  });
  return {};
}

Status set_columns(const PrepareContext& c, const BatchMatmul& p, const float* b_scale,
                   GemmColumns* columns) {
  const MatmulParams& m = p.matrix;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  columns->n = m.columns;
  columns->taps = 1;
  columns->weights = {nullptr, Flip::kNo, 0, false};
  columns->is_activation = true;
  columns->column_stride = m.b_column_stride;
  columns->row_stride = m.b_row_stride;
  Epilogue& epilogue = columns->epilogue;
  epilogue.in_zero = m.a_zero;
  epilogue.output = {m.out_zero, -128, 127, Flip::kNo};
  epilogue.float_output = {-kInfinity, kInfinity};
  epilogue.weight_scale = b_scale;
  return repeat_multiplier(c, m, &epilogue.multiplier);
}

void set_args(const Params& p, GemmArgs* args) {
  static constexpr int32_t kOnlyTap = 0;
  const MatmulParams& m = p.matmul.matrix;
  args->part_stride = p.left.part_stride;
  args->columns = INT32_MAX;
  args->row_step = args->pixel_step = m.depth;
  args->tap_offsets = &kOnlyTap;
  args->taps = 1;
  args->depth = m.depth;
  args->n = m.columns;
  args->panels = (m.columns + p.product->gemm.panel_width - 1) / p.product->gemm.panel_width;
  args->out_stride = m.columns;
  args->by_row = p.is_hybrid;
}

// Whether a matrix is worth packing: row by row, floats are multiplied faster as they lie.
bool is_worth_packing(const PrepareContext& c, const BatchMatmul& p) {
  constexpr int64_t kLeastRows = 4;
  const Shape& out = c.output(0).shape;
  return c.input(1).type != DType::kFloat32 || p.matrix.b_column_stride != 1 ||
         out.count(0, out.rank - 1) >= kLeastRows * p.b_count;
}

}  // namespace

Status use_batch_products(PrepareContext& c, const BatchMatmul& p, const float* b_scale,
                          bool asymmetric) {
  const MatmulParams& m = p.matrix;
  Params params = {};
  params.matmul = p;
  params.product = find_product(c, m);
  if (params.product == nullptr || !is_worth_packing(c, p)) return {};
  const GemmKernel& gemm = params.product->gemm;
  const bool makes_sums = params.product == c.kernels.product_sums_s16;
  if (m.rows < 1 || m.columns < 1 || m.depth < 1 || p.b_count < 1) return {};
  const int64_t elements = p.a_rows * m.depth;
  if (elements > INT32_MAX / 2 || m.columns > kMostPacked) return {};
  if (m.depth > gemm.most_terms && !makes_sums) return {};
  params.chunks = (m.depth + gemm.most_terms - 1) / gemm.most_terms;
  params.chunk_depth = min(m.depth, gemm.most_terms);
  params.chunk_bytes = (gemm.packed_bytes(m.columns, 1, params.chunk_depth) + 63) / 64 * 64;
  constexpr int64_t kMostGrowth = 8;
  const int64_t bytes = p.b_count * params.packed_bytes();
  if (bytes > kMostGrowth * c.input(1).bytes() + (1 << 16)) return {};
  if (makes_sums) {
    constexpr int64_t kMostSums = 1 << 14;  // 64 KB
    params.rows_at_once = 1;
    const int64_t rows = clamp<int64_t>(kMostSums / params.sums(), 1, m.rows);
    params.rows_at_once = static_cast<int32_t>(rows);
  }
  params.left = {p.a_rows, elements + gemm.image.slack, m.depth, asymmetric, nullptr};
  params.is_hybrid = b_scale != nullptr;
  OCTAVO_TRY(set_columns(c, p, b_scale, &params.columns));
  set_args(params, &params.args);
  OCTAVO_TRY(c.set_invoke(&invoke, params));
  OCTAVO_TRY(c.add_scratch(bytes));
  const int64_t image_bytes = gemm.image.parts * params.left.part_stride * gemm.image.element_bytes;
  OCTAVO_TRY(c.add_scratch(gemm.image.is_identity ? 0 : image_bytes));
  OCTAVO_TRY(c.add_scratch(p.is_transposed ? c.input(0).bytes() : 0));
  int64_t last = m.b_zero != 0 ? p.a_rows * int64_t{sizeof(int32_t)} : 0;
  if (makes_sums) last = c.workers.count() * params.sums() * int64_t{sizeof(int32_t)};
  if (params.is_hybrid) last = p.a_rows * int64_t{sizeof(reference::RowQuantization)};
  return c.add_scratch(last);
}

}  // namespace octavo
