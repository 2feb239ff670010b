// SCATTER_ND, SPARSE_TO_DENSE: values put at places that another tensor says.
#include "ops/copy.h"
#include "ops/elementwise.h"
#include "ops/indices.h"
#include "ops/shape.h"
#include "reference/gather.h"

namespace octavo {
namespace {

struct ScatterStep {
  IndexSpace space;
  int64_t count, block;
};

template <auto kKernel>
Status invoke_scatter_nd(const Step& s, const Workspace&) {
  const auto& p = s.params<ScatterStep>();
  int64_t* places = s.scratch(0);
  OCTAVO_TRY(read_places(s, 0, p.space, places));
  memset(s.outputs[0]->data, 0, s.outputs[0]->bytes());
  kKernel(p.count, p.block, places, s.input(1), s.output(0));
  return {};
}

constexpr TypedInvoke kScatterNd[] = {
    {DType::kFloat32, &invoke_scatter_nd<&reference::scatter_add_f32>},
    {DType::kInt8, &invoke_scatter_nd<&reference::scatter_add_8>},
    {DType::kUInt8, &invoke_scatter_nd<&reference::scatter_add_8>},
    {DType::kInt32, &invoke_scatter_nd<&reference::scatter_add_32>},
    {DType::kInt64, &invoke_scatter_nd<&reference::scatter_add_64>},
    {DType::kBool, &invoke_scatter_nd<&reference::scatter_or>},
};

struct SparseStep {
  IndexSpace space;
  int64_t count, value_step;
  int32_t element_bytes;
};

Status invoke_sparse_to_dense(const Step& s, const Workspace& w) {
  const auto& p = s.params<SparseStep>();
  int64_t* places = s.scratch(0);
  OCTAVO_TRY(read_places(s, 0, p.space, places));
  w.kernels.fill(s.outputs[0]->shape.count(), p.element_bytes, s.input(3), s.output(0));
  reference::scatter(p.count, p.element_bytes, places, s.input(2), p.value_step, s.output(0));
  return {};
}

}  // namespace

Status prepare_scatter_nd(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 3, 1));
  const Tensor &indices = c.input(0), &updates = c.input(1);
  OCTAVO_TRY(c.expect_type("indices", indices, {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("indices", indices, 1, kMaxRank));
  OCTAVO_TRY(c.expect_same_type("updates", updates, "output", c.output(0)));
  OCTAVO_TRY(c.expect_type("shape", c.input(2), {DType::kInt32}));
  Shape shape;
  OCTAVO_TRY(read_shape(c, "shape", c.input(2), shape));
  OCTAVO_TRY(c.set_shape(0, shape));

  const int32_t depth = indices.shape.back(), outer = indices.shape.rank - 1;
  bool fits = depth >= 1 && depth <= shape.rank && updates.shape.rank == outer + shape.rank - depth;
  for (int32_t d = 0; fits && d < updates.shape.rank; ++d) {
    fits = updates.shape[d] == (d < outer ? indices.shape[d] : shape[depth + d - outer]);
  }
  if (!fits) {
    return c.fail("updates have shape ", updates.shape, ", indices ", indices.shape, ", output ",
                  shape);
  }
  ScatterStep p;
  p.count = indices.shape.count(0, outer);
  p.block = shape.count(depth, shape.rank);
  p.space = leading_dimensions(shape, depth);
  for (int32_t d = 0; d < depth; ++d) p.space.strides[d] *= p.block;
  OCTAVO_TRY(c.set_invoke(nullptr, p));
  OCTAVO_TRY(choose_invoke(c, kScatterNd));
  return add_places(c, indices);
}

Status prepare_sparse_to_dense(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(4, 4, 1));
  const Tensor &indices = c.input(0), &values = c.input(2), &rest = c.input(3);
  OCTAVO_TRY(c.expect_type("indices", indices, {DType::kInt32, DType::kInt64}));
  OCTAVO_TRY(c.expect_rank("indices", indices, 0, 2));
  OCTAVO_TRY(expect_movable(c, values, c.output(0)));
  OCTAVO_TRY(c.expect_rank("values", values, 0, 1));
  OCTAVO_TRY(c.expect_same_type("values", values, "default_value", rest));
  if (rest.shape.count() != 1) {
    return c.fail("default_value \"", rest.info->name, "\" has shape ", rest.shape,
                  ", should have 1 element");
  }
  Shape shape;
  OCTAVO_TRY(read_shape(c, "output_shape", c.input(1), shape));
  OCTAVO_TRY(c.set_shape(0, shape));

  SparseStep p;
  const int32_t depth = indices.shape.rank == 2 ? indices.shape[1] : 1;
  p.count = indices.shape.rank == 0 ? 1 : indices.shape[0];
  p.value_step = values.shape.rank;
  if (depth < 1 || depth != shape.rank) {
    return c.fail("indices have shape ", indices.shape, ": rows of ", depth, ", output has shape ",
                  shape);
  }
  if (values.shape.rank == 1 && values.shape[0] != p.count) {
    return c.fail("values \"", values.info->name, "\" has ", values.shape[0],
                  " elements, indices have ", p.count, " rows");
  }
  p.space = leading_dimensions(shape, depth);
  p.element_bytes = element_bytes(values);
  OCTAVO_TRY(c.set_invoke(&invoke_sparse_to_dense, p));
  return add_places(c, indices);
}

}  // namespace octavo
