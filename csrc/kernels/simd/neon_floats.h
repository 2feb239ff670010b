// NEON: vectors of 4 floats.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "base/half.h"

namespace octavo::neon {
namespace {  // or its functions would be there for the linker to choose from

struct F {
  using Element = float;
  using Vec = float32x4_t;
  using I32 = int32x4_t;
  static constexpr int kLanes = 4;
  // Of products of matrices: rows of a tile that is 1, 2, 3 and 4 vectors wide. 5 x 4 sums, 4
  // vectors of weights and 5 elements of the left matrix, all loaded before they are used: 29
  // registers of 32. A multiplication takes its element as one lane of a vector.
  static constexpr int kRows[] = {8, 8, 7, 5};
  static constexpr int kPanelVectors = 4;

  static Vec load(const float* p) { return vld1q_f32(p); }
  static void store(Vec x, float* p) { vst1q_f32(p, x); }
  // The first `count` elements, at least 0 and at most kLanes; the others are 0.
  static Vec load_part(const float* p, int64_t count) {
    float elements[kLanes] = {};
    memcpy(elements, p, static_cast<size_t>(count) * sizeof(float));
    return load(elements);
  }
  static void store_part(Vec x, float* p, int64_t count) {
    float elements[kLanes];
    store(x, elements);
    memcpy(p, elements, static_cast<size_t>(count) * sizeof(float));
  }
  static Vec load(const Half* p) {
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(reinterpret_cast<const uint8_t*>(p))));
  }
  static Vec load_part(const Half* p, int64_t count) {
    Half elements[kLanes] = {};
    memcpy(elements, p, static_cast<size_t>(count) * sizeof(Half));
    return load(elements);
  }

  // Rounded to nearest, ties to even; of NaN no digits.
  static void store(Vec x, Half* p) {
    const Vec nan = with_sign(vreinterpretq_f32_u32(vdupq_n_u32(0x7fc00000)), x);
    const Vec y = vbslq_f32(vceqq_f32(x, x), x, nan);
    vst1_u16(&p->bits, vreinterpret_u16_f16(vcvt_f16_f32(y)));
  }

  // The first `count` elements of x, the others of `rest`.
  static Vec join(Vec x, Vec rest, int64_t count) {
    const int32_t numbers[kLanes] = {0, 1, 2, 3};
    const I32 end = vdupq_n_s32(static_cast<int32_t>(count));
    return vbslq_f32(vcltq_s32(vld1q_s32(numbers), end), x, rest);
  }

  static Vec set(float x) { return vdupq_n_f32(x); }
  static Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
  static Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
  static Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
  static Vec div(Vec a, Vec b) { return vdivq_f32(a, b); }
  // a / b but for a few units in the last place, where that takes less time.
  static Vec quotient(Vec a, Vec b) { return div(a, b); }
  // a * b + c, rounded once.
  static Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
  // Where one of both is NaN, or both are zeros: b.
  static Vec min(Vec a, Vec b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
  static Vec max(Vec a, Vec b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static Vec sqrt(Vec x) { return vsqrtq_f32(x); }
  // 1 / sqrt(x) to 16 bits or so.
  static Vec inverse_root_estimate(Vec x) {
    const Vec r = vrsqrteq_f32(x);  // 8 bits
    return vmulq_f32(r, vrsqrtsq_f32(vmulq_f32(x, r), r));
  }
  // x = m 2^n with m from sqrt(1/2) to sqrt(2), as a number; x is positive and normal.
  static Vec split(Vec x, Vec* n) {
    const I32 bits = vreinterpretq_s32_f32(x);
    const I32 exponent = vshrq_n_s32(vsubq_s32(bits, vdupq_n_s32(0x3f3504f3)), 23);
    *n = from_int(exponent);
    return vreinterpretq_f32_s32(vsubq_s32(bits, vshlq_n_s32(exponent, 23)));
  }
  static Vec floor(Vec x) { return vrndmq_f32(x); }
  static Vec abs(Vec x) { return vabsq_f32(x); }
  // The magnitude of x with the sign of y.
  static Vec with_sign(Vec x, Vec y) { return vbslq_f32(vdupq_n_u32(0x80000000), y, x); }
  // x > limit ? a : b
  static Vec select_above(Vec x, Vec limit, Vec a, Vec b) {
    return vbslq_f32(vcgtq_f32(x, limit), a, b);
  }
  static bool any_above(Vec x, Vec limit) { return vmaxvq_u32(vcgtq_f32(x, limit)) != 0; }
  // How far x is from y, the integer that round_even gives; of any sign.
  static Vec distance(Vec x, I32 y) { return vabdq_f32(x, from_int(y)); }
  // The greater of two distances, positive.
  static Vec greater_distance(Vec a, Vec b) { return vmaxq_f32(a, b); }

  static I32 bits(Vec x) { return vreinterpretq_s32_f32(x); }
  static Vec from_bits(I32 x) { return vreinterpretq_f32_s32(x); }
  static Vec from_int(I32 x) { return vcvtq_f32_s32(x); }
  // The nearest integers, halves to even, that int32 holds; INT32_MIN for NaN.
  static I32 round_even(Vec x) {
    return vbslq_s32(vceqq_f32(x, x), vcvtnq_s32_f32(x), vdupq_n_s32(INT32_MIN));
  }
  static I32 truncate(Vec x) { return vcvtq_s32_f32(x); }
  // Halves away from zero.
  static I32 round_away(Vec x) { return vcvtaq_s32_f32(x); }
  // x 2^n, n an integer, |n| <= 250. In two factors: 2^n alone may be no float.
  static Vec scale(Vec x, Vec n) {
    const I32 whole = truncate(n), half = vshrq_n_s32(whole, 1);
    return mul(mul(x, power_of_two(half)), power_of_two(vsubq_s32(whole, half)));
  }

  // The halves of a vector, as doubles, and back.
  static float64x2_t low_half(Vec x) { return vcvt_f64_f32(vget_low_f32(x)); }
  static float64x2_t high_half(Vec x) { return vcvt_high_f64_f32(x); }
  static Vec from_halves(float64x2_t low, float64x2_t high) {
    return vcvt_high_f32_f64(vcvt_f32_f64(low), high);
  }

  static float sum(Vec x) { return vaddvq_f32(x); }
  // No element is NaN.
  static float greatest(Vec x) { return vmaxvq_f32(x); }

 private:
  static Vec power_of_two(I32 n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
  }
};

}  // namespace
}  // namespace octavo::neon
