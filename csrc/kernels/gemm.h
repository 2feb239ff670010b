// Products of matrices: what an instruction set's table offers, and how an operator talks to it.
//
// There are several forms of them (product.h), which differ in the elements that are multiplied, in
// how these are packed and in what becomes of the sums. What they share is this. The right matrix,
// the weights, is packed once into panels of columns, each with what its outputs need: biases,
// multipliers (see Epilogue), then the weights in the order in which the products take them. The
// left matrix is never written down. Its rows are the windows of a converted image (image.h), which
// begin at equal distances, `columns` of them in a row of the image; where in a window its taps
// begin a list of offsets says.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "base/math.h"
#include "base/packed.h"
#include "base/span.h"
#include "kernels/image.h"

namespace octavo {

enum class Scaling : int32_t {
  kFixedPoint,  // requantize(sum, Multiplier)
  kDouble,      // round(sum * double): FULLY_CONNECTED
};

// Integer outputs are moved by the zero point, clamped, then flipped.
struct QuantizedOutput {
  int32_t out_zero, act_min, act_max;
  Flip flip;
};

// Float outputs are clamped.
struct FloatOutput {
  float low, high;
};

// How the sums of a form become outputs.
struct Epilogue {
  const void* bias;    // a form's type, one a column, or null
  bool has_wide_bias;  // int64 for int32, as sums then are
  int32_t in_zero;     // which is subtracted from the left matrix; after the flip of the input
  Scaling scaling;
  const Multiplier* multiplier;  // kFixedPoint: one a column
  const double* scale;           // kDouble: one a column
  QuantizedOutput output;
  FloatOutput float_output = {};
  const float* weight_scale = nullptr;  // of integer weights with floats: one a column
};

// Weights as a file has them. Of bytes, what is multiplied is weight - zero, at most 9 bits wide:
// where that needs more than 8, it is the sum of two weights, and each tap occurs twice.
struct FileWeights {
  const void* data;
  Flip flip;
  int32_t zero;  // after the flip
  bool is_split;
  const DTypeInfo* narrow = nullptr;  // their type, where several are in a byte
  // int8 to be floats: channel i / channel_stride % channels has its scale.
  const float* real_scale = nullptr;
  int32_t channels = 0;
  int64_t channel_stride = 1;

  int32_t centred(int64_t i) const {
    if (narrow == nullptr) return centred_byte(i);
    return packed_at(*narrow, static_cast<const uint8_t*>(data), i);
  }
  int32_t centred_byte(int64_t i) const {
    const uint8_t byte = static_cast<const uint8_t*>(data)[i];
    return static_cast<int8_t>(byte ^ static_cast<uint8_t>(flip)) - zero;
  }
  // Of floats, stored so or as int8.
  float real(int64_t i) const {
    if (real_scale == nullptr) return static_cast<const float*>(data)[i];
    return static_cast<float>(static_cast<const int8_t*>(data)[i]) *
           real_scale[i / channel_stride % channels];
  }
  // The first or second half of the sum; without a split the second is not there.
  int8_t half(int64_t i, bool is_second) const {
    const int32_t whole = centred(i);
    const int32_t first = clamp(whole, -128, 127);
    return static_cast<int8_t>(is_second ? whole - first : first);
  }
};

// The columns of the right matrix, as an operator gives them.
struct GemmColumns {
  int32_t n;
  int32_t taps, depth;  // a column has taps * depth weights
  FileWeights weights;
  int64_t column_stride, row_stride;  // from one weight to the next
  const int64_t* tap_starts;          // where a column's taps begin; null: one behind the other
  Epilogue epilogue;
  // An activation, packed for each run: sums are taken to be as great as its type allows, which
  // costs no look at them.
  bool is_activation = false;

  // The number of the weight at `row` of tap `tap` in a column.
  int64_t place(int32_t column, int32_t tap, int32_t row) const {
    const int64_t start =
        tap_starts != nullptr ? tap_starts[tap] : int64_t{tap} * depth * row_stride;
    return column * column_stride + start + row * row_stride;
  }
};

struct GemmArgs {
  const void* image;             // elements
  int64_t part_stride;           // see ImageConversion
  int32_t columns;               // windows in a row of the image
  int64_t row_step, pixel_step;  // elements from one to the next
  const int32_t* tap_offsets;    // [taps], in elements
  int32_t rows;                  // windows in all
  int32_t taps, depth, n;        // as packed
  int32_t first_panel, panels;   // of the columns
  const void* packed;
  void* out;  // element i * out_stride + j is that of row i and column j
  int64_t out_stride;
  // Forms that quantized the image: all rows by *quantization, or `by_row`, row i by
  // quantization[i].
  const reference::RowQuantization* quantization = nullptr;
  bool by_row = false;
  Span<const uint8_t> next = {};       // memory to fetch meanwhile, that somebody reads afterwards
  void* workspace = nullptr;           // see GemmKernel
  const int32_t* row_terms = nullptr;  // s8: what is added to each row's sums, unless null
  const float* addend = nullptr;  // hybrid: what is added to each output, as `out` lies; or null
};

struct GemmKernel {
  ImageKernel image;
  int32_t most_terms;  // products to a sum
  int32_t panel_width;
  // Bytes of packed columns, which want to begin at a cache line.
  int64_t (*packed_bytes)(int32_t n, int32_t taps, int32_t depth);  // taps: twice where split
  void (*pack)(const GemmColumns& columns, void* packed);
  void (*run)(const GemmArgs& args);
  // Bytes of workspace with which a run over so many windows is faster; null: it never is.
  int64_t (*workspace_bytes)(int32_t rows, int32_t taps, int32_t depth);
};

}  // namespace octavo
