// AVX-512 with VNNI: 16 lanes of int32; a dot instruction adds four products of uint8 by int8 to
// each.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "kernels/gemm.h"
#include "kernels/simd/compiler.h"

namespace octavo::avx512vnni {
namespace {  // or its functions would be there for the linker to choose from

struct V {
  using I32 = __m512i;
  using Element = uint8_t;  // of the left matrix: the int8 plus kOffset
  using Weight = int8_t;    // packed
  using Weights = __m512i;
  using Left = __m512i;  // of the left matrix
  static constexpr int kLanes = 16;
  static constexpr int kDepth = 4;  // products a lane adds in one step
  static constexpr int kOffset = 128;
  // Rows of a tile that is 1, 2, 3 and 4 vectors wide. 5 x 4 sums, 4 vectors of weights and one of
  // the left matrix: 25 registers of 32; narrow ones have sums enough to hide a dot's latency.
  static constexpr int kRows[] = {8, 8, 6, 5};
  static constexpr int kPanelVectors = 4;
  static constexpr int kRowsOfPairs[] = {8, 8, 6, 5};  // where weights come two vectors at a time
  // The same where each row is two. 3 x 2 x 4 sums and as many others: 29 registers.
  static constexpr int kRowsOfParts[] = {8, 6, 4, 3};
  static constexpr int kVectorBytes = kLanes * kDepth;  // of weights

  // A step takes one line.
  static constexpr int kTogether = 1;
  using Accumulator = I32;
  static Accumulator open(const I32 (&sum)[1]) { return sum[0]; }
  static void close(Accumulator x, I32 (&sum)[1]) { sum[0] = x; }

  static I32 set(int32_t x) { return _mm512_set1_epi32(x); }
  static I32 load(const int32_t* p) { return _mm512_loadu_si512(p); }
  static I32 add(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
  static I32 sub(I32 a, I32 b) { return _mm512_sub_epi32(a, b); }
  static I32 min(I32 a, I32 b) { return _mm512_min_epi32(a, b); }
  static I32 max(I32 a, I32 b) { return _mm512_max_epi32(a, b); }
  static I32 mul(I32 a, I32 b) { return _mm512_mullo_epi32(a, b); }
  static I32 shift_left(I32 x, I32 n) { return _mm512_sllv_epi32(x, n); }
  static I32 shift_right(I32 x, I32 n) { return _mm512_srav_epi32(x, n); }
  static I32 shift_right_logical(I32 x, I32 n) { return _mm512_srlv_epi32(x, n); }
  static void store(I32 x, int32_t* p) { _mm512_storeu_si512(p, x); }

  static void convert(const int8_t* in, int64_t count, uint8_t flip, Element* out) {
    const __m512i flips = _mm512_set1_epi8(static_cast<char>(flip ^ kOffset));
    int64_t i = 0;
    for (; i + 64 <= count; i += 64) {
      _mm512_storeu_si512(out + i, _mm512_xor_si512(_mm512_loadu_si512(in + i), flips));
    }
    if (i == count) return;
    const __mmask64 mask = first_bytes(count - i);
    _mm512_mask_storeu_epi8(out + i, mask,
                            _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, in + i), flips));
  }

  // The bytes of int16, each from -128 to 127 plus kOffset. Returns how many it has done.
  static int64_t split(const int16_t* in, int64_t count, Element* upper, Element* lower) {
    static_assert(kOffset == 128);
    const __m512i byte = _mm512_set1_epi16(255), sign = _mm512_set1_epi8(-128);
    const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    for (int64_t i = 0; i < count; i += 64) {
      const __mmask64 mask = first_bytes(count - i);
      const __m512i a = _mm512_maskz_loadu_epi16(static_cast<__mmask32>(mask), in + i);
      const __m512i b = _mm512_maskz_loadu_epi16(static_cast<__mmask32>(mask >> 32), in + i + 32);
      const __m512i low = _mm512_packus_epi16(_mm512_and_si512(a, byte), _mm512_and_si512(b, byte));
      const __m512i high = _mm512_packs_epi16(_mm512_srai_epi16(a, 8), _mm512_srai_epi16(b, 8));
      _mm512_mask_storeu_epi8(lower + i, mask, _mm512_permutexvar_epi64(order, low));
      _mm512_mask_storeu_epi8(upper + i, mask,
                              _mm512_xor_si512(_mm512_permutexvar_epi64(order, high), sign));
    }
    return count;
  }

