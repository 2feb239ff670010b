// AVX2: 8 lanes of int32; two products of int16 by int16 are added to each, exactly.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "kernels/gemm.h"
#include "kernels/simd/compiler.h"

namespace octavo::avx2 {
namespace {  // or its functions would be there for the linker to choose from

struct V {
  using I32 = __m256i;
  using Element = int16_t;
  using Weight = int8_t;  // packed
  using Weights = __m256i;
  using Left = __m256i;  // of the left matrix
  static constexpr int kLanes = 8;
  static constexpr int kDepth = 2;
  static constexpr int kOffset = 0;
  // Rows of a tile that is 1 and 2 vectors wide. 5 x 2 sums, 2 vectors of weights, one of the left
  // matrix and a product: 14 registers of 16.
  static constexpr int kRows[] = {8, 5};
  static constexpr int kPanelVectors = 2;
  static constexpr int kRowsOfPairs[] = {8, 4};  // where weights come two vectors at a time
  // The same where each row is two: 2 x 2 x 2 sums and as many others make 12.
  static constexpr int kRowsOfParts[] = {4, 2};
  static constexpr int kVectorBytes = kLanes * kDepth;  // of weights

  // A step takes one line.
  static constexpr int kTogether = 1;
  using Accumulator = I32;
  static Accumulator open(const I32 (&sum)[1]) { return sum[0]; }
  static void close(Accumulator x, I32 (&sum)[1]) { sum[0] = x; }

  static I32 set(int32_t x) { return _mm256_set1_epi32(x); }
  static I32 load(const int32_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static I32 add(I32 a, I32 b) { return _mm256_add_epi32(a, b); }
  static I32 sub(I32 a, I32 b) { return _mm256_sub_epi32(a, b); }
  static I32 min(I32 a, I32 b) { return _mm256_min_epi32(a, b); }
  static I32 max(I32 a, I32 b) { return _mm256_max_epi32(a, b); }
  static I32 mul(I32 a, I32 b) { return _mm256_mullo_epi32(a, b); }
  static I32 shift_left(I32 x, I32 n) { return _mm256_sllv_epi32(x, n); }
  static I32 shift_right(I32 x, I32 n) { return _mm256_srav_epi32(x, n); }
  static I32 shift_right_logical(I32 x, I32 n) { return _mm256_srlv_epi32(x, n); }
  static void store(I32 x, int32_t* p) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x); }

