#include "reference/normalize.h"

#include <limits>
#include <type_traits>

#include "base/fixed_exp.h"
#include "base/math.h"

namespace octavo::reference {
namespace {

template <class T>
void l2_normalization_8(const L2NormalizationParams& p, const T* in, T* out) {
  constexpr int32_t kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
  constexpr int kOutputShift = 7;
  for (int64_t row = 0; row < p.rows; ++row, in += p.depth, out += p.depth) {
    int32_t square = 0;
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t x = in[i] - p.in_zero;
      square = add_wrapping(square, x * x);
    }
    // The output's 2^7 steps are in the multiplier of int8, in the numbers of uint8.
    Multiplier inverse = inverse_sqrt(square);
    const int left = std::is_signed_v<T> ? 0 : kOutputShift;
    inverse.shift += kOutputShift - left;
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t x = shift_left(in[i] - p.in_zero, left);
      out[i] = static_cast<T>(requantize(x, inverse, kLow + 128, kLow, kHigh));
    }
  }
}

}  // namespace

void l2_normalization_f32(const L2NormalizationParams& p, const float* in, float* out) {
  for (int64_t row = 0; row < p.rows; ++row, in += p.depth, out += p.depth) {
    float square = 0;
    for (int32_t i = 0; i < p.depth; ++i) square += in[i] * in[i];
    const float norm = max(static_cast<float>(sqrt(square)), 1e-6f);
    for (int32_t i = 0; i < p.depth; ++i) out[i] = in[i] / norm;
  }
}
void l2_normalization_s8(const L2NormalizationParams& p, const int8_t* in, int8_t* out) {
  l2_normalization_8(p, in, out);
}
void l2_normalization_u8(const L2NormalizationParams& p, const uint8_t* in, uint8_t* out) {
  l2_normalization_8(p, in, out);
}

void local_response_f32(const LocalResponseParams& p, const float* in, float* out) {
  for (int64_t row = 0; row < p.rows; ++row, in += p.depth, out += p.depth) {
    for (int32_t i = 0; i < p.depth; ++i) {
      const auto begin = static_cast<int32_t>(max<int64_t>(0, int64_t{i} - p.radius));
      const auto end = static_cast<int32_t>(min<int64_t>(p.depth, int64_t{i} + p.radius));
      float square = 0;
      for (int32_t j = begin; j < end; ++j) square += in[j] * in[j];
      out[i] = p.bias + p.alpha * square;
    }
  }
}

}  // namespace octavo::reference