  // Another value, for all that the compiler knows.
  static void hide(__m512i& x) { OCTAVO_HIDE("v", x); }
  // Always inline: gcc drops calls of a function that does nothing else.
  OCTAVO_ALWAYS_INLINE static void prefetch(const void* p) {
    _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
  }
  static Weights load_weights(const uint8_t* p) { return _mm512_loadu_si512(p); }
  // int4, two in a byte, each into the upper half of a byte.
  static void load_nibbles(const uint8_t* p, Weights& low, Weights& high) {
    const __m512i upper = _mm512_set1_epi8(static_cast<char>(0xf0));
    const __m512i x = _mm512_loadu_si512(p);
    low = _mm512_and_si512(_mm512_slli_epi16(x, 4), upper);
    high = _mm512_and_si512(x, upper);
  }
  static Weights broadcast(const Element* const* lines, int64_t at) {
    int32_t four;
    memcpy(&four, *lines + at, sizeof(four));
    return _mm512_set1_epi32(four);
  }
  static void dot(I32& sum, Weights x, Weights w) {
    OCTAVO_DOT("vpdpbusd", "v", _mm512_dpbusd_epi32, sum, x, w);
  }

  static I32 odd_lanes(I32 x) { return _mm512_srli_epi64(x, 32); }
  // The numbers of 64 bits that product_high takes, from their halves: of the even lanes and of the
  // odd ones. Factors of odd lanes lie in the even ones.
  static I32 first_wide(I32 low, I32 high) {
    return _mm512_mask_mov_epi32(low, 0xaaaa, _mm512_slli_epi64(high, 32));
  }
  static I32 second_wide(I32 low, I32 high) {
    return _mm512_mask_mov_epi32(odd_lanes(low), 0xaaaa, high);
  }
  static I32 second_factor(I32 x) { return odd_lanes(x); }
  // floor((a b + c) / 2^32) of unsigned a and b, where b_odd has the odd lanes of b in the even
  // ones; c has 64 bits for every even lane, c_odd for every odd one.
  static I32 product_high(I32 a, I32 b, I32 b_odd, I32 c, I32 c_odd) {
    const __m512i even = _mm512_add_epi64(_mm512_mul_epu32(a, b), c);
    const __m512i odd = _mm512_add_epi64(_mm512_mul_epu32(odd_lanes(a), b_odd), c_odd);
    return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
  }
  // floor(a b / 2^32) of unsigned a and b, which has the same in all lanes.
  static I32 mul_high_unsigned(I32 a, I32 b) { return product_high(a, b, b, set(0), set(0)); }

