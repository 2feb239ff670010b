// AVX-512: vectors of 16 floats.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "base/half.h"

namespace octavo::avx512vnni {
namespace {  // or its functions would be there for the linker to choose from

struct F {
  using Element = float;
  using Vec = __m512;
  using I32 = __m512i;
  static constexpr int kLanes = 16;
  // Of products of matrices: rows of a tile that is 1, 2, 3 and 4 vectors wide. 6 x 4 sums, 4
  // vectors of weights and one of the left matrix: 29 registers of 32.
  static constexpr int kRows[] = {8, 8, 8, 6};
  static constexpr int kPanelVectors = 4;

  static Vec load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(Vec x, float* p) { _mm512_storeu_ps(p, x); }
  // The first `count` elements, at least 0 and at most kLanes; the others are 0.
  static Vec load_part(const float* p, int64_t count) {
    return _mm512_maskz_loadu_ps(first_lanes(count), p);
  }
  static void store_part(Vec x, float* p, int64_t count) {
    _mm512_mask_storeu_ps(p, first_lanes(count), x);
  }
  static Vec load(const Half* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Vec load_part(const Half* p, int64_t count) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(count), p));
  }

  // Rounded to nearest, ties to even; of NaN no digits.
  static void store(Vec x, Half* p) {
    constexpr int kAndOr = 0b11101010;  // (first & second) | third
    const I32 sign = _mm512_set1_epi32(INT32_MIN), quiet = _mm512_set1_epi32(0x7fc00000);
    const I32 y = _mm512_mask_ternarylogic_epi32(
        _mm512_castps_si512(x), _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), sign, quiet, kAndOr);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(_mm512_castsi512_ps(y), _MM_FROUND_TO_NEAREST_INT));
  }

  // The first `count` elements of x, the others of `rest`.
  static Vec join(Vec x, Vec rest, int64_t count) {
    return _mm512_mask_blend_ps(first_lanes(count), rest, x);
  }

  static Vec set(float x) { return _mm512_set1_ps(x); }
  static Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
  static Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
  static Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
  // a / b but for a few units in the last place, where that takes less time: dividing waits less
  // than the five instructions that it would take.
  static Vec quotient(Vec a, Vec b) { return div(a, b); }
  // a * b + c, rounded once.
  static Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
  // Where one of both is NaN, or both are zeros: b.
  static Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
  static Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
  static Vec sqrt(Vec x) { return _mm512_sqrt_ps(x); }
  // 1 / sqrt(x) to 14 bits or so.
  static Vec inverse_root_estimate(Vec x) { return _mm512_rsqrt14_ps(x); }
  // x = m 2^n with m from sqrt(1/2) to sqrt(2), as a number; x is positive and normal.
  static Vec split(Vec x, Vec* n) {
    const I32 root_half = _mm512_set1_epi32(0x3f3504f3), bits = _mm512_castps_si512(x);
    const I32 exponent = _mm512_srai_epi32(_mm512_sub_epi32(bits, root_half), 23);
    *n = from_int(exponent);
    return _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(exponent, 23)));
  }
  static Vec floor(Vec x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  }
  static Vec abs(Vec x) { return _mm512_abs_ps(x); }
  // The magnitude of x with the sign of y.
  static Vec with_sign(Vec x, Vec y) {
    constexpr int kSecondWhereThird = 0b11011000;  // a bit of the second where the third has one
    return _mm512_castsi512_ps(
        _mm512_ternarylogic_epi32(_mm512_castps_si512(x), _mm512_castps_si512(y),
                                  _mm512_set1_epi32(INT32_MIN), kSecondWhereThird));
  }
  // x > limit ? a : b
  static Vec select_above(Vec x, Vec limit, Vec a, Vec b) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, limit, _CMP_GT_OQ), b, a);
  }
  static bool any_above(Vec x, Vec limit) { return _mm512_cmp_ps_mask(x, limit, _CMP_GT_OQ) != 0; }
  // How far x is from y, the integer that round_even gives; of any sign. Less where none holds it.
  static Vec distance(Vec x, I32) { return _mm512_reduce_ps(x, _MM_FROUND_TO_NEAREST_INT); }
  // The greater of two distances, positive.
  static Vec greater_distance(Vec a, Vec b) {
    constexpr int kMaxMagnitude = 0b1011;  // its sign cleared
    return _mm512_range_ps(a, b, kMaxMagnitude);
  }

  static I32 bits(Vec x) { return _mm512_castps_si512(x); }
  static Vec from_bits(I32 x) { return _mm512_castsi512_ps(x); }
  static Vec from_int(I32 x) { return _mm512_cvtepi32_ps(x); }
  // The nearest integers, halves to even; INT32_MIN for NaN and what no int32 holds.
  static I32 round_even(Vec x) { return _mm512_cvtps_epi32(x); }
  static I32 truncate(Vec x) { return _mm512_cvttps_epi32(x); }
  // Halves away from zero, where |x| <= 2^22: what is added is the float below 1/2.
  static I32 round_away(Vec x) {
    return _mm512_cvttps_epi32(_mm512_add_ps(x, with_sign(set(0x1.fffffep-2f), x)));
  }
  // x 2^n, n an integer.
  static Vec scale(Vec x, Vec n) { return _mm512_scalef_ps(x, n); }

  // The halves of a vector, as doubles, and back.
  static __m512d low_half(Vec x) { return _mm512_cvtps_pd(_mm512_castps512_ps256(x)); }
  static __m512d high_half(Vec x) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)); }
  static Vec from_halves(__m512d low, __m512d high) {
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)), _mm512_cvtpd_ps(high),
                              1);
  }

  static float sum(Vec x) { return _mm512_reduce_add_ps(x); }
  // No element is NaN.
  static float greatest(Vec x) { return _mm512_reduce_max_ps(x); }

 private:
  static __mmask16 first_lanes(int64_t count) {
    return static_cast<__mmask16>((uint32_t{1} << count) - 1);
  }
};

}  // namespace
}  // namespace octavo::avx512vnni
