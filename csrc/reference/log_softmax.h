// x - log(sum(exp(x))) over the rows of a matrix.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "reference/softmax.h"

namespace octavo::reference {

void log_softmax_f32(const SoftmaxShape& shape, const float* in, float* out);

// 8-bit inputs, in fixed point; outputs have scale 1/16 and the greatest value of their type as
// zero point. With d = in - max(row) brought to Q5.26, L = log(sum(exp(d))) as base/fixed_exp.h has
// it: out = rdbp(d - L, 22) + zero. d below `least` counts as no exponential; what is below `least`
// - 1, or leaves Q5.26, gives the lowest output (LiteRT: LogSoftmax).
struct LogSoftmax8Params {
  SoftmaxShape shape;
  const int32_t* exponents;  // of kSoftmaxSteps d
  const int32_t* terms;      // their exponentials as Q12.19
  Multiplier from_exponent;  // the reciprocal of in_scale 2^26
  int32_t least;
};
constexpr int kLogSoftmaxShift = 22;
// to_exponent is in_scale 2^26.
void build_log_softmax_exponents(Multiplier to_exponent, int32_t least, int32_t* exponents,
                                 int32_t* terms);

// What a row's outputs take: L, and the greatest d whose output is the lowest.
struct LogSoftmaxSum {
  int32_t log, least;
};
LogSoftmaxSum log_softmax_sum(const LogSoftmax8Params& p, int32_t sum);

void log_softmax_s8(const LogSoftmax8Params& p, const int8_t* in, int8_t* out);
void log_softmax_u8(const LogSoftmax8Params& p, const uint8_t* in, uint8_t* out);

}  // namespace octavo::reference
