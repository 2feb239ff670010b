#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "base/shape.h"

namespace octavo::reference {

struct ReduceParams {
  int32_t rank;  // of the input, at least 1
  int64_t dims[kMaxRank];
  int64_t out_strides[kMaxRank];  // along each dimension of the input; 0 where it is reduced. The
                                  // last is 0 or 1
  int64_t outputs;                // elements of the output
  int64_t count;                  // elements of the input to each of the output
  int32_t in_zero, out_zero;      // of the quantized types
  Multiplier multiplier;          // scale in / scale out; of a mean: mean_multiplier()
};

// Calls row(in, width, sums) for each row of the input's last dimension, with the sums that it goes
// into: one where out_strides of that dimension is 0, else `width`.
template <class In, class Sum, class Row>
void for_each_reduced_row(const ReduceParams& p, const In* in, Sum* sums, Row row) {
  const int32_t last = p.rank - 1;
  const int64_t width = p.dims[last];
  int64_t rows = width > 0 ? 1 : 0;  // empty rows may be any number
  for (int32_t d = 0; d < last; ++d) rows *= p.dims[d];
  int64_t index[kMaxRank] = {};
  for (int64_t i = 0; i < rows; ++i, in += width) {
    row(in, width, sums);
    for (int32_t d = last - 1; d >= 0; --d) {
      sums += p.out_strides[d];
      if (++index[d] < p.dims[d]) break;
      sums -= p.out_strides[d] * p.dims[d];
      index[d] = 0;
    }
  }
}

// The sum of the elements, added in the input's order; integers wrap. No elements: 0.
void sum_f32(const ReduceParams& p, const float* in, float* out);
void sum_s32(const ReduceParams& p, const int32_t* in, int32_t* out);
void sum_s64(const ReduceParams& p, const int64_t* in, int64_t* out);

// requantize(sum - count * in_zero) + out_zero, the sum in int32 (LiteRT:
// reference_ops::QuantizedMeanOrSum). With the multiplier of a mean, the mean. No elements: 0.
// `sums` is scratch for p.outputs.
void sum_s8(const ReduceParams& p, const int8_t* in, int32_t* sums, int8_t* out);
void sum_u8(const ReduceParams& p, const uint8_t* in, int32_t* sums, uint8_t* out);
void sum_s16(const ReduceParams& p, const int16_t* in, int32_t* sums, int16_t* out);

// sums[i] = the sum of in[i * width] to in[i * width + width - 1]; wraps.
void row_sums_s8(int64_t rows, int64_t width, const int8_t* in, int32_t* sums);

// sum / count; integers are summed in int64 and truncated. No elements: NaN, of integers 0.
void mean_f32(const ReduceParams& p, const float* in, float* out);
void mean_s32(const ReduceParams& p, const int32_t* in, int64_t* sums, int32_t* out);
void mean_s64(const ReduceParams& p, const int64_t* in, int64_t* out);

// scale / count as LiteRT forms it: m * 2^k / count, rounded down, with the greatest
// k <= floor(log2(count)) that leaves shift - k in range. count >= 1.
Multiplier mean_multiplier(Multiplier scale, int64_t count);

}  // namespace octavo::reference
