#include "reference/log_softmax.h"

#include <limits>

#include "base/fixed_exp.h"
#include "base/math.h"

namespace octavo::reference {
namespace {

template <class T>
void log_softmax_8(const LogSoftmax8Params& p, const T* in, T* out) {
  constexpr int32_t kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
  const int32_t depth = p.shape.depth;
  for (int64_t row = 0; row < p.shape.rows; ++row, in += depth, out += depth) {
    const int32_t most = row_max(in, depth);
    int32_t total = 0;
    for (int32_t i = 0; i < depth; ++i) total = add_wrapping(total, p.terms[most - in[i]]);
    const LogSoftmaxSum sum = log_softmax_sum(p, total);
    for (int32_t i = 0; i < depth; ++i) {
      const int32_t below = most - in[i];
      const int32_t y = rdbp(sub_wrapping(p.exponents[below], sum.log), kLogSoftmaxShift) + kHigh;
      out[i] = static_cast<T>(-below > sum.least ? clamp(y, kLow, kHigh) : kLow);
    }
  }
}

}  // namespace

void log_softmax_f32(const SoftmaxShape& shape, const float* in, float* out) {
  const int32_t depth = shape.depth;
  for (int64_t row = 0; row < shape.rows; ++row, in += depth, out += depth) {
    const float most = row_max(in, depth);
    float sum = 0;
    for (int32_t i = 0; i < depth; ++i) sum += static_cast<float>(exp(in[i] - most));
    const auto log_sum = static_cast<float>(log(sum));
    for (int32_t i = 0; i < depth; ++i) out[i] = in[i] - most - log_sum;
  }
}

void build_log_softmax_exponents(Multiplier to_exponent, int32_t least, int32_t* exponents,
                                 int32_t* terms) {
  for (int32_t i = 0; i < kSoftmaxSteps; ++i) {
    exponents[i] = requantize(-i, to_exponent);
    terms[i] = -i < least ? 0 : rdbp(exp_negative(exponents[i]), 31 - kSoftmaxTermFraction);
  }
}

LogSoftmaxSum log_softmax_sum(const LogSoftmax8Params& p, int32_t sum) {
  const int32_t log = log_at_least_1(sum);
  const int32_t lowest = add_wrapping(log, std::numeric_limits<int32_t>::min());
  return {log, max(p.least - 1, requantize(lowest, p.from_exponent))};
}

void log_softmax_s8(const LogSoftmax8Params& p, const int8_t* in, int8_t* out) {
  log_softmax_8(p, in, out);
}
void log_softmax_u8(const LogSoftmax8Params& p, const uint8_t* in, uint8_t* out) {
  log_softmax_8(p, in, out);
}

}  // namespace octavo::reference
