// Depthwise convolution, channels across lanes: what an instruction set's table offers.
//
// A row of outputs is one line of elements (pixel, channel): for each tap, the inputs of a line lie
// in a line too (see ImageConversion::planes). So vectors run over lines without regard to where a
// pixel ends, and the packed filter repeats as often as it takes for a pixel and a vector to begin
// together.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"
#include "reference/conv.h"

namespace octavo {

struct DepthwiseArgs {
  const void* image;           // elements
  int64_t part_stride;         // of the image: see ImageConversion
  const int32_t* tap_offsets;  // [taps], in elements, from a pixel's place to where its tap reads
  int32_t taps, channels;      // as packed
  int32_t rows, columns;       // of outputs
  int64_t row_stride;          // elements of the image from one row of outputs to the next
  const void* packed;
  void* out;  // [rows][columns][channels]
};

struct DepthwiseKernel {
  ImageKernel image;
  int32_t most_terms;  // products to a sum
  // Each output reads this multiple of taps: the offsets beyond the filter's are of anything that
  // can be read.
  int32_t taps_multiple;
  int64_t (*packed_bytes)(int32_t channels, int32_t taps);  // taps: twice where split
  void (*pack)(const GemmColumns& channels, void* packed);  // of one tap, as deep as there are taps
  void (*run)(const DepthwiseArgs& args);
};

// Depthwise convolution of an image whose elements are multiplied as they are, each of its channels
// giving one: read where it lies, without what is outside. The filter is packed as GemmKernel's, of
// one tap as deep as there are taps.
struct DirectDepthwiseArgs {
  const reference::ConvParams& conv;
  const void* image;  // its rows from number `top` on
  int32_t top;
  const void* packed;
  int32_t first_row, rows;  // of outputs
  void* out;                // row first_row
};

struct DirectDepthwiseKernel {
  void (*run)(const DirectDepthwiseArgs& args);  // null: a form has none
};

}  // namespace octavo
