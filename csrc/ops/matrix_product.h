// Products of rows by constant matrices, as many of them as a step wants while it runs: what
// recurrent operators multiply by, over and over.
#pragma once

#include "ops/op.h"

namespace octavo {

// One after the other in a buffer that an operator asks for as a whole.
class ScratchLayout {
 public:
  // Where `bytes` of it begin.
  int64_t add(int64_t bytes) {
    const int64_t at = bytes_;
    bytes_ += (bytes + 63) / 64 * 64;
    return at;
  }
  int64_t bytes() const { return bytes_; }

 private:
  int64_t bytes_ = 0;
};

// Up to four matrices of one shape [columns][depth], all of which multiply the same rows: float32,
// or int8 for float rows that are quantized as they come, or int8 for int8.
struct MatrixProduct {
  static constexpr int32_t kMost = 4;

  int32_t count = 0;       // of matrices; 0: there is no product
  int32_t weights[kMost];  // inputs of the step
  int32_t biases[kMost];   // or kNoTensor
  int32_t depth, columns;
  DType rows_type, weights_type;
  int32_t rows_zero;    // the zero point of integer rows
  bool asymmetric;      // how floats become int8
  const float* scales;  // of int8 for floats: [columns] for each matrix, all the same

  const Product* product;  // null: the reference kernels
  const uint8_t* packed;
  int64_t packed_bytes;  // of a matrix
  const int32_t* tap_offsets;

  const float* scales_of(int32_t matrix) const { return scales + int64_t{matrix} * columns; }
};

// Rows as the left matrix of a product wants them, where that is not as they are. Floats that
// become integers do so each row by its own range, which is written to `quantization`. Parts of
// elements, where a form makes several, begin `part_stride` elements after each other.
struct RowConversion {
  int64_t count, part_stride;
  int32_t depth;
  bool asymmetric;
  reference::RowQuantization* quantization;  // null: no floats that become integers
};
void convert_rows(const Workspace& w, const Product& product, const RowConversion& c,
                  const void* rows, uint8_t* converted);

// Completes a product whose members down to `asymmetric` are set: checks shapes, types and
// quantization of its weights and biases, and packs them. `variant` tells the products of an
// operator apart.
Status prepare_product(PrepareContext& c, int32_t variant, MatrixProduct* p);

// Bytes that multiply() wants for so many rows at a time.
int64_t scratch_bytes(const MatrixProduct& p, int64_t rows);

// out[m * matrix_stride + r * columns + j] = row r of `rows` times column j of matrix m, plus
// its bias: float, or the int32 sums of integers.
void multiply(const MatrixProduct& p, const Step& s, const Workspace& w, const void* rows,
              int64_t count, uint8_t* scratch, void* out, int64_t matrix_stride);

}  // namespace octavo
