// Products of two matrices that are both data.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"

namespace octavo::reference {

// The left matrix lies row by row, the right one as the strides say, in elements.
struct MatmulParams {
  int32_t rows, columns, depth;
  int64_t b_row_stride, b_column_stride;
  int32_t a_zero, b_zero, out_zero;  // of int16 0
  Multiplier multiplier;
};

// out[i, j] = finish(sum over k < depth of (a[i, k] - a_zero) * (b[k, j] - b_zero)). For integers
// finish is requantize() by the multiplier plus out_zero, saturating, of an int32 sum for int8 and
// of an int64 one for int16. Defined in LiteRT's reference/batch_matmul.h.
void batch_matmul_f32(const MatmulParams& p, const float* a, const float* b, float* out);
void batch_matmul_s8(const MatmulParams& p, const int8_t* a, const int8_t* b, int8_t* out);
void batch_matmul_s16(const MatmulParams& p, const int16_t* a, const int16_t* b, int16_t* out);
void batch_matmul_s16_s8(const MatmulParams& p, const int16_t* a, const int8_t* b, int16_t* out);

// int16 products by parts of the left elements, which are 2^8 times their upper byte plus the lower
// one; terms in chunks, one behind the other.
constexpr int32_t kSumParts = 2;
struct SumsParams {
  int64_t count;  // of outputs
  int32_t chunks, depth;
  int32_t out_zero;
  Multiplier multiplier;
};
// out[i] = batch_matmul_s16's finish(sum over c of 2^8 sums[2 c count + i] +
// sums[(2 c + 1) count + i]), where fits_int32().
void requantize_sums_s16(const SumsParams& p, const int32_t* sums, int16_t* out);

// Whether what becomes of the greatest int64 sum of int16 products stays within int32.
bool fits_int32(const MatmulParams& p);

// sums[j] += x[i] * matrix[i * columns + j] for all i < depth, one after another.
void add_row_product_f32(int64_t depth, int64_t columns, const float* x, const float* matrix,
                         float* sums);
// Float a quantized, each row i by its own scale a_scale[i] and zero point a_zero[i]; b has zero
// point 0 and the scale b_scale[j] in column j. The sum is an int32, scaled in float32.
void batch_matmul_hybrid(const MatmulParams& p, const int8_t* a, const float* a_scale,
                         const int32_t* a_zero, const int8_t* b, const float* b_scale, float* out);

}  // namespace octavo::reference
