// What the operators with weights share: sums of products, and what makes an output of a sum.
// Private to the kernels' .cc files.
//
// A sum is exact modulo the width of LiteRT's accumulator: uint32_t stands for its int32, uint64_t
// for its int64, because unsigned arithmetic may wrap. float sums are in no particular order.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/fixed_point.h"
#include "base/math.h"

namespace octavo::reference {

// (x - x_zero) * (w - w_zero). The differences fit in 16 bits: x and w are 8 bits wide, or x is 16
// and its zero point 0. Said to the compiler, that doubles the elements in a vector.
template <class T, class W>
int32_t product(T x, int32_t x_zero, W w, int32_t w_zero) {
  return static_cast<int16_t>(x - x_zero) * static_cast<int16_t>(w - w_zero);
}
template <class W>
float product(float x, int32_t, W w, int32_t) {
  return x * static_cast<float>(w);
}

// The sum of product(x[i], w[i]) over n elements.
template <class Sum, class T, class W>
Sum dot(int64_t n, const T* x, int32_t x_zero, const W* w, int32_t w_zero) {
  // So many products, of 255 * 255 or 32768 * 255 at most, fit in an int32.
  constexpr int64_t kBlock = sizeof(T) == 1 ? 1 << 15 : 1 << 8;
  Sum sum = 0;
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t end = min(n, i + kBlock);
    int32_t partial = 0;
    for (int64_t j = i; j < end; ++j) partial += product(x[j], x_zero, w[j], w_zero);
    sum += static_cast<Sum>(partial);
  }
  return sum;
}

template <>
inline float dot<float>(int64_t n, const float* x, int32_t, const float* w, int32_t) {
  constexpr int kLanes = 8;  // independent sums, to fill vectors and to hide the adder's latency
  float lane[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) lane[j] += x[i + j] * w[i + j];
  }
  for (int j = 0; i < n; ++i, ++j) lane[j] += x[i] * w[i];
  float sum = 0;
  for (float part : lane) sum += part;
  return sum;
}

// Output stages: finish(sum, channel) is the output element. bias may be null.

// clamp(requantize(sum + bias) + out_zero), in the fixed point of a 32 or 64-bit accumulator.
template <class Params, class Bias>
struct FixedPoint {
  using Sum = std::make_unsigned_t<Bias>;
  const Params& p;
  const Bias* bias;

  int32_t operator()(Sum sum, int32_t channel) const {
    if (bias != nullptr) sum += static_cast<Sum>(bias[channel]);
    return requantize(static_cast<Bias>(sum), p.multiplier[channel], p.out_zero, p.act_min,
                      p.act_max);
  }
};

// clamp(round((sum + bias) * scale) + out_zero), in double.
template <class Params, class Bias>
struct DoublePrecision {
  using Sum = std::make_unsigned_t<Bias>;
  const Params& p;
  const Bias* bias;

  int32_t operator()(Sum sum, int32_t channel) const {
    if (bias != nullptr) sum += static_cast<Sum>(bias[channel]);
    const auto accumulator = static_cast<double>(static_cast<Bias>(sum));
    return quantize(accumulator * p.scale[channel], p.out_zero, p.act_min, p.act_max);
  }
};

// clamp(sum + bias), in float.
template <class Params>
struct Float {
  using Sum = float;
  const Params& p;
  const float* bias;

  float operator()(float sum, int32_t channel) const {
    if (bias != nullptr) sum += bias[channel];
    return clamp(sum, p.float_min, p.float_max);
  }
};

// clamp(sum * in_scale * filter_scale + bias): int8 weights, float output. in_scale is 1 where the
// input is float itself.
template <class Params, class SumType = uint32_t>
struct Hybrid {
  using Sum = SumType;
  const Params& p;
  const float* bias;
  float in_scale;

  float operator()(Sum sum, int32_t channel) const {
    float accumulator;
    if constexpr (std::is_same_v<Sum, float>) {
      accumulator = sum;
    } else {
      accumulator = static_cast<float>(static_cast<int32_t>(sum));
    }
    const float y = accumulator * (in_scale * p.filter_scale[channel]);
    return clamp(bias != nullptr ? y + bias[channel] : y, p.float_min, p.float_max);
  }
};

}  // namespace octavo::reference
