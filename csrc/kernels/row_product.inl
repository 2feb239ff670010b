// A row times a matrix that lies row by row, of float32 over the trait F: BATCH_MATMUL of few rows
// and CONV_3D, whose matrices are not worth packing. reference/batch_matmul.h has its definition.

// Some rows of the matrix at a time, so that sums are loaded and stored less often.
template <int kRows>
void add_rows_product(int64_t columns, const float* x, const float* matrix, float* sums) {
  F::Vec factor[kRows];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) factor[i] = F::set(x[i]);
  for_each_part_of_row(columns, [&](int64_t j, auto count) {
    F::Vec sum = load_of_row(sums + j, count);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      sum = F::fma(factor[i], load_of_row(matrix + i * columns + j, count), sum);
    }
    store_of_row(sum, sums + j, count);
  });
}

void add_row_product_f32(int64_t depth, int64_t columns, const float* x, const float* matrix,
                         float* sums) {
  constexpr int kRows = 8;
  int64_t i = 0;
  for (; i + kRows <= depth; i += kRows) {
    add_rows_product<kRows>(columns, x + i, matrix + i * columns, sums);
  }
  for (; i < depth; ++i) add_rows_product<1>(columns, x + i, matrix + i * columns, sums);
}

void batch_matmul_f32(const reference::MatmulParams& p, const float* a, const float* b,
                      float* out) {
  if (p.b_column_stride != 1) return reference::batch_matmul_f32(p, a, b, out);
  for (int32_t i = 0; i < p.rows; ++i, a += p.depth, out += p.columns) {
    memset(out, 0, static_cast<size_t>(p.columns) * sizeof(float));
    add_row_product_f32(p.depth, p.columns, a, b, out);
  }
}
