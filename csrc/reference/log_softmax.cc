#include "reference/log_softmax.h"

#include <limits>

#include "base/fixed_exp.h"
#include "base/math.h"

namespace octavo::reference {
namespace {

template <class T>
T row_max(const T* row, int32_t depth) {
  T most = std::numeric_limits<T>::lowest();
  for (int32_t i = 0; i < depth; ++i) most = max(most, row[i]);
  return most;
}

template <class T>
void log_softmax_8(const LogSoftmax8Params& p, const T* in, T* out) {
  constexpr int32_t kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
  constexpr int kToQ12 = 12, kToOutput = 31 - 5 - 4;
  const int32_t depth = p.shape.depth;
  // By how far an element is below its row's greatest.
  constexpr int32_t kSteps = 256;
  int32_t exponents[kSteps], terms[kSteps];
  for (int32_t i = 0; i < kSteps; ++i) {
    exponents[i] = requantize(-i, p.to_exponent);
    terms[i] = -i < p.least ? 0 : rdbp(exp_negative(exponents[i]), kToQ12);
  }
  for (int64_t row = 0; row < p.shape.rows; ++row, in += depth, out += depth) {
    const int32_t most = row_max(in, depth);
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; ++i) sum = add_wrapping(sum, terms[most - in[i]]);
    const int32_t log_sum = log_at_least_1(sum);
    const int32_t lowest = add_wrapping(log_sum, std::numeric_limits<int32_t>::min());
    const int32_t least = max(p.least - 1, requantize(lowest, p.from_exponent));
    for (int32_t i = 0; i < depth; ++i) {
      const int32_t below = most - in[i];
      const int32_t y = rdbp(sub_wrapping(exponents[below], log_sum), kToOutput) + kHigh;
      out[i] = static_cast<T>(-below > least ? clamp(y, kLow, kHigh) : kLow);
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

void log_softmax_s8(const LogSoftmax8Params& p, const int8_t* in, int8_t* out) {
  log_softmax_8(p, in, out);
}
void log_softmax_u8(const LogSoftmax8Params& p, const uint8_t* in, uint8_t* out) {
  log_softmax_8(p, in, out);
}

}  // namespace octavo::reference
