// exp(beta * x) / sum(exp(beta * x)) over the rows of a matrix.
#pragma once

#include <cstdint>
#include <limits>

#include "base/fixed_point.h"
#include "base/half.h"
#include "base/math.h"

namespace octavo::reference {

struct SoftmaxShape {
  int64_t rows;
  int32_t depth;
};

template <class T>
T row_max(const T* row, int32_t depth) {
  T most = std::numeric_limits<T>::lowest();
  for (int32_t i = 0; i < depth; ++i) most = max(most, row[i]);
  return most;
}

void softmax_f32(const SoftmaxShape& shape, float beta, const float* in, float* out);
void softmax_f16(const SoftmaxShape& shape, float beta, const Half* in, Half* out);

// 8-bit inputs, in fixed point. Outputs have the lowest value of their type as zero point; scale
// 1/256, or 1/65536 for int16.
constexpr int32_t kSoftmaxSteps = 256;
constexpr int kSoftmaxTermFraction = 19;
struct Softmax8Params {
  SoftmaxShape shape;
  const int32_t* exponentials;  // exp(-beta in_scale i) for i < kSoftmaxSteps, Q0.31
  const int32_t* terms;         // the same as Q12.19, as sums have them
  int32_t outputs;  // from this i on, outputs of 8 bits are their lowest value whatever the sum
};
// to_exponent is beta in_scale 2^26: input steps to Q5.26. Beyond `steps`, exponentials are 0.
// Returns Softmax8Params::outputs.
int32_t build_softmax_exponentials(Multiplier to_exponent, int32_t steps, int32_t* exponentials,
                                   int32_t* terms);

// What a row's exponentials are to be multiplied with, to be outputs of `bits` bits: the quotient
// of an exponential and their sum, which is that of its terms, is rdbp(srdhm(factor, exponential),
// right). 0 where it is too small for the output.
struct SoftmaxQuotient {
  int32_t factor, right;
};
SoftmaxQuotient softmax_quotient(int64_t sum, int bits);

void softmax_s8(const Softmax8Params& p, const int8_t* in, int8_t* out);
void softmax_s8_s16(const Softmax8Params& p, const int8_t* in, int16_t* out);
void softmax_u8(const Softmax8Params& p, const uint8_t* in, uint8_t* out);
void softmax_u8_s16(const Softmax8Params& p, const uint8_t* in, int16_t* out);

// int16 to int16 of scale 1/32768, by tables (reference/lut.h) of exp(x) on [-10, 0] and of
// 1 / (1 + x) on [0, 1].
struct Softmax16Params {
  SoftmaxShape shape;
  Multiplier to_exponent;  // beta * in_scale * 65535 / 10
  const int16_t* exp_lut;
  const int16_t* reciprocal_lut;
};
// What a row's exponentials are to be multiplied with: the quotient of one and their sum, at least
// 2, is (factor exponential + 2^(right - 1)) >> right, clamped to [0, 32767].
SoftmaxQuotient softmax_quotient_16(int64_t sum, const int16_t* reciprocal_lut);
void build_softmax_luts(int16_t* exp_lut, int16_t* reciprocal_lut);
void softmax_s16(const Softmax16Params& p, const int16_t* in, int16_t* out);

}  // namespace octavo::reference
