#include "reference/binary.h"

#include <type_traits>

#include "base/math.h"

namespace octavo::reference {
namespace {

// Where arithmetic of T wraps: small types are promoted to int by the language, so 32 bits at
// least.
template <class T>
using Wrapping = std::conditional_t<std::is_floating_point_v<T>, T,
                                    std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>>;

template <class T, class Op>
void plain(const PlainBinaryParams<T>& p, const T* a, const T* b, T* out, Op op) {
  using W = Wrapping<T>;
  const T low = p.act_min, high = p.act_max;
  for_each_broadcast(p.broadcast, a, b, out, [=](T x, T y) {
    return clamp(static_cast<T>(op(static_cast<W>(x), static_cast<W>(y))), low, high);
  });
}

// Clamped after it is rounded.
template <class Op>
void plain_half(const PlainBinaryParams<float>& p, const Half* a, const Half* b, Half* out, Op op) {
  const float low = p.act_min, high = p.act_max;
  for_each_broadcast(p.broadcast, a, b, out, [=](Half x, Half y) {
    return to_half(clamp(to_float(to_half(op(to_float(x), to_float(y)))), low, high));
  });
}

constexpr auto kSum = [](auto x, auto y) { return x + y; };
constexpr auto kDifference = [](auto x, auto y) { return x - y; };
constexpr auto kProduct = [](auto x, auto y) { return x * y; };
constexpr auto kGreater = [](auto x, auto y) { return x > y ? x : y; };
constexpr auto kSmaller = [](auto x, auto y) { return x < y ? x : y; };

template <class T, class Op>
void scaled(const ScaledSumParams& params, const T* a, const T* b, T* out, Op op) {
  const ScaledSumParams p = params;  // a copy, which `out` cannot alias
  for_each_broadcast(params.broadcast, a, b, out, [=](T x, T y) {
    const int32_t u = requantize(shift_left(x - p.a_zero, p.left_shift), p.a_scale);
    const int32_t v = requantize(shift_left(y - p.b_zero, p.left_shift), p.b_scale);
    return static_cast<T>(requantize(op(u, v), p.out_scale, p.out_zero, p.act_min, p.act_max));
  });
}

template <class T>
void real_sum(const RealSumParams& params, const T* a, const T* b, T* out) {
  const RealSumParams p = params;
  for_each_broadcast(params.broadcast, a, b, out, [=](T x, T y) {
    const double sum = p.a_factor * (x - p.a_zero) + p.b_factor * (y - p.b_zero);
    return static_cast<T>(quantize(sum, p.out_zero, p.act_min, p.act_max));
  });
}

template <class Op>
void shifted(const ShiftedSumParams& p, const int16_t* a, const int16_t* b, int16_t* out, Op op) {
  const int32_t a_right = p.a_right, b_right = p.b_right, low = p.act_min, high = p.act_max;
  for_each_broadcast(p.broadcast, a, b, out, [=](int16_t x, int16_t y) {
    return static_cast<int16_t>(clamp(op(rdbp(x, a_right), rdbp(y, b_right)), low, high));
  });
}

template <class T>
void scaled_product(const ScaledProductParams& params, const T* a, const T* b, T* out) {
  const ScaledProductParams p = params;
  for_each_broadcast(params.broadcast, a, b, out, [=](T x, T y) {
    const int32_t product = (x - p.a_zero) * (y - p.b_zero);
    return static_cast<T>(requantize(product, p.multiplier, p.out_zero, p.act_min, p.act_max));
  });
}

}  // namespace

#define PLAIN(name, type, op)                                                            \
  void name(const PlainBinaryParams<type>& p, const type* a, const type* b, type* out) { \
    plain(p, a, b, out, op);                                                             \
  }
PLAIN(add_f32, float, kSum)
PLAIN(add_plain_s16, int16_t, kSum)
PLAIN(add_s32, int32_t, kSum)
PLAIN(add_s64, int64_t, kSum)
PLAIN(mul_f32, float, kProduct)
PLAIN(mul_plain_s16, int16_t, kProduct)
PLAIN(mul_s32, int32_t, kProduct)
PLAIN(mul_s64, int64_t, kProduct)
PLAIN(mul_u32, uint32_t, kProduct)
PLAIN(sub_f32, float, kDifference)
PLAIN(sub_plain_s16, int16_t, kDifference)
PLAIN(sub_s32, int32_t, kDifference)
PLAIN(sub_s64, int64_t, kDifference)
#undef PLAIN

void add_f16(const PlainBinaryParams<float>& p, const Half* a, const Half* b, Half* out) {
  plain_half(p, a, b, out, kSum);
}
void mul_f16(const PlainBinaryParams<float>& p, const Half* a, const Half* b, Half* out) {
  plain_half(p, a, b, out, kProduct);
}
void mul_c64(const Broadcast& p, const Complex64* a, const Complex64* b, Complex64* out) {
  for_each_broadcast(p, a, b, out, [](Complex64 x, Complex64 y) {
    return Complex64{x.real * y.real - x.imaginary * y.imaginary,
                     x.real * y.imaginary + x.imaginary * y.real};
  });
}

#define SCALED(name, type, op)                                                   \
  void name(const ScaledSumParams& p, const type* a, const type* b, type* out) { \
    scaled(p, a, b, out, op);                                                    \
  }
SCALED(add_s8, int8_t, kSum)
SCALED(add_u8, uint8_t, kSum)
SCALED(add_s16, int16_t, kSum)
SCALED(sub_s8, int8_t, kDifference)
SCALED(sub_u8, uint8_t, kDifference)
SCALED(sub_s16, int16_t, kDifference)
#undef SCALED

void real_sum_s8(const RealSumParams& p, const int8_t* a, const int8_t* b, int8_t* out) {
  real_sum(p, a, b, out);
}
void real_sum_u8(const RealSumParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out) {
  real_sum(p, a, b, out);
}
void real_sum_s16(const RealSumParams& p, const int16_t* a, const int16_t* b, int16_t* out) {
  real_sum(p, a, b, out);
}

void add_shifted_s16(const ShiftedSumParams& p, const int16_t* a, const int16_t* b, int16_t* out) {
  shifted(p, a, b, out, kSum);
}
void sub_shifted_s16(const ShiftedSumParams& p, const int16_t* a, const int16_t* b, int16_t* out) {
  shifted(p, a, b, out, kDifference);
}

void mul_s8(const ScaledProductParams& p, const int8_t* a, const int8_t* b, int8_t* out) {
  scaled_product(p, a, b, out);
}
void mul_u8(const ScaledProductParams& p, const uint8_t* a, const uint8_t* b, uint8_t* out) {
  scaled_product(p, a, b, out);
}
void mul_s16(const ScaledProductParams& p, const int16_t* a, const int16_t* b, int16_t* out) {
  scaled_product(p, a, b, out);
}

#define EXTREME(name, type, sign)                                                            \
  void name(const Broadcast& p, const type* a, const type* b, type* out) {                   \
    for_each_broadcast(p, a, b, out,                                                         \
                       [](type x, type y) { return to_float(x) sign to_float(y) ? x : y; }); \
  }
EXTREME(maximum_f16, Half, >)
EXTREME(minimum_f16, Half, <)
EXTREME(maximum_bf16, BFloat16, >)
EXTREME(minimum_bf16, BFloat16, <)
#undef EXTREME

#define EXTREME(name, type, op)                                            \
  void name(const Broadcast& p, const type* a, const type* b, type* out) { \
    for_each_broadcast(p, a, b, out, op);                                  \
  }
EXTREME(maximum_f32, float, kGreater)
EXTREME(maximum_s8, int8_t, kGreater)
EXTREME(maximum_u8, uint8_t, kGreater)
EXTREME(maximum_s16, int16_t, kGreater)
EXTREME(maximum_s32, int32_t, kGreater)
EXTREME(maximum_s64, int64_t, kGreater)
EXTREME(minimum_f32, float, kSmaller)
EXTREME(minimum_s8, int8_t, kSmaller)
EXTREME(minimum_u8, uint8_t, kSmaller)
EXTREME(minimum_s16, int16_t, kSmaller)
EXTREME(minimum_s32, int32_t, kSmaller)
EXTREME(minimum_s64, int64_t, kSmaller)
#undef EXTREME

}  // namespace octavo::reference
