// Depthwise convolution, channels across lanes: what an instruction set's table offers.
//
// A row of outputs is one line of elements (pixel, channel): for each tap, the inputs of a line lie
// in a line too (see ImageConversion::planes). So vectors run over lines without regard to where a
// pixel ends, and the packed filter repeats as often as it takes for a pixel and a vector to begin
// together.
//
// Instructions that add several products to a sum take the elements of several taps side by side:
// they are interleaved first. Where two rows of outputs see the same rows of the image, what is
// interleaved serves both, by weights one place apart.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"
#include "reference/conv.h"

namespace octavo {

// The taps of a filter, number a * across + b for a < along, b < across. Those that differ by `a`
// alone are interleaved.
struct DepthwiseTaps {
  int32_t along, across;
  // Rows of outputs that share what is interleaved. If 2, the second one sees with tap a what the
  // first sees with tap a + 1.
  int32_t together;
  bool is_split;  // see FileWeights

  int32_t count() const { return along * across; }
};

struct DepthwiseArgs {
  const void* image;           // elements
  const int32_t* tap_offsets;  // in elements, from a pixel's place to where its tap reads
  DepthwiseTaps taps;
  int32_t channels;       // as packed
  int32_t rows, columns;  // of outputs
  int64_t row_stride;     // elements of the image from one row of outputs to the next
  const void* packed;
  void* out;  // [rows][columns][channels]
  void* workspace;
};

struct DepthwiseKernel {
  ImageKernel image;
  int32_t most_terms;  // products to a sum
  // How the kernel takes the taps of a filter.
  DepthwiseTaps (*choose_taps)(const reference::ConvParams& conv, bool is_split);
  int64_t (*packed_bytes)(int32_t channels, const DepthwiseTaps& taps);
  // Of one tap, as deep as there are taps.
  void (*pack)(const GemmColumns& channels, const DepthwiseTaps& taps, void* packed);
  // Bytes of workspace, whatever image, rows, packed and out will be.
  int64_t (*workspace_bytes)(const DepthwiseArgs& args);
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