  static I32 srdhm(I32 a, I32 b) {
    const __m512i half = _mm512_set1_epi64(int64_t{1} << 30);
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(a, b), half);
    const __m512i odd = _mm512_add_epi64(
        _mm512_mul_epi32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32)), half);
    return _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 31), _mm512_slli_epi64(odd, 1));
  }
  static I32 rdbp(I32 x, I32 n) {
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, n), one);
    const __m512i threshold =
        _mm512_add_epi32(_mm512_srai_epi32(mask, 1), _mm512_srli_epi32(x, 31));
    const __mmask16 up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(x, mask), threshold);
    const __m512i down = _mm512_srav_epi32(x, n);
    return _mm512_mask_add_epi32(down, up, down, one);
  }

  // The halves of a vector, as doubles.
  using Double = __m512d;
  static Double low_half(I32 x) { return _mm512_cvtepi32_pd(_mm512_castsi512_si256(x)); }
  static Double high_half(I32 x) { return _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(x, 1)); }
  // Of integers.
  static I32 to_int32(Double low, Double high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvttpd_epi32(low)),
                              _mm512_cvttpd_epi32(high), 1);
  }
  static Double set(double x) { return _mm512_set1_pd(x); }
  static Double load(const double* p) { return _mm512_loadu_pd(p); }
  static Double add(Double a, Double b) { return _mm512_add_pd(a, b); }
  static Double mul(Double a, Double b) { return _mm512_mul_pd(a, b); }
  static Double div(Double a, Double b) { return _mm512_div_pd(a, b); }
  // a * b + c, rounded once.
  static Double fma(Double a, Double b, Double c) { return _mm512_fmadd_pd(a, b, c); }
  static Double clamp(Double x, double low, double high) {
    return _mm512_min_pd(_mm512_max_pd(x, set(low)), set(high));
  }
  static Double floor(Double x) {
    return _mm512_roundscale_pd(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  }
  // Half away from zero: what is added is the double below 1/2.
  static Double round_away(Double x) {
    const Double sign = _mm512_and_pd(x, set(-0.0));
    const Double nudge = _mm512_or_pd(sign, set(0x1.fffffffffffffp-2));
    return _mm512_roundscale_pd(_mm512_add_pd(x, nudge), _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
  }

  // What comes after a sum is requantized.
  struct Output {
    __m512i zero;             // of int16
    __m512i low, high, flip;  // of int8
  };
  static Output make_output(const QuantizedOutput& to) {
    return {_mm512_set1_epi16(static_cast<int16_t>(to.out_zero)),
            _mm512_set1_epi8(static_cast<char>(to.act_min)),
            _mm512_set1_epi8(static_cast<char>(to.act_max)),
            _mm512_set1_epi8(static_cast<char>(to.flip))};
  }
  // Four vectors of int32, in the order that packing leaves: 4 elements of each in turn.
  static __m512i finish(I32 a, I32 b, I32 c, I32 d, const Output& to) {
    const __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), to.zero);
    const __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), to.zero);
    const __m512i y = _mm512_packs_epi16(low, high);
    return _mm512_xor_si512(_mm512_min_epi8(_mm512_max_epi8(y, to.low), to.high), to.flip);
  }
  // The same where act_min is the zero point: distances from it are unsigned bytes, and packing
  // clamps them to 0.
  struct PositiveOutput {
    __m512i zero, greatest;  // of bytes
  };
  static PositiveOutput make_positive_output(const QuantizedOutput& to) {
    return {_mm512_set1_epi8(static_cast<char>(to.out_zero + static_cast<int32_t>(to.flip))),
            _mm512_set1_epi8(static_cast<char>(to.act_max - to.out_zero))};
  }
  static __m512i finish(I32 a, I32 b, I32 c, I32 d, const PositiveOutput& to) {
    const __m512i y = _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    return _mm512_add_epi8(_mm512_min_epu8(y, to.greatest), to.zero);
  }
  // Rows of 4, 3, 2, 1 vectors, as many of them as 4 vectors have; `rows` and `count` columns are
  // stored.
  template <int kVectors, class To>
  static void store_rows(const I32 (&y)[4], const To& to, int8_t* out, int64_t stride, int32_t rows,
                         int32_t count) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i x = _mm512_permutexvar_epi32(order, finish(y[0], y[1], y[2], y[3], to));
    if constexpr (kVectors > 2) {
      _mm512_mask_storeu_epi8(out, first_bytes(count), x);
    } else if constexpr (kVectors == 2) {
      const auto mask = static_cast<__mmask32>(first_bytes(count));
      _mm256_mask_storeu_epi8(out, mask, _mm512_castsi512_si256(x));
      if (rows > 1) _mm256_mask_storeu_epi8(out + stride, mask, _mm512_extracti64x4_epi64(x, 1));
    } else {
      const auto mask = static_cast<__mmask16>(first_bytes(count));
      _mm_mask_storeu_epi8(out, mask, _mm512_castsi512_si128(x));
      if (rows > 1) _mm_mask_storeu_epi8(out + stride, mask, _mm512_extracti32x4_epi32(x, 1));
      if (rows > 2) _mm_mask_storeu_epi8(out + 2 * stride, mask, _mm512_extracti32x4_epi32(x, 2));
      if (rows > 3) _mm_mask_storeu_epi8(out + 3 * stride, mask, _mm512_extracti32x4_epi32(x, 3));
    }
  }

  // Depthwise: a block is a vector of bytes. In each 128-bit lane, vector j of the interleaved four
  // holds the channels 4 j to 4 j + 3 of the lane's 16.
  static constexpr int kBlock = 64;
  static constexpr bool kKeepsLines = false;
  static int32_t channel_at(int32_t i) { return i % 16 / 4 * 16 + i / 16 * 4 + i % 4; }
  static void interleave(const Element* const (&tap)[4], Weights (&x)[4]) {
    __m512i row[4];
#pragma GCC unroll 4
    for (int t = 0; t < 4; ++t) row[t] = _mm512_loadu_si512(tap[t]);
    const __m512i low01 = _mm512_unpacklo_epi8(row[0], row[1]);
    const __m512i high01 = _mm512_unpackhi_epi8(row[0], row[1]);
    const __m512i low23 = _mm512_unpacklo_epi8(row[2], row[3]);
    const __m512i high23 = _mm512_unpackhi_epi8(row[2], row[3]);
    x[0] = _mm512_unpacklo_epi16(low01, low23);
    x[1] = _mm512_unpackhi_epi16(low01, low23);
    x[2] = _mm512_unpacklo_epi16(high01, high23);
    x[3] = _mm512_unpackhi_epi16(high01, high23);
  }
  template <class To>
  static void store_block(const I32 (&y)[4], const To& to, int8_t* out, int32_t count) {
    const __m512i bytes = finish(y[0], y[1], y[2], y[3], to);
    if (count == kBlock) {
      _mm512_storeu_si512(out, bytes);
    } else {
      _mm512_mask_storeu_epi8(out, first_bytes(count), bytes);
    }
  }

 private:
  static __mmask64 first_bytes(int64_t count) {
    return count >= 64 ? ~__mmask64{0} : (__mmask64{1} << count) - 1;
  }
};

