// AVX2 with VNNI: AVX2's lanes; a dot instruction adds four products of uint8 by int8 to each.
#pragma once

#include "kernels/simd/avx2.h"
#include "kernels/simd/compiler.h"

namespace octavo::avxvnni {
namespace {

struct V : avx2::V {
  using Element = uint8_t;
  static constexpr int kDepth = 4;
  static constexpr int kVectorBytes = kLanes * kDepth;
  static constexpr int kOffset = 128;
  // 6 x 2 sums, 2 vectors of weights and one of the left matrix: 15 registers of 16.
  static constexpr int kRows[] = {8, 6};
  static constexpr int kRowsOfParts[] = {6, 3};

  static void convert(const int8_t* in, int64_t count, uint8_t flip, Element* out) {
    const auto flips = static_cast<uint8_t>(flip ^ kOffset);
    const __m256i wide = _mm256_set1_epi8(static_cast<char>(flips));
    int64_t i = 0;
    for (; i + 32 <= count; i += 32) {
      const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_xor_si256(x, wide));
    }
    for (; i + 8 <= count; i += 8) {
      const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(in + i));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(out + i),
                       _mm_xor_si128(x, _mm256_castsi256_si128(wide)));
    }
    for (; i < count; ++i) out[i] = static_cast<Element>(static_cast<uint8_t>(in[i]) ^ flips);
  }

  static int64_t split(const int16_t* in, int64_t count, Element* upper, Element* lower) {
    static_assert(kOffset == 128);
    const __m256i byte = _mm256_set1_epi16(255), sign = _mm256_set1_epi8(-128);
    const auto store = [](__m256i x, Element* out) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                          _mm256_permute4x64_epi64(x, _MM_SHUFFLE(3, 1, 2, 0)));
    };
    int64_t i = 0;
    for (; i + 32 <= count; i += 32) {
      const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i));
      const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i + 16));
      store(_mm256_packus_epi16(_mm256_and_si256(a, byte), _mm256_and_si256(b, byte)), lower + i);
      store(_mm256_xor_si256(_mm256_packs_epi16(_mm256_srai_epi16(a, 8), _mm256_srai_epi16(b, 8)),
                             sign),
            upper + i);
    }
    return i;
  }

  static Weights load_weights(const uint8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void load_nibbles(const uint8_t* p, Weights& low, Weights& high) {
    const __m256i upper = _mm256_set1_epi8(static_cast<char>(0xf0));
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    low = _mm256_and_si256(_mm256_slli_epi16(x, 4), upper);
    high = _mm256_and_si256(x, upper);
  }
  static Weights broadcast(const Element* const* lines, int64_t at) {
    int32_t four;
    memcpy(&four, *lines + at, sizeof(four));
    return _mm256_set1_epi32(four);
  }
  // The VEX form: an assembler would take that of AVX-512.
  static void dot(I32& sum, Weights x, Weights w) {
    OCTAVO_DOT("%{vex%} vpdpbusd", "x", _mm256_dpbusd_avx_epi32, sum, x, w);
  }

  // Depthwise: a block is a vector of bytes. In each 128-bit lane, vector j of the interleaved four
  // holds the channels 4 j to 4 j + 3 of the lane's 16.
  static constexpr int kBlock = 32;
  static int32_t channel_at(int32_t i) { return i % 8 / 4 * 16 + i / 8 * 4 + i % 4; }
  static void interleave(const Element* const (&tap)[4], Weights (&x)[4]) {
    __m256i row[4];
#pragma GCC unroll 4
    for (int t = 0; t < 4; ++t) {
      row[t] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tap[t]));
    }
    const __m256i low01 = _mm256_unpacklo_epi8(row[0], row[1]);
    const __m256i high01 = _mm256_unpackhi_epi8(row[0], row[1]);
    const __m256i low23 = _mm256_unpacklo_epi8(row[2], row[3]);
    const __m256i high23 = _mm256_unpackhi_epi8(row[2], row[3]);
    x[0] = _mm256_unpacklo_epi16(low01, low23);
    x[1] = _mm256_unpackhi_epi16(low01, low23);
    x[2] = _mm256_unpacklo_epi16(high01, high23);
    x[3] = _mm256_unpackhi_epi16(high01, high23);
  }
  template <class To>
  static void store_block(const I32 (&y)[4], const To& to, int8_t* out, int32_t count) {
    const __m256i bytes = finish(y[0], y[1], y[2], y[3], to);
    int8_t partial[kBlock];
    int8_t* to_bytes = count == kBlock ? out : partial;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to_bytes), bytes);
    if (count != kBlock) memcpy(out, partial, static_cast<size_t>(count));
  }
};

using D = V;  // for depthwise

// Of words: a dot instruction adds two products of int16 to each lane.
struct W : avx2::W {
  static void dot(I32& sum, Weights x, Weights w) {
    OCTAVO_DOT("%{vex%} vpdpwssd", "x", _mm256_dpwssd_avx_epi32, sum, x, w);
  }
};

}  // namespace
}  // namespace octavo::avxvnni
