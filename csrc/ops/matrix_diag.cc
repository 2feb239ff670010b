// MATRIX_DIAG, MATRIX_SET_DIAG: vectors as the diagonals of matrices.
#include "ops/inlay.h"

namespace octavo {
namespace {

// Lays rows of `diagonal` along the diagonals of the matrices that `whole` ends in.
StridedCopyParams plan_diagonal(const Shape& diagonal, const Shape& whole, int32_t element_bytes) {
  const Layout matrix = row_major(whole);
  Layout to = matrix;
  const int32_t last = diagonal.rank - 1;
  to.strides[last] = matrix.strides[last] + matrix.strides[last + 1];
  return plan_copy(diagonal, element_bytes, row_major(diagonal), to);
}

}  // namespace

Status prepare_matrix_diag(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 1, kMaxRank - 1));
  const Shape shape = insert_dimension(in.shape, in.shape.rank, in.shape.back());
  OCTAVO_TRY(c.set_shape(0, shape));
  Inlay p;
  p.element_bytes = element_bytes(in);
  p.copy = plan_diagonal(in.shape, shape, p.element_bytes);
  return set_inlay(c, p);
}

Status prepare_matrix_set_diag(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &in = c.input(0), &diagonal = c.input(1);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(c.expect_same_type("input", in, "diagonal", diagonal));
  OCTAVO_TRY(c.expect_rank("input", in, 2, kMaxRank));
  Shape expected = in.shape;
  --expected.rank;
  const int32_t last = expected.rank - 1;
  expected[last] = min(in.shape[last], in.shape[last + 1]);
  if (diagonal.shape != expected) {
    return c.fail("diagonal \"", diagonal.info->name, "\" has shape ", diagonal.shape,
                  ", should have ", expected, " for input shape ", in.shape);
  }
  OCTAVO_TRY(c.set_shape(0, in.shape));
  Inlay p;
  p.element_bytes = element_bytes(in);
  p.ground = Ground::kTensor;
  p.input = 1;
  p.copy = plan_diagonal(expected, in.shape, p.element_bytes);
  return set_inlay(c, p);
}

}  // namespace octavo
