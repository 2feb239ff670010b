#include "reference/quantize.h"

#include <limits>

#include "base/int4.h"

namespace octavo::reference {
namespace {

// Calls f(i, c) for every element i and its channel c.
template <class F>
void for_each_element(const AffineParams& p, F f) {
  int64_t i = 0;
  for (int64_t outer = 0; outer < p.outer; ++outer) {
    for (int64_t c = 0; c < p.channels; ++c) {
      for (const int64_t end = i + p.inner; i < end; ++i) f(i, c);
    }
  }
}

template <class T>
void quantize_to(const AffineParams& p, const float* in, T* out) {
  using Limits = std::numeric_limits<T>;
  for_each_element(p, [&](int64_t i, int64_t c) {
    out[i] =
        static_cast<T>(quantize(in[i] / p.scale[c], p.zero_point[c], Limits::min(), Limits::max()));
  });
}

template <class T>
void dequantize_from(const AffineParams& p, const T* in, float* out) {
  for_each_element(p, [&](int64_t i, int64_t c) {
    out[i] = p.scale[c] * static_cast<float>(sub_wrapping(in[i], p.zero_point[c]));
  });
}

template <class In, class Out>
void requantize_to(const RequantizeParams& params, const In* in, Out* out) {
  const RequantizeParams p = params;  // a copy, which `out` cannot alias
  for (int64_t i = 0; i < p.count; ++i) {
    const int32_t x = sub_wrapping(in[i], p.in_zero);
    out[i] = static_cast<Out>(requantize(x, p.multiplier, p.out_zero, p.low, p.high));
  }
}

}  // namespace

void quantize_s8(const AffineParams& p, const float* in, int8_t* out) { quantize_to(p, in, out); }
void quantize_u8(const AffineParams& p, const float* in, uint8_t* out) { quantize_to(p, in, out); }
void quantize_s16(const AffineParams& p, const float* in, int16_t* out) { quantize_to(p, in, out); }

void dequantize_s4(const AffineParams& p, const uint8_t* in, float* out) {
  for_each_element(p, [&](int64_t i, int64_t c) {
    out[i] = p.scale[c] * static_cast<float>(int4_at(in, i) - p.zero_point[c]);
  });
}
void unpack_s4(int64_t count, const uint8_t* in, int8_t* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = int4_at(in, i);
}

void dequantize_s8(const AffineParams& p, const int8_t* in, float* out) {
  dequantize_from(p, in, out);
}
void dequantize_u8(const AffineParams& p, const uint8_t* in, float* out) {
  dequantize_from(p, in, out);
}
void dequantize_s16(const AffineParams& p, const int16_t* in, float* out) {
  dequantize_from(p, in, out);
}
void dequantize_f16(int64_t count, const Half* in, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = to_float(in[i]);
}

void requantize_s8(const RequantizeParams& p, const int8_t* in, int8_t* out) {
  requantize_to(p, in, out);
}
void requantize_s8_u8(const RequantizeParams& p, const int8_t* in, uint8_t* out) {
  requantize_to(p, in, out);
}
void requantize_u8(const RequantizeParams& p, const uint8_t* in, uint8_t* out) {
  requantize_to(p, in, out);
}
void requantize_u8_s8(const RequantizeParams& p, const uint8_t* in, int8_t* out) {
  requantize_to(p, in, out);
}
void requantize_s16(const RequantizeParams& p, const int16_t* in, int16_t* out) {
  requantize_to(p, in, out);
}
void requantize_s16_s8(const RequantizeParams& p, const int16_t* in, int8_t* out) {
  requantize_to(p, in, out);
}
void requantize_s16_s32(const RequantizeParams& p, const int16_t* in, int32_t* out) {
  requantize_to(p, in, out);
}
void requantize_s32_s8(const RequantizeParams& p, const int32_t* in, int8_t* out) {
  requantize_to(p, in, out);
}
void requantize_s32_s16(const RequantizeParams& p, const int32_t* in, int16_t* out) {
  requantize_to(p, in, out);
}

}  // namespace octavo::reference
