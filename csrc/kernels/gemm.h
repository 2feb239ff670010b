// Products of int8 matrices by dot-product instructions: what an instruction set's table offers,
// and how an operator talks to it.
//
// The right matrix, the weights, is packed once into panels of columns, each with what its outputs
// need: biases, multipliers (see Epilogue), then the weights in the order that dot products take.
// The left matrix is never written down. Its rows are the windows of a converted image (image.h),
// which begin at equal distances, `columns` of them in a row of the image; where in a window its
// taps begin a list of offsets says.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "base/math.h"
#include "kernels/image.h"

namespace octavo {

// How an int32 sum becomes an output.
enum class Epilogue : int32_t {
  kFixedPoint,  // requantize(sum, Multiplier), rounded twice
  kDouble,      // round(sum * double): FULLY_CONNECTED
};

// Outputs are moved by the zero point, clamped, then flipped.
struct QuantizedOutput {
  int32_t out_zero, act_min, act_max;
  Flip flip;
};

// Weights as a file has them. What is multiplied is weight - zero, at most 9 bits wide: where that
// needs more than 8, it is the sum of two weights, and each tap occurs twice.
struct ByteWeights {
  const int8_t* data;
  Flip flip;
  int32_t zero;  // after the flip
  bool is_split;

  int32_t centred(int64_t i) const {
    return static_cast<int8_t>(static_cast<uint8_t>(data[i]) ^ static_cast<uint8_t>(flip)) - zero;
  }
  // The first or second half of the sum; without a split the second is not there.
  int8_t half(int64_t i, bool is_second) const {
    const int32_t whole = centred(i);
    const int32_t first = clamp(whole, -128, 127);
    return static_cast<int8_t>(is_second ? whole - first : first);
  }
};

// The columns of the right matrix, as an operator gives them. The left matrix holds x - in_zero.
struct GemmColumns {
  int32_t n;
  int32_t taps, depth;  // a column has taps * depth weights
  ByteWeights weights;
  int64_t column_stride, row_stride;  // from one weight to the next
  const int64_t* tap_starts;          // where a column's taps begin; null: one behind the other
  const int32_t* bias;                // [n], or null
  int32_t in_zero;                    // after the flip of the input
  Epilogue epilogue;
  const Multiplier* multiplier;  // kFixedPoint: [n]
  const double* scale;           // kDouble: [n]
  QuantizedOutput output;

  // The number of the weight at `row` of tap `tap` in a column.
  int64_t place(int32_t column, int32_t tap, int32_t row) const {
    const int64_t start =
        tap_starts != nullptr ? tap_starts[tap] : int64_t{tap} * depth * row_stride;
    return column * column_stride + start + row * row_stride;
  }
};

struct GemmArgs {
  const void* image;             // elements
  int32_t columns;               // windows in a row of the image
  int64_t row_step, pixel_step;  // elements from one to the next
  const int32_t* tap_offsets;    // [taps], in elements
  int32_t rows;                  // windows in all
  int32_t taps, depth, n;        // as packed
  int32_t first_panel, panels;   // of the columns
  const void* packed;
  int8_t* out;  // out[i * out_stride + j] is that of row i and column j
  int64_t out_stride;
};

struct GemmS8 {
  int32_t panel_width;
  // Bytes of packed columns, which want to begin at a cache line.
  int64_t (*packed_bytes)(int32_t n, int32_t taps, int32_t depth);  // taps: twice where split
  void (*pack)(const GemmColumns& columns, void* packed);
  void (*run)(const GemmArgs& args);
};

}  // namespace octavo
