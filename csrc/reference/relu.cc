#include "reference/relu.h"

#include <limits>

#include "base/math.h"

namespace octavo::reference {
namespace {

template <class T>
T saturate(int32_t x) {
  constexpr int32_t kMin = std::numeric_limits<T>::min(), kMax = std::numeric_limits<T>::max();
  return static_cast<T>(clamp(x, kMin, kMax));
}

template <class T>
void leaky_relu(const LeakyReluParams& params, const T* in, T* out) {
  const LeakyReluParams p = params;  // a copy, which `out` cannot alias
  for (int64_t i = 0; i < p.count; ++i) {
    const int32_t x = in[i] - p.in_zero;
    const int32_t y = requantize(x, x >= 0 ? p.identity : p.alpha);
    const bool negated = x < 0 && p.alpha_is_negative;
    out[i] = saturate<T>(negated ? sub_wrapping(p.out_zero, y) : add_wrapping(p.out_zero, y));
  }
}

template <class T>
void prelu(const PreluParams& params, const T* in, const T* alpha, T* out) {
  const PreluParams p = params;
  for_each_broadcast(params.broadcast, in, alpha, out, [=](T value, T slope) {
    const int32_t x = value - p.in_zero;
    const int32_t y =
        x >= 0 ? requantize(x, p.identity) : requantize(x * (slope - p.alpha_zero), p.alpha);
    return saturate<T>(add_wrapping(y, p.out_zero));
  });
}

}  // namespace

void relu_f32(const ReluF32Params& p, const float* in, float* out) {
  for (int64_t i = 0; i < p.count; ++i) out[i] = clamp(in[i], p.low, p.high);
}

void leaky_relu_f32(const LeakyReluF32Params& p, const float* in, float* out) {
  const float alpha = p.alpha;
  for (int64_t i = 0; i < p.count; ++i) out[i] = in[i] > 0 ? in[i] : in[i] * alpha;
}
void leaky_relu_s8(const LeakyReluParams& p, const int8_t* in, int8_t* out) {
  leaky_relu(p, in, out);
}
void leaky_relu_u8(const LeakyReluParams& p, const uint8_t* in, uint8_t* out) {
  leaky_relu(p, in, out);
}
void leaky_relu_s16(const LeakyReluParams& p, const int16_t* in, int16_t* out) {
  leaky_relu(p, in, out);
}

void prelu_f32(const Broadcast& p, const float* in, const float* alpha, float* out) {
  for_each_broadcast(p, in, alpha, out, [](float x, float a) { return x >= 0 ? x : x * a; });
}
void prelu_s8(const PreluParams& p, const int8_t* in, const int8_t* alpha, int8_t* out) {
  prelu(p, in, alpha, out);
}
void prelu_s16(const PreluParams& p, const int16_t* in, const int16_t* alpha, int16_t* out) {
  prelu(p, in, alpha, out);
}
void prelu_u8(const PreluParams& p, const uint8_t* in, const uint8_t* alpha, uint8_t* out) {
  prelu(p, in, alpha, out);
}

}  // namespace octavo::reference
