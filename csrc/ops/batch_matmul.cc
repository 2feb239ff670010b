// BATCH_MATMUL.
#include "ops/copy.h"
#include "ops/elementwise.h"
#include "ops/weights.h"

namespace octavo {
namespace {

using reference::MatmulParams;

struct Params {
  MatmulParams matrix;
  reference::Broadcast batch;  // of whole matrices
  bool is_transposed;          // a has columns where rows are wanted: a copy has them in rows
  StridedCopyParams transpose;
  int64_t a_rows;        // of all left matrices
  bool asymmetric;       // hybrid: how rows are quantized
  const float* b_scale;  // hybrid: for each column
};

// Rows of one pair of matrices: whose a and b, and from which row on.
struct Rows {
  int64_t a, b, out;  // matrices
  int32_t first, count;
};

// Calls run(rows) for all rows of all pairs, which threads share.
template <class Run>
void for_each_rows(const Params& p, const Workspace& w, int64_t batches, Run run) {
  const MatmulParams& m = p.matrix;
  const int64_t rows = batches * m.rows;
  const int64_t macs = rows * m.columns * m.depth;
  const auto most = static_cast<int32_t>(clamp<int64_t>(rows, 1, INT32_MAX));
  const int32_t parts = w.workers.parts_for(macs, kLeastMacs, most);
  w.workers.for_each(parts, [&](int32_t part, int32_t) {
    int64_t row = part * rows / parts;
    const int64_t end = (part + 1) * rows / parts;
    while (row < end) {
      const int64_t pair = row / m.rows;
      Rows r = {0, 0, pair, static_cast<int32_t>(row % m.rows), 0};
      r.count = static_cast<int32_t>(min<int64_t>(m.rows - r.first, end - row));
      int64_t rest = pair;
      for (int32_t d = p.batch.rank - 1; d >= 0; --d) {
        const int64_t index = rest % p.batch.dims[d];
        rest /= p.batch.dims[d];
        r.a += index * p.batch.a_strides[d];
        r.b += index * p.batch.b_strides[d];
      }
      run(r);
      row += r.count;
    }
  });
}

int64_t batch_count(const Step& s) {
  const Shape& out = s.outputs[0]->shape;
  return out.count(0, out.rank - 2);
}

// The left matrices, row by row.
const void* rows_of_a(const Step& s, const Workspace& w, size_t scratch) {
  const auto& p = s.params<Params>();
  if (!p.is_transposed) return s.inputs[0]->data;
  void* copy = s.scratch(scratch);
  w.kernels.strided_copy(p.transpose, s.input(0), copy);
  return copy;
}

template <class A, class B>
void run(void (*kernel)(const MatmulParams&, const A*, const B*, A*), const Step& s,
         const Workspace& w) {
  const auto& p = s.params<Params>();
  const auto* a = static_cast<const A*>(rows_of_a(s, w, 0));
  const B* b = s.input(1);
  A* out = s.output(0);
  for_each_rows(p, w, batch_count(s), [&](const Rows& r) {
    MatmulParams m = p.matrix;
    m.rows = r.count;
    kernel(m, a + (r.a * p.matrix.rows + r.first) * m.depth, b + r.b * m.depth * m.columns,
           out + (r.out * p.matrix.rows + r.first) * m.columns);
  });
}

template <auto kKernel>
Status invoke(const Step& s, const Workspace& w) {
  run(w.kernels.*kKernel, s, w);
  return {};
}

Status invoke_hybrid(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  const auto* rows = static_cast<const float*>(rows_of_a(s, w, 3));
  int8_t* a = s.scratch(0);
  float* scale = s.scratch(1);
  int32_t* zero = s.scratch(2);
  w.kernels.quantize_rows_s8(p.a_rows, p.matrix.depth, p.asymmetric, rows, a, scale, zero);
  const int8_t* b = s.input(1);
  float* out = s.output(0);
  for_each_rows(p, w, batch_count(s), [&](const Rows& r) {
    MatmulParams m = p.matrix;
    m.rows = r.count;
    const int64_t row = r.a * p.matrix.rows + r.first;
    w.kernels.batch_matmul_hybrid(m, a + row * m.depth, scale + row, zero + row,
                                  b + r.b * m.depth * m.columns, p.b_scale,
                                  out + (r.out * p.matrix.rows + r.first) * m.columns);
  });
  return {};
}

struct Variant {
  DType a, b, out;
  Step::Invoke invoke;
};

constexpr Variant kVariants[] = {
    {DType::kFloat32, DType::kFloat32, DType::kFloat32, &invoke<&Kernels::batch_matmul_f32>},
    {DType::kFloat32, DType::kInt8, DType::kFloat32, &invoke_hybrid},
    {DType::kInt8, DType::kInt8, DType::kInt8, &invoke<&Kernels::batch_matmul_s8>},
    {DType::kInt16, DType::kInt16, DType::kInt16, &invoke<&Kernels::batch_matmul_s16>},
    {DType::kInt16, DType::kInt8, DType::kInt16, &invoke<&Kernels::batch_matmul_s16_s8>},
};

Shape batch_of(const Shape& s) {
  Shape batch = s;
  batch.rank -= 2;
  return batch;
}

// Sizes and strides, and the output's shape.
Status set_sizes(PrepareContext& c, const BatchMatMulOptions& options, Params* p) {
  const Shape &a = c.input(0).shape, &b = c.input(1).shape;
  const int32_t a_rows = a[a.rank - 2], a_columns = a[a.rank - 1];
  const int32_t b_rows = b[b.rank - 2], b_columns = b[b.rank - 1];
  MatmulParams& m = p->matrix;
  m.rows = options.adj_x ? a_columns : a_rows;
  m.depth = options.adj_x ? a_rows : a_columns;
  m.columns = options.adj_y ? b_rows : b_columns;
  m.b_row_stride = options.adj_y ? 1 : b_columns;
  m.b_column_stride = options.adj_y ? b_columns : 1;
  const int32_t b_depth = options.adj_y ? b_columns : b_rows;
  if (m.depth != b_depth) {
    return c.fail("input 0 of shape ", a, " has ", m.depth, " columns, input 1 of shape ", b,
                  " has ", b_depth, " rows");
  }
  Shape shape;
  if (!reference::broadcast_shapes(batch_of(a), batch_of(b), shape)) {
    return c.fail("inputs have shapes ", a, " and ", b,
                  ", whose batches do not broadcast against each other");
  }
  p->a_rows = batch_of(a).count() * m.rows;
  p->batch = reference::plan_broadcast(batch_of(a), batch_of(b), shape);
  shape[shape.rank++] = m.rows;
  shape[shape.rank++] = m.columns;
  return c.set_shape(0, shape);
}

Status plan_transpose(PrepareContext& c, Params* p) {
  const Tensor& a = c.input(0);
  Layout from = row_major(a.shape);
  Shape shape = a.shape;
  const int32_t last = shape.rank - 1;
  shape[last - 1] = p->matrix.rows;
  shape[last] = p->matrix.depth;
  from.strides[last - 1] = 1;
  from.strides[last] = p->matrix.rows;
  p->is_transposed = true;
  p->transpose = plan_copy(shape, element_bytes(a), from, row_major(shape));
  return c.add_scratch(a.bytes());
}

Status prepare_integers(const PrepareContext& c, MatmulParams* p) {
  OCTAVO_TRY(expect_quantized_operands(c));
  const Tensor &a = c.input(0), &b = c.input(1), &out = c.output(0);
  if (a.type == DType::kInt16 && b.zero_point() != 0) {
    return c.fail("input 1 \"", b.info->name, "\" has zero point ", b.zero_point(),
                  ", should have 0 beside int16");
  }
  p->a_zero = a.zero_point();
  p->b_zero = b.zero_point();
  p->out_zero = out.zero_point();
  // The product of the scales in float32.
  p->multiplier = quantize_multiplier(double{a.scale() * b.scale()} / out.scale());
  return {};
}

// The right operand has one scale or one a column.
Status prepare_hybrid(PrepareContext& c, const BatchMatMulOptions& options, Params* p) {
  const Tensor &a = c.input(0), &b = c.input(1);
  if (b.info->is_blockwise()) {
    return c.fail("input 1 \"", b.info->name, "\" is quantized in blocks");
  }
  const int32_t axis = b.shape.rank - (options.adj_y ? 2 : 1);
  const WeightedOperands operands = {a, b, nullptr, c.output(0), p->matrix.columns, axis};
  OCTAVO_TRY(check_weights(c, operands, /*zero_point_allowed=*/false));
  p->asymmetric = options.asymmetric_quantize_inputs;
  OCTAVO_TRY(add_hybrid_scratch(c, operands, p->a_rows));
  return make_filter_scales(c, operands, &p->b_scale);
}

}  // namespace

Status prepare_batch_matmul(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &a = c.input(0), &b = c.input(1);
  OCTAVO_TRY(c.expect_rank("input 0", a, 2, 5));
  OCTAVO_TRY(c.expect_rank("input 1", b, 2, 5));
  const auto& options = c.options<BatchMatMulOptions>();
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(set_sizes(c, options, p));
  for (const Variant& v : kVariants) {
    if (v.a == a.type && v.b == b.type && v.out == c.output(0).type) c.step.invoke = v.invoke;
  }
  if (c.step.invoke == nullptr) return c.fail_types();
  if (a.type != DType::kFloat32) {
    OCTAVO_TRY(prepare_integers(c, &p->matrix));
  } else if (b.type == DType::kInt8) {
    OCTAVO_TRY(prepare_hybrid(c, options, p));
  }
  return options.adj_x ? plan_transpose(c, p) : Status();
}

}  // namespace octavo
