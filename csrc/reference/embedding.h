// Rows of tables of embeddings.
#pragma once

#include <cstdint>

#include "base/dtype.h"
#include "base/half.h"

namespace octavo::reference {

// A table of rows of `columns` integers, of int8, int4 or int2. Their scale is scales[0], or
// scales[row]; or block_scales[row][column / block_size].
struct QuantizedTable {
  int64_t columns;
  DType type;
  const void* data;
  const float* scales;
  bool is_per_row;
  const Half* block_scales;  // null: none
  int64_t block_size;
};

// out[i] = scale * table[rows[i]] for i < count.
void dequantize_rows_f32(const QuantizedTable& table, int64_t count, const int64_t* rows,
                         float* out);
void dequantize_rows_f16(const QuantizedTable& table, int64_t count, const int64_t* rows,
                         Half* out);

enum class Weighting : int8_t { kSum, kMean, kSqrtN };

struct CombineParams {
  int64_t lookups, buckets, columns;
  Weighting weighting;
};

// out[b] is the sum of weights[i] * table[rows[i]] over the i of a run with buckets[i] = b; as
// kMean divided by the sum of the weights, as kSqrtN by the root of the sum of their squares. A
// bucket that comes anew after another is added to, and divided again; one that never comes is 0.
void combine_rows(const CombineParams& p, const int64_t* rows, const int64_t* buckets,
                  const float* weights, const float* table, float* out);

// places[i] is where keys[place] = wanted[i], of the `size` ascending keys, or -1.
void find_keys(int64_t count, const int32_t* wanted, int64_t size, const int32_t* keys,
               int64_t* places);

}  // namespace octavo::reference
