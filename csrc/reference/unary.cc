#include "reference/unary.h"

#include <cstring>
#include <limits>
#include <type_traits>

#include "base/fixed_exp.h"
#include "base/math.h"

namespace octavo::reference {
namespace {

template <class T, class Function>
void map(int64_t count, const T* in, T* out, Function function) {
  for (int64_t i = 0; i < count; ++i) out[i] = function(in[i]);
}

template <class T>
T negated(T x) {
  if constexpr (std::is_integral_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<T>(Unsigned{0} - static_cast<Unsigned>(x));
  } else {
    return -x;
  }
}

template <class T>
T magnitude(T x) {
  return x < 0 ? negated(x) : x;
}

template <class T>
T sign(T x) {
  return x > 0 ? T{1} : (x < 0 ? T{-1} : x);
}

// A step of arithmetic in float16.
float rounded(float x) { return to_float(to_half(x)); }

template <class T>
void quantized_abs(const AbsParams& params, const T* in, T* out) {
  const AbsParams p = params;  // a copy, which `out` cannot alias
  using Limits = std::numeric_limits<T>;
  map(p.count, in, out, [=](T q) {
    const int32_t x = magnitude<int32_t>(q - p.in_zero);
    const int32_t y = p.rescales ? requantize(x, p.multiplier) : x;
    return static_cast<T>(
        clamp<int32_t>(add_wrapping(y, p.out_zero), Limits::min(), Limits::max()));
  });
}

}  // namespace

float cos_real(float x) { return static_cast<float>(cos(x)); }
float elu_real(float x) { return x < 0 ? static_cast<float>(expm1(x)) : x; }
float exp_real(float x) { return static_cast<float>(exp(x)); }
float floor_real(float x) { return static_cast<float>(floor(x)); }
float gelu_erf_real(float x) {
  constexpr float kMinusRootHalf = -0.707106769f;
  return 0.5f * x * static_cast<float>(erfc(x * kMinusRootHalf));
}
float gelu_tanh_real(float x) {
  constexpr float kRootTwoOverPi = 0.797884583f;
  const float t = static_cast<float>(tanh(kRootTwoOverPi * (x + 0.044715f * x * x * x)));
  return 0.5f * x * (1.0f + t);
}
float log_real(float x) { return static_cast<float>(log(x)); }
float round_real(float x) {
  const auto y = static_cast<float>(round_even(x));
  return y == 0 && x < 0 ? -0.0f : y;
}
float rsqrt_real(float x) { return 1.0f / sqrt_real(x); }
float sin_real(float x) { return static_cast<float>(sin(x)); }
float sqrt_real(float x) { return static_cast<float>(sqrt(x)); }
float tanh_real(float x) { return static_cast<float>(tanh(x)); }

#define MAP(name) \
  void name##_f32(int64_t count, const float* in, float* out) { map(count, in, out, &name##_real); }
MAP(cos)
MAP(elu)
MAP(exp)
MAP(gelu_erf)
MAP(gelu_tanh)
MAP(log)
MAP(round)
MAP(rsqrt)
MAP(sin)
MAP(sqrt)
#undef MAP

void abs_f32(int64_t count, const float* in, float* out) {
  map(count, in, out, [](float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    bits &= 0x7fffffff;
    memcpy(&x, &bits, sizeof(bits));
    return x;
  });
}
void abs_plain_s16(int64_t count, const int16_t* in, int16_t* out) {
  map(count, in, out, &magnitude<int16_t>);
}
void abs_s32(int64_t count, const int32_t* in, int32_t* out) {
  map(count, in, out, &magnitude<int32_t>);
}

void ceil_f32(int64_t count, const float* in, float* out) {
  map(count, in, out, [](float x) { return static_cast<float>(-floor(-x)); });
}

void logical_not(int64_t count, const uint8_t* in, uint8_t* out) {
  map(count, in, out, [](uint8_t x) { return static_cast<uint8_t>(x == 0); });
}

void neg_f32(int64_t count, const float* in, float* out) { map(count, in, out, &negated<float>); }
void neg_16(int64_t count, const uint16_t* in, uint16_t* out) {
  map(count, in, out, [](uint16_t x) { return static_cast<uint16_t>(x ^ 0x8000); });
}
void neg_s8(int64_t count, const int8_t* in, int8_t* out) { map(count, in, out, &negated<int8_t>); }
void neg_s16(int64_t count, const int16_t* in, int16_t* out) {
  map(count, in, out, &negated<int16_t>);
}
void neg_s32(int64_t count, const int32_t* in, int32_t* out) {
  map(count, in, out, &negated<int32_t>);
}
void neg_s64(int64_t count, const int64_t* in, int64_t* out) {
  map(count, in, out, &negated<int64_t>);
}

void sign_f32(int64_t count, const float* in, float* out) { map(count, in, out, &sign<float>); }
void sign_f64(int64_t count, const double* in, double* out) { map(count, in, out, &sign<double>); }
void sign_s32(int64_t count, const int32_t* in, int32_t* out) {
  map(count, in, out, &sign<int32_t>);
}

void square_f32(int64_t count, const float* in, float* out) {
  map(count, in, out, [](float x) { return x * x; });
}

void gelu_erf_f16(int64_t count, const Half* in, Half* out) {
  map(count, in, out, [](Half h) {
    const float x = to_float(h);
    const float tail = rounded(static_cast<float>(erfc(rounded(x * rounded(-0.707106769f)))));
    return to_half(rounded(0.5f * x) * tail);
  });
}
void gelu_tanh_f16(int64_t count, const Half* in, Half* out) {
  map(count, in, out, [](Half h) {
    const float x = to_float(h), cube = rounded(rounded(x * x) * x);
    const float inner = rounded(x + rounded(rounded(0.044715f) * cube));
    const float t = rounded(static_cast<float>(tanh(rounded(rounded(0.797884583f) * inner))));
    return to_half(rounded(0.5f * x) * rounded(1 + t));
  });
}

void abs_s8(const AbsParams& p, const int8_t* in, int8_t* out) { quantized_abs(p, in, out); }
void abs_s16(const AbsParams& p, const int16_t* in, int16_t* out) { quantized_abs(p, in, out); }

int8_t rsqrt_s8(const RsqrtParams& p, int32_t q) {
  using Limits = std::numeric_limits<int8_t>;
  constexpr int32_t kFraction = 20;
  const int32_t x = q - p.in_zero;
  if (x == 0) return Limits::max();
  Multiplier root = inverse_sqrt(x);
  root.shift += kFraction;
  const int32_t y = requantize(1, root);
  const Multiplier k = {p.multiplier.m, max(p.multiplier.shift - kFraction, -31)};
  return static_cast<int8_t>(requantize(y, k, p.out_zero, Limits::min(), Limits::max()));
}

int32_t quantized_sqrt(const SqrtParams& p, int32_t q) {
  const float x = p.in_scale * static_cast<float>(q - p.in_zero);
  const double y = floor(sqrt_real(x) / p.out_scale);
  return static_cast<int32_t>(min<double>(y + p.out_zero, p.high));
}
void sqrt_s16(const SqrtParams& p, int64_t count, const int16_t* in, int16_t* out) {
  map(count, in, out, [&](int16_t q) { return static_cast<int16_t>(quantized_sqrt(p, q)); });
}

}  // namespace octavo::reference
