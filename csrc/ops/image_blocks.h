// How a convolution on an instruction set's kernels goes through its image: its outputs are cut
// into blocks of rows, whose windows' part of the input is converted (kernels/image.h) to scratch
// memory small enough for a near cache, and computed from there. Threads take whole blocks.
#pragma once

#include <cstdint>

#include "base/math.h"
#include "ops/dynamic_range.h"
#include "ops/weights.h"

namespace octavo {

// What a kernel wants of a converted image.
struct ImageOrder {
  const ImageKernel* kernel;
  int32_t repeat, planes;  // as in ImageConversion
  bool is_copied;          // reads beyond its end, or what is outside from memory
};
inline ImageOrder gemm_image(const Product& product) { return {&product.gemm.image, 1, 1, false}; }

struct ImageBlocks {
  const Product* product;
  reference::ConvParams conv;
  int32_t rows;       // of outputs in a block; the last of an image may have fewer
  int32_t per_image;  // blocks
  ImageOrder order;
  int32_t channels;                      // of a converted pixel
  int32_t columns;                       // of the converted image
  int64_t row_elements, plane_elements;  // of the converted image
  int64_t part_stride;                   // as in ImageConversion
  int64_t bytes;                         // that a thread needs; 0: the image itself will do
  int64_t workspace_bytes;               // besides, for a product
  int64_t ranges_at;  // where of them rows have how they become int8; 0: it is not theirs
  Flip flip;
  int32_t low;  // of int8 that floats become
};

// Chooses blocks, at least `least` of them in all where there are rows enough. Returns false where
// the windows spread so far that converting them would not pay, or there are more elements or
// blocks than 32 bits count.
bool plan_blocks(const Product& product, const reference::ConvParams& conv, Flip flip,
                 int32_t least, const ImageOrder& order, ImageBlocks* blocks);

// The offsets of the filter's taps from a window's beginning, in elements. Where `whole` > 1, those
// of every so many columns of the filter: the columns between are part of a longer tap. Where
// weights are split, all occur twice.
Status make_tap_offsets(const PrepareContext& c, const ImageBlocks& blocks, int32_t whole,
                        bool is_split, const int32_t** offsets, int32_t* taps);

// Sets the distances between windows. Those of a column of pixels are as good as those of a row.
inline void set_windows(const ImageBlocks& blocks, GemmArgs* args) {
  const reference::ConvParams& p = blocks.conv;
  const bool is_column = p.out_w == 1;
  args->part_stride = blocks.part_stride;
  args->columns = is_column ? INT32_MAX : p.out_w;
  args->row_step = p.stride_h * blocks.row_elements;
  args->pixel_step = is_column ? args->row_step : int64_t{p.stride_w} * blocks.channels;
}

// What one thread computes at a time.
struct BlockPart {
  int32_t image, first_row, rows;  // of outputs
  int32_t chunk;
  const uint8_t* converted;                  // what their windows see
  reference::RowQuantization* quantization;  // of the image, or of each of its rows from there on
  uint8_t* workspace;                        // or null
  uint8_t* out;                              // the first row
};

// Converts what the outputs of a part see of an image, whose rows lie at `image`. Returns where it
// lies: at `converted`, or in the image.
const uint8_t* convert_block(const ImageBlocks& blocks, const ImageRows& image,
                             const BlockPart& part, uint8_t* converted);

// Into how many parts a step of so many multiply-accumulates should fall.
inline int32_t parts_for(const PrepareContext& c, int64_t macs) {
  return c.workers.parts_for(macs, kLeastMacs, INT32_MAX);
}

// What every thread needs.
inline Status add_block_scratch(PrepareContext& c, const ImageBlocks& blocks) {
  return c.add_scratch(c.workers.count() * (blocks.bytes + blocks.workspace_bytes));
}

// Calls run(part) for a part of an image's outputs; `memory` is what a thread needs.
template <class Run>
void run_block(const ImageBlocks& blocks, const ImageRows& image, BlockPart part, uint8_t* memory,
               const Run& run) {
  if (blocks.workspace_bytes > 0) part.workspace = memory + blocks.bytes;
  if (blocks.ranges_at != 0) {
    part.quantization = reinterpret_cast<reference::RowQuantization*>(memory + blocks.ranges_at);
  }
  part.converted = convert_block(blocks, image, part, memory);
  run(part);
}

// What a thread has of scratch buffer 0.
inline uint8_t* thread_memory(const Step& s, const ImageBlocks& blocks, int32_t worker) {
  uint8_t* scratch = s.scratch(0);
  return scratch + worker * (blocks.bytes + blocks.workspace_bytes);
}

// The bytes of `rows` rows of outputs.
inline int64_t output_bytes(const ImageBlocks& blocks, int64_t rows) {
  return rows * blocks.conv.out_w * blocks.conv.out_c * blocks.product->out_bytes;
}

// Calls run(part) for `chunks` parts of every block of every image of `in`, on several threads
// where the step is worth it. Scratch buffer 0 is what
// add_block_scratch has added.
template <class Run>
void run_blocks(const Step& s, const Workspace& w, const ImageBlocks& blocks, const void* in,
                int32_t chunks, int64_t macs, const Run& run,
                reference::RowQuantization* quantization = nullptr) {
  const reference::ConvParams& p = blocks.conv;
  const int32_t parts = p.batch * blocks.per_image * chunks;
  const bool is_small = w.workers.parts_for(macs, kLeastMacs, parts) == 1;
  uint8_t* out = s.output(0);
  (is_small ? Workers() : w.workers).for_each(parts, [&](int32_t number, int32_t worker) {
    const int32_t block = number / chunks, image = block / blocks.per_image;
    const int32_t first_row = block % blocks.per_image * blocks.rows;
    const int32_t rows = min(blocks.rows, p.out_h - first_row);
    const int64_t image_bytes = int64_t{p.in_h} * p.in_w * p.in_c * blocks.product->in_bytes;
    BlockPart part = {image,   first_row,
                      rows,    number % chunks,
                      nullptr, quantization,
                      nullptr, out + output_bytes(blocks, int64_t{image} * p.out_h + first_row)};
    if (quantization != nullptr) part.quantization += image;
    const ImageRows rows_in = {static_cast<const uint8_t*>(in) + image * image_bytes, 0};
    run_block(blocks, rows_in, part, thread_memory(s, blocks, worker), run);
  });
}

// Calls run(part) for parts of the range, on the caller's thread; `scale` rows of the blocks are
// one of the range.
template <class Run>
void run_row_blocks(const Step& s, const ImageBlocks& blocks, const RowRange& r, int32_t scale,
                    const Run& run) {
  const int32_t count = r.count * scale;
  for (int32_t done = 0; done < count; done += blocks.rows) {
    BlockPart part = {};
    part.first_row = r.first * scale + done;
    part.rows = min(blocks.rows, count - done);
    part.out = static_cast<uint8_t*>(r.out) + output_bytes(blocks, done);
    run_block(blocks, {r.in.data, r.in.top * scale}, part, thread_memory(s, blocks, r.worker), run);
  }
}

}  // namespace octavo
