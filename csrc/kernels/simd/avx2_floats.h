// AVX2 with FMA and F16C: vectors of 8 floats.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "base/half.h"

namespace octavo::avx2 {
namespace {  // or its functions would be there for the linker to choose from

struct F {
  using Element = float;
  using Vec = __m256;
  using I32 = __m256i;
  static constexpr int kLanes = 8;
  // Of products of matrices: rows of a tile that is 1 and 2 vectors wide. 6 x 2 sums, 2 vectors of
  // weights and one of the left matrix: 15 registers of 16.
  static constexpr int kRows[] = {8, 6};
  static constexpr int kPanelVectors = 2;

  static Vec load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(Vec x, float* p) { _mm256_storeu_ps(p, x); }
  // The first `count` elements, at least 0 and at most kLanes; the others are 0.
  static Vec load_part(const float* p, int64_t count) {
    return _mm256_maskload_ps(p, first_lanes(count));
  }
  static void store_part(Vec x, float* p, int64_t count) {
    _mm256_maskstore_ps(p, first_lanes(count), x);
  }
  static Vec load(const Half* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Vec load_part(const Half* p, int64_t count) {
    Half elements[kLanes] = {};
    memcpy(elements, p, static_cast<size_t>(count) * sizeof(Half));
    return load(elements);
  }

  // Rounded to nearest, ties to even; of NaN no digits.
  static void store(Vec x, Half* p) {
    const Vec nan = with_sign(_mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000)), x);
    const Vec y = _mm256_blendv_ps(x, nan, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(y, _MM_FROUND_TO_NEAREST_INT));
  }

  // The first `count` elements of x, the others of `rest`.
  static Vec join(Vec x, Vec rest, int64_t count) {
    return _mm256_blendv_ps(rest, x, _mm256_castsi256_ps(first_lanes(count)));
  }

  static Vec set(float x) { return _mm256_set1_ps(x); }
  static Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
  static Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
  static Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
  // a / b but for a few units in the last place, in a third of the time; b and 1 / b are normal.
  static Vec quotient(Vec a, Vec b) {
    const Vec inverse = _mm256_rcp_ps(b);  // 12 bits
    const Vec q = mul(a, inverse);
    return fma(_mm256_fnmadd_ps(q, b, a), inverse, q);
  }
  // a * b + c, rounded once.
  static Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
  // Where one of both is NaN, or both are zeros: b.
  static Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
  static Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
  static Vec sqrt(Vec x) { return _mm256_sqrt_ps(x); }
  // 1 / sqrt(x) to 12 bits or so.
  static Vec inverse_root_estimate(Vec x) { return _mm256_rsqrt_ps(x); }
  // x = m 2^n with m from sqrt(1/2) to sqrt(2), as a number; x is positive and normal.
  static Vec split(Vec x, Vec* n) {
    const I32 root_half = _mm256_set1_epi32(0x3f3504f3), bits = _mm256_castps_si256(x);
    const I32 exponent = _mm256_srai_epi32(_mm256_sub_epi32(bits, root_half), 23);
    *n = from_int(exponent);
    return _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(exponent, 23)));
  }
  static Vec floor(Vec x) { return _mm256_floor_ps(x); }
  static Vec abs(Vec x) { return _mm256_andnot_ps(set(-0.0f), x); }
  // The magnitude of x with the sign of y.
  static Vec with_sign(Vec x, Vec y) {
    const Vec sign = set(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(sign, x), _mm256_and_ps(sign, y));
  }
  // x > limit ? a : b
  static Vec select_above(Vec x, Vec limit, Vec a, Vec b) {
    return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, limit, _CMP_GT_OQ));
  }
  static bool any_above(Vec x, Vec limit) {
    return _mm256_movemask_ps(_mm256_cmp_ps(x, limit, _CMP_GT_OQ)) != 0;
  }
  // How far x is from y, the integer that round_even gives; of any sign.
  static Vec distance(Vec x, I32 y) { return abs(_mm256_sub_ps(x, from_int(y))); }
  // The greater of two distances, positive.
  static Vec greater_distance(Vec a, Vec b) { return _mm256_max_ps(a, b); }

  static I32 bits(Vec x) { return _mm256_castps_si256(x); }
  static Vec from_bits(I32 x) { return _mm256_castsi256_ps(x); }
  static Vec from_int(I32 x) { return _mm256_cvtepi32_ps(x); }
  // The nearest integers, halves to even; INT32_MIN for NaN and what no int32 holds.
  static I32 round_even(Vec x) { return _mm256_cvtps_epi32(x); }
  static I32 truncate(Vec x) { return _mm256_cvttps_epi32(x); }
  // Halves away from zero, where |x| <= 2^22: what is added is the float below 1/2.
  static I32 round_away(Vec x) {
    return _mm256_cvttps_epi32(_mm256_add_ps(x, with_sign(set(0x1.fffffep-2f), x)));
  }
  // x 2^n, n an integer, |n| <= 250. In two factors: 2^n alone may be no float.
  static Vec scale(Vec x, Vec n) {
    const I32 whole = round_even(n), half = _mm256_srai_epi32(whole, 1);
    return mul(mul(x, power_of_two(half)), power_of_two(_mm256_sub_epi32(whole, half)));
  }

  // The halves of a vector, as doubles, and back.
  static __m256d low_half(Vec x) { return _mm256_cvtps_pd(_mm256_castps256_ps128(x)); }
  static __m256d high_half(Vec x) { return _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)); }
  static Vec from_halves(__m256d low, __m256d high) {
    return _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low));
  }

  static float sum(Vec x) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  // No element is NaN.
  static float greatest(Vec x) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }

 private:
  static I32 first_lanes(int64_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Vec power_of_two(I32 n) {
    const I32 exponent = _mm256_add_epi32(n, _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
  }
};

}  // namespace
}  // namespace octavo::avx2
