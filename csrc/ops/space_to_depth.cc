// SPACE_TO_DEPTH, DEPTH_TO_SPACE: the pixels of a square block become channels of one, and back.
#include "graph/options.h"
#include "ops/copy.h"

namespace octavo {
namespace {

// Copies between an image of (batch, height * block, width * block, channels) and its blocks, of
// (batch, height, width, block * block * channels).
Status set_block_copy(PrepareContext& c, const Shape& blocks, int32_t block, int32_t channels,
                      bool to_blocks) {
  const Shape box = make_shape(blocks[0], blocks[1], block, blocks[2], block, channels);
  const Layout image = row_major(box);
  // The same box, in the blocks' order: rows within a block come after its place.
  Layout of_blocks;
  int64_t stride = 1;
  for (const int32_t d : {5, 4, 2, 3, 1, 0}) {
    of_blocks.strides[d] = stride;
    stride *= box[d];
  }
  const int32_t bytes = element_bytes(c.input(0));
  return set_copy(c, to_blocks ? plan_copy(box, bytes, image, of_blocks)
                               : plan_copy(box, bytes, of_blocks, image));
}

Status expect_image(const PrepareContext& c, int32_t block) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  OCTAVO_TRY(expect_movable(c, c.input(0), c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", c.input(0), 4, 4));
  if (block < 1) return c.fail("option block_size is ", block, ", should be above 0");
  return {};
}

}  // namespace

Status prepare_space_to_depth(PrepareContext& c) {
  const int32_t block = c.options<BlockOptions>().block_size;
  OCTAVO_TRY(expect_image(c, block));
  const Shape& in = c.input(0).shape;
  if (in[1] % block != 0 || in[2] % block != 0) {
    return c.fail("input shape ", in, " is not divided into blocks of ", block, " by ", block);
  }
  const int64_t pixels = int64_t{block} * block;
  const int64_t depth = pixels > INT32_MAX ? pixels : pixels * in[3];
  if (depth > INT32_MAX) return c.fail("output would have ", depth, " channels");
  const Shape blocks = make_shape(in[0], in[1] / block, in[2] / block, depth);
  OCTAVO_TRY(c.set_shape(0, blocks));
  return set_block_copy(c, blocks, block, in[3], /*to_blocks=*/true);
}

Status prepare_depth_to_space(PrepareContext& c) {
  const int32_t block = c.options<BlockOptions>().block_size;
  OCTAVO_TRY(expect_image(c, block));
  const Shape& in = c.input(0).shape;
  const int64_t pixels = int64_t{block} * block;
  if (in[3] % pixels != 0) {
    return c.fail("the channels of input shape ", in, " are not divided by blocks of ", block,
                  " by ", block);
  }
  const int64_t height = int64_t{in[1]} * block, width = int64_t{in[2]} * block;
  if (height > INT32_MAX || width > INT32_MAX) {
    return c.fail("output would have ", height, " by ", width, " pixels");
  }
  const auto channels = static_cast<int32_t>(in[3] / pixels);
  OCTAVO_TRY(c.set_shape(0, make_shape(in[0], height, width, channels)));
  return set_block_copy(c, in, block, channels, /*to_blocks=*/false);
}

}  // namespace octavo
