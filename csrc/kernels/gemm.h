// Products of int8 matrices by dot-product instructions: what an instruction set's table offers,
// and how an operator talks to it.
//
// The right matrix, the weights, is packed once into panels of columns, each with what its outputs
// need: biases, multipliers (see Epilogue), then the weights in the order that dot products take.
// The left matrix is packed in tiles of `mr` rows while running, in whatever form the dot product
// wants: a tile stays in the nearest cache for all panels, and a convolution's window becomes a row
// on the way, so that no image of all windows is ever written.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"

namespace octavo {

// How an int32 sum becomes an output.
enum class Epilogue : uint8_t {
  kFixedPoint,  // requantize(sum, Multiplier), rounded twice
  kDouble,      // round(sum * double): FULLY_CONNECTED
};

// The columns of the right matrix, as an operator gives them. The left matrix holds x - in_zero.
struct GemmColumns {
  int32_t n, k;
  const int8_t* weights;         // [n][k]
  const int32_t* bias;           // [n], or null
  int32_t in_zero;               // of the left matrix
  const Multiplier* multiplier;  // kFixedPoint: [n]
  const double* scale;           // kDouble: [n]
};

// Outputs are moved by the zero point, then clamped.
struct QuantizedOutput {
  int32_t out_zero, act_min, act_max;
};

struct GemmS8 {
  int32_t mr;
  // Bytes of n packed columns of k weights, which want to begin at a cache line.
  int64_t (*packed_bytes)(int32_t n, int32_t k);
  void (*pack)(Epilogue epilogue, const GemmColumns& columns, void* packed);
  // Bytes of a tile of mr packed rows.
  int64_t (*tile_bytes)(int32_t k);
  // Copies `count` bytes of row `row` of a tile, from position `at` in the row on, of `k`.
  void (*pack_row)(void* tile, int32_t k, int32_t row, int32_t at, const int8_t* in, int32_t count);
  // The same where every byte is `value`: a window's part outside the image.
  void (*fill_row)(void* tile, int32_t k, int32_t row, int32_t at, int8_t value, int32_t count);
  // out[i][j] for i < rows <= mr and j < n; rows of out are out_stride bytes apart.
  void (*run)(Epilogue epilogue, const void* tile, const void* packed, int32_t rows, int32_t n,
              int32_t k, const QuantizedOutput& output, int8_t* out, int64_t out_stride);
};

}  // namespace octavo
