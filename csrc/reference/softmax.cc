#include "reference/softmax.h"

#include <limits>

#include "base/fixed_exp.h"
#include "base/math.h"
#include "reference/lut.h"

namespace octavo::reference {
namespace {

int floor_log2(int64_t x) {
  int n = 0;
  for (int step = 32; step > 0; step /= 2) {
    if (x >> step != 0) {
      x >>= step;
      n += step;
    }
  }
  return n;
}

template <class In, class Out>
void softmax_8(const Softmax8Params& p, const In* in, Out* out) {
  constexpr int32_t kLow = std::numeric_limits<Out>::min();
  constexpr int32_t kHigh = std::numeric_limits<Out>::max();
  const int32_t depth = p.shape.depth;
  for (int64_t row = 0; row < p.shape.rows; ++row, in += depth, out += depth) {
    const int32_t most = row_max(in, depth);
    int64_t sum = 0;
    for (int32_t i = 0; i < depth; ++i) sum += p.terms[most - in[i]];
    const SoftmaxQuotient quotient = softmax_quotient(sum, 8 * sizeof(Out));
    for (int32_t i = 0; i < depth; ++i) {
      const int32_t y = rdbp(srdhm(quotient.factor, p.exponentials[most - in[i]]), quotient.right);
      out[i] = static_cast<Out>(clamp(y + kLow, kLow, kHigh));
    }
  }
}

}  // namespace

void softmax_f32(const SoftmaxShape& shape, float beta, const float* in, float* out) {
  const int32_t depth = shape.depth;
  for (int64_t row = 0; row < shape.rows; ++row, in += depth, out += depth) {
    const float most = row_max(in, depth);
    float sum = 0;
    for (int32_t i = 0; i < depth; ++i) {
      out[i] = static_cast<float>(exp((in[i] - most) * beta));
      sum += out[i];
    }
    for (int32_t i = 0; i < depth; ++i) out[i] /= sum;
  }
}

void softmax_f16(const SoftmaxShape& shape, float beta, const Half* in, Half* out) {
  const int32_t depth = shape.depth;
  for (int64_t row = 0; row < shape.rows; ++row, in += depth, out += depth) {
    float most = std::numeric_limits<float>::lowest(), sum = 0;
    for (int32_t i = 0; i < depth; ++i) most = max(most, to_float(in[i]));
    for (int32_t i = 0; i < depth; ++i) {
      const auto term = static_cast<float>(exp((to_float(in[i]) - most) * beta));
      out[i] = to_half(term);
      sum += term;
    }
    for (int32_t i = 0; i < depth; ++i) out[i] = to_half(to_float(out[i]) / sum);
  }
}

int32_t build_softmax_exponentials(Multiplier to_exponent, int32_t steps, int32_t* exponentials,
                                   int32_t* terms) {
  // No quotient is greater than its exponential, as sums are at least 1; 1/512 is rounded to 1/256.
  constexpr int32_t kLeast = 1 << 22;
  int32_t outputs = 0;
  for (int32_t i = 0; i < kSoftmaxSteps; ++i) {
    exponentials[i] = i <= steps ? exp_negative(requantize(-i, to_exponent)) : 0;
    terms[i] = rdbp(exponentials[i], 31 - kSoftmaxTermFraction);
    if (exponentials[i] >= kLeast) outputs = i + 1;
  }
  return outputs;
}

// LiteRT's internal/reference/softmax.h. The sum is normalised to (1 + x) * 2^k with x in [0, 1);
// the quotient is exp * 1 / (1 + x) / 2^k. LiteRT aborts for int8 where the sum is 512 or more, and
// wraps where it is 8192; here it does not overflow.
SoftmaxQuotient softmax_quotient(int64_t sum, int bits) {
  const int leading = floor_log2(sum);
  const int64_t normal = leading > 31 ? sum >> (leading - 31) : sum << (31 - leading);
  const int right = leading - kSoftmaxTermFraction + 31 - bits;
  if (right > 31) return {0, 0};
  return {one_over_one_plus_x(static_cast<int32_t>(normal - (int64_t{1} << 31))), right};
}

void softmax_s8(const Softmax8Params& p, const int8_t* in, int8_t* out) { softmax_8(p, in, out); }
void softmax_s8_s16(const Softmax8Params& p, const int8_t* in, int16_t* out) {
  softmax_8(p, in, out);
}
void softmax_u8(const Softmax8Params& p, const uint8_t* in, uint8_t* out) { softmax_8(p, in, out); }
void softmax_u8_s16(const Softmax8Params& p, const uint8_t* in, int16_t* out) {
  softmax_8(p, in, out);
}

void build_softmax_luts(int16_t* exp_lut, int16_t* reciprocal_lut) {
  constexpr double kRange = 65535;
  build_lut_16({10 / kRange, 2 / kRange, 32767, 0}, &exp, exp_lut);
  build_lut_16(
      {1 / kRange, 2 / kRange, -32768, 0}, [](double x) { return 1 / (1 + x); }, reciprocal_lut);
}

SoftmaxQuotient softmax_quotient_16(int64_t sum, const int16_t* reciprocal_lut) {
  // LiteRT's sum is an int32; one that leaves it makes every quotient 0 or 1 here.
  sum = min<int64_t>(sum, std::numeric_limits<int32_t>::max());
  const int leading = floor_log2(sum);
  const auto normal = static_cast<int32_t>(((sum << (30 - leading)) + (1 << 13)) >> 14);
  constexpr int32_t kLow = std::numeric_limits<int16_t>::min();
  constexpr int32_t kHigh = std::numeric_limits<int16_t>::max();
  const int32_t x = clamp(normal - (1 << 16) - (1 << 15), kLow, kHigh);
  return {lookup_16(static_cast<int16_t>(x), reciprocal_lut), leading};
}

// LiteRT's SoftmaxInt16. The sum of the exponentials, as Q16.15, is normalised to (1 + x) * 2^k;
// the quotient is exp * 1 / (1 + x) / 2^k, all of them Q0.15.
void softmax_s16(const Softmax16Params& p, const int16_t* in, int16_t* out) {
  constexpr int32_t kLow = std::numeric_limits<int16_t>::min();
  constexpr int32_t kHigh = std::numeric_limits<int16_t>::max();
  const int32_t depth = p.shape.depth;
  for (int64_t row = 0; row < p.shape.rows; ++row, in += depth, out += depth) {
    const int32_t most = row_max(in, depth);
    int64_t sum = 0;
    for (int32_t i = 0; i < depth; ++i) {
      const int32_t x = requantize(in[i] - most, p.to_exponent, kHigh, kLow, kHigh);
      out[i] = lookup_16(static_cast<int16_t>(x), p.exp_lut);
      sum += out[i];
    }
    const SoftmaxQuotient quotient = softmax_quotient_16(sum, p.reciprocal_lut);
    const int32_t half = 1 << (quotient.right - 1);
    for (int32_t i = 0; i < depth; ++i) {
      const int32_t y = (out[i] * quotient.factor + half) >> quotient.right;
      out[i] = static_cast<int16_t>(clamp(y, 0, kHigh));
    }
  }
}

}  // namespace octavo::reference