using D = V;  // for depthwise

// Of words: a dot instruction adds two products of int16 to each lane.
struct W : V {
  using Element = int16_t;
  using Weight = int16_t;
  static constexpr int kDepth = 2;
  static constexpr int kVectorBytes = kLanes * kDepth * 2;

  static Weights broadcast(const Element* const* lines, int64_t at) {
    int32_t two;
    memcpy(&two, *lines + at, sizeof(two));
    return _mm512_set1_epi32(two);
  }
  static void dot(I32& sum, Weights x, Weights w) {
    OCTAVO_DOT("vpdpwssd", "v", _mm512_dpwssd_epi32, sum, x, w);
  }

  // Depthwise: a block is a vector of words. In each 128-bit lane, vector j of the interleaved two
  // holds the channels 4 j to 4 j + 3 of the lane's 8.
  static constexpr int kBlock = 32;
  static int32_t channel_at(int32_t i) { return i % 16 / 4 * 8 + i / 16 * 4 + i % 4; }
  static void interleave(const Element* const (&tap)[2], Weights (&x)[2]) {
    const __m512i a = _mm512_loadu_si512(tap[0]), b = _mm512_loadu_si512(tap[1]);
    x[0] = _mm512_unpacklo_epi16(a, b);
    x[1] = _mm512_unpackhi_epi16(a, b);
  }
};

}  // namespace
}  // namespace octavo::avx512vnni
