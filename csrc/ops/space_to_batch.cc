// SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND on images of one or two dimensions: what a convolution with
// dilation becomes where there are only plain ones.
#include "reference/space_to_batch.h"

#include "ops/copy.h"

namespace octavo {
namespace {

using reference::SpaceBatchParams;

struct SpaceToBatchStep {
  SpaceBatchParams kernel;
  int32_t element_bytes;
  uint8_t zero[kZeroBytes];
};

Status invoke_space_to_batch(const Step& s, const Workspace&) {
  const auto& p = s.params<SpaceToBatchStep>();
  reference::space_to_batch(p.kernel, p.element_bytes, p.zero, s.input(0), s.output(0));
  return {};
}

Status invoke_batch_to_space(const Step& s, const Workspace&) {
  reference::batch_to_space(s.params<SpaceBatchParams>(), s.input(0), s.output(0));
  return {};
}

// Along each of the two dimensions, the second of which a signal has not.
struct Blocks {
  int64_t size[2] = {1, 1}, before[2] = {}, after[2] = {};
};

Status read_blocks(const PrepareContext& c, const char* border_role, Blocks& blocks) {
  OCTAVO_TRY(c.expect_operands(3, 3, 1));
  const Tensor &in = c.input(0), &sizes = c.input(1), &borders = c.input(2);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(expect_unscaled(c, in, c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 3, 4));
  const int32_t spatial = in.shape.rank - 2;
  OCTAVO_TRY(c.expect_type("block_shape", sizes, {DType::kInt32}));
  OCTAVO_TRY(expect_integers(c, "block_shape", sizes, spatial));
  OCTAVO_TRY(c.expect_type(border_role, borders, {DType::kInt32}));
  OCTAVO_TRY(expect_integers(c, border_role, borders, 2 * spatial));
  for (int32_t d = 0; d < spatial; ++d) {
    blocks.size[d] = integer_at(sizes, d);
    blocks.before[d] = integer_at(borders, 2 * d);
    blocks.after[d] = integer_at(borders, 2 * d + 1);
    if (blocks.size[d] < 1) {
      return c.fail("block_shape \"", sizes.info->name, "\" has ", blocks.size[d],
                    ", should be above 0");
    }
    if (blocks.before[d] < 0 || blocks.after[d] < 0) {
      return c.fail(border_role, " \"", borders.info->name, "\" has ", blocks.before[d], " and ",
                    blocks.after[d], " for dimension ", d + 1);
    }
  }
  return {};
}

Status expect_size(const PrepareContext& c, const char* what, int64_t size) {
  if (size <= INT32_MAX) return {};
  return c.fail("output would have ", what, " of ", size);
}

// Of a tensor of 3 or 4 dimensions, the second and third of the latter.
int64_t spatial_size(const Shape& shape, int32_t d) {
  return d + 2 < shape.rank ? shape[d + 1] : 1;
}

SpaceBatchParams make_params(const Shape& space, const Shape& batch, const Blocks& blocks,
                             int32_t element_bytes) {
  return {space[0],
          spatial_size(space, 0),
          spatial_size(space, 1),
          blocks.size[0],
          blocks.size[1],
          spatial_size(batch, 0),
          spatial_size(batch, 1),
          blocks.before[0],
          blocks.before[1],
          int64_t{space.back()} * element_bytes};
}

}  // namespace

Status prepare_space_to_batch_nd(PrepareContext& c) {
  Blocks blocks;
  OCTAVO_TRY(read_blocks(c, "paddings", blocks));
  const Tensor& in = c.input(0);
  Shape shape = in.shape;
  int64_t batch = shape[0];
  for (int32_t d = 0; d < in.shape.rank - 2; ++d) {
    const int64_t size = in.shape[d + 1] + blocks.before[d] + blocks.after[d];
    if (size % blocks.size[d] != 0) {
      return c.fail("dimension ", d + 1, " of input shape ", in.shape, ", padded to ", size,
                    ", is not divided by blocks of ", blocks.size[d]);
    }
    OCTAVO_TRY(expect_size(c, "a dimension", size));
    shape[d + 1] = static_cast<int32_t>(size / blocks.size[d]);
    batch *= blocks.size[d];
    OCTAVO_TRY(expect_size(c, "a batch", batch));
  }
  shape[0] = static_cast<int32_t>(batch);
  OCTAVO_TRY(c.set_shape(0, shape));
  SpaceToBatchStep p = {
      make_params(in.shape, shape, blocks, element_bytes(in)), element_bytes(in), {}};
  OCTAVO_TRY(write_zero(c, c.output(0), p.zero));
  return c.set_invoke(&invoke_space_to_batch, p);
}

Status prepare_batch_to_space_nd(PrepareContext& c) {
  Blocks blocks;
  OCTAVO_TRY(read_blocks(c, "crops", blocks));
  const Tensor& in = c.input(0);
  Shape shape = in.shape;
  for (int32_t d = 0; d < in.shape.rank - 2; ++d) {
    if (shape[0] % blocks.size[d] != 0) {
      return c.fail("the batch of input shape ", in.shape, " is not divided by blocks of ",
                    blocks.size[0], " by ", blocks.size[1]);
    }
    shape[0] = static_cast<int32_t>(shape[0] / blocks.size[d]);
    const int64_t whole = in.shape[d + 1] * blocks.size[d];
    const int64_t size = whole - blocks.before[d] - blocks.after[d];
    if (size < 0) {
      return c.fail("crops ", blocks.before[d], " and ", blocks.after[d], " leave nothing of ",
                    whole, " in dimension ", d + 1);
    }
    OCTAVO_TRY(expect_size(c, "a dimension", size));
    shape[d + 1] = static_cast<int32_t>(size);
  }
  OCTAVO_TRY(c.set_shape(0, shape));
  return c.set_invoke(&invoke_batch_to_space,
                      make_params(shape, in.shape, blocks, element_bytes(in)));
}

}  // namespace octavo
