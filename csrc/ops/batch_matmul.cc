// BATCH_MATMUL.
#include "ops/batch_matmul.h"

#include <limits>

#include "ops/elementwise.h"
#include "ops/gemm.h"

namespace octavo {
namespace {

using reference::MatmulParams;

struct Params {
  BatchMatmul matmul;
  bool asymmetric;       // hybrid: how rows are quantized
  const float* b_scale;  // hybrid: for each column
};

template <class A, class B>
void run(void (*kernel)(const MatmulParams&, const A*, const B*, A*), const Step& s,
         const Workspace& w) {
  const BatchMatmul& p = s.params<Params>().matmul;
  const auto* a = static_cast<const A*>(rows_of_a(p, s, w, 0));
  const B* b = s.input(1);
  A* out = s.output(0);
  for_each_rows(p, w, *s.outputs[0], [&](const MatmulRows& r, int32_t) {
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
  const auto& params = s.params<Params>();
  const BatchMatmul& p = params.matmul;
  const auto* rows = static_cast<const float*>(rows_of_a(p, s, w, 3));
  int8_t* a = s.scratch(0);
  float* scale = s.scratch(1);
  int32_t* zero = s.scratch(2);
  w.kernels.quantize_rows_s8(p.a_rows, p.matrix.depth, params.asymmetric, rows, a, scale, zero);
  const int8_t* b = s.input(1);
  float* out = s.output(0);
  for_each_rows(p, w, *s.outputs[0], [&](const MatmulRows& r, int32_t) {
    MatmulParams m = p.matrix;
    m.rows = r.count;
    const int64_t row = r.a * p.matrix.rows + r.first;
    w.kernels.batch_matmul_hybrid(m, a + row * m.depth, scale + row, zero + row,
                                  b + r.b * m.depth * m.columns, params.b_scale,
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
Status set_sizes(PrepareContext& c, const BatchMatMulOptions& options, BatchMatmul* p) {
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
  p->b_count = batch_of(b).count();
  p->batch = reference::plan_broadcast(batch_of(a), batch_of(b), shape);
  shape[shape.rank++] = m.rows;
  shape[shape.rank++] = m.columns;
  return c.set_shape(0, shape);
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

// As FULLY_CONNECTED, where the right operand is one matrix of constants.
Status use_weights(PrepareContext& c, const WeightedOperands& o, const BatchMatmul& p,
                   const float* b_scale, const InputRanges& ranges) {
  const MatmulParams& m = p.matrix;
  if (p.b_count != 1 || p.is_transposed || p.a_rows > INT32_MAX) return {};
  reference::ConvParams conv = rows_as_images(p.a_rows, m.depth, m.columns);
  conv.in_zero = m.a_zero;
  conv.filter_zero = m.b_zero;
  conv.out_zero = m.out_zero;
  conv.act_min = dtype_info(o.output.type).min;
  conv.act_max = dtype_info(o.output.type).max;
  OCTAVO_TRY(repeat_multiplier(c, m, &conv.multiplier));
  conv.float_min = -std::numeric_limits<float>::infinity();
  conv.float_max = std::numeric_limits<float>::infinity();
  conv.filter_scale = b_scale;
  return use_gemm(c, o, conv, {m.b_column_stride, m.b_row_stride}, /*scale=*/nullptr, ranges);
}

// The copy of a tensor that has each of its matrices transposed.
StridedCopyParams plan_transpose(const Tensor& t) {
  const Layout whole = row_major(t.shape);
  Layout from = whole;
  Shape shape = t.shape;
  const int32_t row = shape.rank - 2, column = shape.rank - 1;
  shape[row] = t.shape[column];
  shape[column] = t.shape[row];
  from.strides[row] = whole.strides[column];
  from.strides[column] = whole.strides[row];
  return plan_copy(shape, element_bytes(t), from, row_major(shape));
}

// The right operand has one scale or one a column.
Status prepare_hybrid(PrepareContext& c, const WeightedOperands& o,
                      const BatchMatMulOptions& options, Params* p) {
  const BatchMatmul& m = p->matmul;
  if (o.filter.info->is_blockwise()) {
    return c.fail("input 1 \"", o.filter.info->name, "\" is quantized in blocks");
  }
  OCTAVO_TRY(check_weights(c, o, /*zero_point_allowed=*/false));
  p->asymmetric = options.asymmetric_quantize_inputs;
  OCTAVO_TRY(make_filter_scales(c, o, &p->b_scale));
  OCTAVO_TRY(add_hybrid_scratch(c, o, m.a_rows));
  if (m.is_transposed) OCTAVO_TRY(c.add_scratch(c.input(0).bytes()));
  const Step::Invoke reference = c.step.invoke;
  OCTAVO_TRY(use_weights(c, o, m, p->b_scale, {m.a_rows, m.matrix.depth, p->asymmetric}));
  if (c.step.invoke != reference) return {};
  return use_batch_products(c, m, p->b_scale, p->asymmetric);
}

}  // namespace

Status repeat_multiplier(const PrepareContext& c, const MatmulParams& m, const Multiplier** out) {
  Span<Multiplier> multipliers;
  OCTAVO_TRY(c.make_array(m.columns, multipliers));
  for (Multiplier& k : multipliers) k = m.multiplier;
  *out = multipliers.data;
  return {};
}

Status prepare_batch_matmul(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &a = c.input(0), &b = c.input(1), &out = c.output(0);
  OCTAVO_TRY(c.expect_rank("input 0", a, 2, 5));
  OCTAVO_TRY(c.expect_rank("input 1", b, 2, 5));
  const auto& options = c.options<BatchMatMulOptions>();
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  BatchMatmul& m = p->matmul;
  OCTAVO_TRY(set_sizes(c, options, &m));
  for (const Variant& v : kVariants) {
    if (v.a == a.type && v.b == b.type && v.out == out.type) c.step.invoke = v.invoke;
  }
  if (c.step.invoke == nullptr) return c.fail_types();
  m.is_transposed = options.adj_x;
  if (m.is_transposed) m.transpose = plan_transpose(a);
  const int32_t axis = b.shape.rank - (options.adj_y ? 2 : 1);
  const WeightedOperands operands = {a, b, nullptr, out, m.matrix.columns, axis};
  if (is_hybrid(operands)) return prepare_hybrid(c, operands, options, p);
  if (a.type != DType::kFloat32) OCTAVO_TRY(prepare_integers(c, &m.matrix));
  if (m.is_transposed) OCTAVO_TRY(c.add_scratch(a.bytes()));
  const Step::Invoke reference = c.step.invoke;
  OCTAVO_TRY(use_weights(c, operands, m, nullptr, {}));
  return c.step.invoke == reference ? use_batch_products(c, m) : Status();
}

}  // namespace octavo
