// What the ways to run a BATCH_MATMUL share.
#pragma once

#include "ops/copy.h"
#include "ops/op.h"

namespace octavo {

struct BatchMatmul {
  reference::MatmulParams matrix;
  reference::Broadcast batch;  // of whole matrices
  int64_t a_rows, b_count;     // of all left matrices; right matrices
  bool is_transposed;          // a has columns where rows are wanted: a copy has them in rows
  StridedCopyParams transpose;
};

// Some rows of one pair of matrices.
struct MatmulRows {
  int64_t a, b, out;  // the matrices' numbers
  int32_t first, count;
};

// Calls run(rows, worker) for all rows of all pairs, which threads share.
template <class Run>
void for_each_rows(const BatchMatmul& p, const Workspace& w, const Tensor& out, Run run) {
  const reference::MatmulParams& m = p.matrix;
  const int64_t rows = out.shape.count(0, out.shape.rank - 2) * m.rows;
  const int64_t macs = rows * m.columns * m.depth;
  const auto most = static_cast<int32_t>(clamp<int64_t>(rows, 1, INT32_MAX));
  const int32_t parts = w.workers.parts_for(macs, kLeastMacs, most);
  w.workers.for_each(parts, [&](int32_t part, int32_t worker) {
    int64_t row = part * rows / parts;
    const int64_t end = (part + 1) * rows / parts;
    while (row < end) {
      MatmulRows r = {0, 0, row / m.rows, static_cast<int32_t>(row % m.rows), 0};
      r.count = static_cast<int32_t>(min<int64_t>(m.rows - r.first, end - row));
      int64_t rest = r.out;
      for (int32_t d = p.batch.rank - 1; d >= 0; --d) {
        const int64_t index = rest % p.batch.dims[d];
        rest /= p.batch.dims[d];
        r.a += index * p.batch.a_strides[d];
        r.b += index * p.batch.b_strides[d];
      }
      run(r, worker);
      row += r.count;
    }
  });
}

// The left matrices, row by row: where they lie, or in a scratch buffer of their size.
inline const void* rows_of_a(const BatchMatmul& p, const Step& s, const Workspace& w,
                             size_t scratch) {
  if (!p.is_transposed) return s.inputs[0]->data;
  void* copy = s.scratch(scratch);
  w.kernels.strided_copy(p.transpose, s.input(0), copy);
  return copy;
}

// The multiplier as products want it: one for each column.
Status repeat_multiplier(const PrepareContext& c, const reference::MatmulParams& m,
                         const Multiplier** out);

// Lets the step run on the table's products of matrices, if there are some of the operands' types
// and the sizes suit them. The right matrices are packed while running. Else leaves it as it is.
// Of float by int8, columns have the scales `b_scale`, else null, and rows become int8 by their own
// ranges.
Status use_batch_products(PrepareContext& c, const BatchMatmul& p, const float* b_scale = nullptr,
                          bool asymmetric = false);

}  // namespace octavo
