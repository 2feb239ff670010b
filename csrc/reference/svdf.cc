#include "reference/svdf.h"

#include <cstring>
#include <limits>

#include "base/math.h"

namespace octavo::reference {
namespace {

template <class T, class Feature, class Convert>
void remember(const SvdfParams& p, const Feature* features, T* state, const Convert& convert) {
  const int64_t count = int64_t{p.batch} * p.filters;
  for (int64_t i = 0; i < count; ++i, state += p.memory) {
    memmove(state, state + 1, static_cast<size_t>(p.memory - 1) * sizeof(T));
    state[p.memory - 1] = convert(features[i]);
  }
}

template <class T>
void remember_sums(const SvdfParams& p, const int32_t* features, T* state) {
  remember(p, features, state, [&](int32_t sum) {
    return static_cast<T>(requantize(sum, p.feature_scale, p.state_zero,
                                     std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  });
}

// Sums of units in uint32_t, which may wrap, or float.
template <class Sum, class T, class Finish>
void sum_units(const SvdfParams& p, const T* state, const T* weights, const Finish& finish) {
  const int32_t units = p.filters / p.rank;
  const int64_t terms = int64_t{p.rank} * p.memory;
  for (int32_t b = 0; b < p.batch; ++b) {
    for (int32_t u = 0; u < units; ++u) {
      const T *x = state + (int64_t{b} * units + u) * terms, *w = weights + u * terms;
      Sum sum = 0;
      for (int32_t r = 0; r < p.rank; ++r, x += p.memory, w += p.memory) {
        Sum filter = 0;
        for (int32_t m = 0; m < p.memory; ++m) {
          if constexpr (std::is_same_v<Sum, float>) {
            filter += x[m] * w[m];
          } else {
            filter += static_cast<Sum>((x[m] - p.state_zero) * w[m]);
          }
        }
        sum += filter;
      }
      finish(int64_t{b} * units + u, u, sum);
    }
  }
}

template <class T>
void sum_integers(const SvdfParams& p, const T* state, const T* weights, const int32_t* bias,
                  int8_t* out) {
  sum_units<uint32_t>(p, state, weights, [&](int64_t i, int32_t unit, uint32_t sum) {
    if (bias != nullptr) sum += static_cast<uint32_t>(bias[unit]);
    out[i] = static_cast<int8_t>(
        requantize(static_cast<int32_t>(sum), p.output_scale, p.output_zero, -128, 127));
  });
}

}  // namespace

void svdf_remember_f32(const SvdfParams& p, const float* features, float* state) {
  remember(p, features, state, [](float x) { return x; });
}

void svdf_remember_s8(const SvdfParams& p, const int32_t* features, int8_t* state) {
  remember_sums(p, features, state);
}

void svdf_remember_s16(const SvdfParams& p, const int32_t* features, int16_t* state) {
  remember_sums(p, features, state);
}

void svdf_f32(const SvdfParams& p, const float* state, const float* weights, const float* bias,
              float* out) {
  sum_units<float>(p, state, weights, [&](int64_t i, int32_t unit, float sum) {
    out[i] = bias != nullptr ? sum + bias[unit] : sum;
  });
}

void svdf_s8(const SvdfParams& p, const int8_t* state, const int8_t* weights, const int32_t* bias,
             int8_t* out) {
  sum_integers(p, state, weights, bias, out);
}

void svdf_s16(const SvdfParams& p, const int16_t* state, const int16_t* weights,
              const int32_t* bias, int8_t* out) {
  sum_integers(p, state, weights, bias, out);
}

}  // namespace octavo::reference