  static void convert(const int8_t* in, int64_t count, uint8_t flip, Element* out) {
    const __m128i flips = _mm_set1_epi8(static_cast<char>(flip));
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
      const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                          _mm256_cvtepi8_epi16(_mm_xor_si128(x, flips)));
    }
    for (; i + 8 <= count; i += 8) {
      const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(in + i));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                       _mm_cvtepi8_epi16(_mm_xor_si128(x, flips)));
    }
    for (; i < count; ++i) out[i] = static_cast<int8_t>(static_cast<uint8_t>(in[i]) ^ flip);
  }

  // The bytes of int16, each from -128 to 127 plus kOffset. Returns how many it has done.
  static int64_t split(const int16_t* in, int64_t count, Element* upper, Element* lower) {
    const __m256i byte = _mm256_set1_epi16(255), half = _mm256_set1_epi16(128);
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
      const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(upper + i), _mm256_srai_epi16(x, 8));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(lower + i),
                          _mm256_sub_epi16(_mm256_and_si256(x, byte), half));
    }
    return i;
  }

  // Another value, for all that the compiler knows.
  static void hide(__m256i& x) { OCTAVO_HIDE("v", x); }
  // Always inline: gcc drops calls of a function that does nothing else.
  OCTAVO_ALWAYS_INLINE static void prefetch(const void* p) {
    _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
  }
  static Weights load_weights(const uint8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  // int4, two in a byte, each into the upper half of a byte.
  static void load_nibbles(const uint8_t* p, Weights& low, Weights& high) {
    const __m128i upper = _mm_set1_epi8(static_cast<char>(0xf0));
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    low = _mm256_cvtepi8_epi16(_mm_and_si128(_mm_slli_epi16(x, 4), upper));
    high = _mm256_cvtepi8_epi16(_mm_and_si128(x, upper));
  }
  static Weights broadcast(const Element* const* lines, int64_t at) {
    int32_t two;
    memcpy(&two, *lines + at, sizeof(two));
    return _mm256_set1_epi32(two);
  }
  static void dot(I32& sum, Weights x, Weights w) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
  }

  static I32 odd_lanes(I32 x) { return _mm256_srli_epi64(x, 32); }
  // The numbers of 64 bits that product_high takes, from their halves: of the even lanes and of the
  // odd ones. Factors of odd lanes lie in the even ones.
  static I32 first_wide(I32 low, I32 high) {
    return _mm256_blend_epi32(low, _mm256_slli_epi64(high, 32), 0xaa);
  }
  static I32 second_wide(I32 low, I32 high) {
    return _mm256_blend_epi32(odd_lanes(low), high, 0xaa);
  }
  static I32 second_factor(I32 x) { return odd_lanes(x); }
  // floor((a b + c) / 2^32) of unsigned a and b, where b_odd has the odd lanes of b in the even
  // ones; c has 64 bits for every even lane, c_odd for every odd one.
  static I32 product_high(I32 a, I32 b, I32 b_odd, I32 c, I32 c_odd) {
    const __m256i even = _mm256_add_epi64(_mm256_mul_epu32(a, b), c);
    const __m256i odd = _mm256_add_epi64(_mm256_mul_epu32(odd_lanes(a), b_odd), c_odd);
    return _mm256_blend_epi32(odd_lanes(even), odd, 0xaa);
  }
  // floor(a b / 2^32) of unsigned a and b, which has the same in all lanes.
  static I32 mul_high_unsigned(I32 a, I32 b) { return product_high(a, b, b, set(0), set(0)); }

  static I32 srdhm(I32 a, I32 b) {
    const __m256i half = _mm256_set1_epi64x(int64_t{1} << 30);
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(a, b), half);
    const __m256i odd = _mm256_add_epi64(
        _mm256_mul_epi32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32)), half);
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
  }
  static I32 rdbp(I32 x, I32 n) {
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, n), one);
    const __m256i threshold =
        _mm256_add_epi32(_mm256_srai_epi32(mask, 1), _mm256_srli_epi32(x, 31));
    const __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(x, mask), threshold);  // -1 where true
    return _mm256_sub_epi32(_mm256_srav_epi32(x, n), up);
  }

  // The halves of a vector, as doubles.
  using Double = __m256d;
  static Double low_half(I32 x) { return _mm256_cvtepi32_pd(_mm256_castsi256_si128(x)); }
  static Double high_half(I32 x) { return _mm256_cvtepi32_pd(_mm256_extracti128_si256(x, 1)); }
  // Of integers.
  static I32 to_int32(Double low, Double high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm256_cvttpd_epi32(low)),
                                   _mm256_cvttpd_epi32(high), 1);
  }
  static Double set(double x) { return _mm256_set1_pd(x); }
  static Double load(const double* p) { return _mm256_loadu_pd(p); }
  static Double add(Double a, Double b) { return _mm256_add_pd(a, b); }
  static Double mul(Double a, Double b) { return _mm256_mul_pd(a, b); }
  static Double div(Double a, Double b) { return _mm256_div_pd(a, b); }
  // a * b + c, rounded once.
  static Double fma(Double a, Double b, Double c) { return _mm256_fmadd_pd(a, b, c); }
  static Double clamp(Double x, double low, double high) {
    return _mm256_min_pd(_mm256_max_pd(x, set(low)), set(high));
  }
  static Double floor(Double x) { return _mm256_floor_pd(x); }
  // Half away from zero: what is added is the double below 1/2.
  static Double round_away(Double x) {
    const Double sign = _mm256_and_pd(x, set(-0.0));
    const Double nudge = _mm256_or_pd(sign, set(0x1.fffffffffffffp-2));
    return _mm256_round_pd(_mm256_add_pd(x, nudge), _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
  }

  // What comes after a sum is requantized.
  struct Output {
    __m256i zero;             // of int16
    __m256i low, high, flip;  // of int8
  };
  static Output make_output(const QuantizedOutput& to) {
    return {_mm256_set1_epi16(static_cast<int16_t>(to.out_zero)),
            _mm256_set1_epi8(static_cast<char>(to.act_min)),
            _mm256_set1_epi8(static_cast<char>(to.act_max)),
            _mm256_set1_epi8(static_cast<char>(to.flip))};
  }
  // Four vectors of int32, in the order that packing leaves: 4 elements of each in turn.
  static __m256i finish(I32 a, I32 b, I32 c, I32 d, const Output& to) {
    const __m256i low = _mm256_adds_epi16(_mm256_packs_epi32(a, b), to.zero);
    const __m256i high = _mm256_adds_epi16(_mm256_packs_epi32(c, d), to.zero);
    const __m256i y = _mm256_packs_epi16(low, high);
    return _mm256_xor_si256(_mm256_min_epi8(_mm256_max_epi8(y, to.low), to.high), to.flip);
  }
  // The same where act_min is the zero point: distances from it are unsigned bytes, and packing
  // clamps them to 0.
  struct PositiveOutput {
    __m256i zero, greatest;  // of bytes
  };
  static PositiveOutput make_positive_output(const QuantizedOutput& to) {
    return {_mm256_set1_epi8(static_cast<char>(to.out_zero + static_cast<int32_t>(to.flip))),
            _mm256_set1_epi8(static_cast<char>(to.act_max - to.out_zero))};
  }
  static __m256i finish(I32 a, I32 b, I32 c, I32 d, const PositiveOutput& to) {
    const __m256i y = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    return _mm256_add_epi8(_mm256_min_epu8(y, to.greatest), to.zero);
  }
  // Rows of 2, 1 vectors, as many of them as 4 vectors have; `rows` and `count` columns are stored.
  template <int kVectors, class To>
  static void store_rows(const I32 (&y)[4], const To& to, int8_t* out, int64_t stride, int32_t rows,
                         int32_t count) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i x = _mm256_permutevar8x32_epi32(finish(y[0], y[1], y[2], y[3], to), order);
    const __m128i low = _mm256_castsi256_si128(x), high = _mm256_extracti128_si256(x, 1);
    if constexpr (kVectors == 2) {
      store_bytes(low, out, count);
      if (rows > 1) store_bytes(high, out + stride, count);
    } else {
      store_bytes(low, out, count);
      if (rows > 1) store_bytes(_mm_srli_si128(low, 8), out + stride, count);
      if (rows > 2) store_bytes(high, out + 2 * stride, count);
      if (rows > 3) store_bytes(_mm_srli_si128(high, 8), out + 3 * stride, count);
    }
  }

  // Depthwise: a block is a vector of int16. In each 128-bit lane, vector j of the interleaved two
  // holds the channels 4 j to 4 j + 3 of the lane's 8.
  static constexpr int kBlock = 16;
  static constexpr bool kKeepsLines = false;
  static int32_t channel_at(int32_t i) { return i % 8 / 4 * 8 + i / 8 * 4 + i % 4; }
  static void interleave(const Element* const (&tap)[2], Weights (&x)[2]) {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tap[0]));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tap[1]));
    x[0] = _mm256_unpacklo_epi16(a, b);
    x[1] = _mm256_unpackhi_epi16(a, b);
  }
  template <class To>
  static void store_block(const I32 (&y)[2], const To& to, int8_t* out, int32_t count) {
    const __m256i bytes = finish(y[0], y[1], y[0], y[1], to);
    const __m256i row = _mm256_permute4x64_epi64(bytes, _MM_SHUFFLE(3, 1, 2, 0));
    store_bytes(_mm256_castsi256_si128(row), out, count);
  }

 protected:
  // The first `count`, 16 at most.
  static void store_bytes(__m128i x, int8_t* out, int32_t count) {
    if (count == 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), x);
    } else if (count == 8) {
      _mm_storel_epi64(reinterpret_cast<__m128i*>(out), x);
    } else {
      int8_t bytes[16];
      _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), x);
      memcpy(out, bytes, static_cast<size_t>(count));
    }
  }
};

using D = V;  // for depthwise
// Of words.
struct W : V {
  using Weight = int16_t;
  static constexpr int kVectorBytes = kLanes * kDepth * 2;

  static Weights load_weights(const uint8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
};

}  // namespace
}  // namespace octavo::avx2
