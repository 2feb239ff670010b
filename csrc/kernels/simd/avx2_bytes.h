// AVX2: vectors of 32 bytes, and what the kernels of 8 and 16-bit elements do with them.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "kernels/simd/compiler.h"

namespace octavo::avx2 {
namespace {  // or its functions would be there for the linker to choose from

struct B {
  using Vec = __m256i;
  static constexpr int kSize = 32;

  static Vec load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static void store(Vec x, void* p) { _mm256_storeu_si256(static_cast<__m256i*>(p), x); }
  // The first `count` bytes, at least 1 and less than kSize; the others are 0.
  static Vec load_part(const void* p, int64_t count) {
    uint8_t bytes[kSize] = {};
    memcpy(bytes, p, static_cast<size_t>(count));
    return load(bytes);
  }
  static void store_part(Vec x, void* p, int64_t count) {
    uint8_t bytes[kSize];
    store(x, bytes);
    memcpy(p, bytes, static_cast<size_t>(count));
  }

  // 16 bytes at `p`, then those `stride` bytes further.
  static Vec load_16s(const uint8_t* p, int64_t stride) {
    return _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(p + stride),
                               reinterpret_cast<const __m128i*>(p));
  }

  static Vec set8(int32_t x) { return _mm256_set1_epi8(static_cast<char>(x)); }
  static Vec set16(int32_t x) { return _mm256_set1_epi16(static_cast<int16_t>(x)); }
  static Vec bit_and(Vec a, Vec b) { return _mm256_and_si256(a, b); }
  static Vec bit_xor(Vec a, Vec b) { return _mm256_xor_si256(a, b); }
  // The bytes of a where those of `mask` are -1, those of b where they are 0.
  static Vec select(Vec mask, Vec a, Vec b) { return _mm256_blendv_epi8(b, a, mask); }
  static Vec min8(Vec a, Vec b) { return _mm256_min_epi8(a, b); }
  static Vec max8(Vec a, Vec b) { return _mm256_max_epi8(a, b); }
  static Vec max_u8(Vec a, Vec b) { return _mm256_max_epu8(a, b); }
  static Vec min16(Vec a, Vec b) { return _mm256_min_epi16(a, b); }
  static Vec max16(Vec a, Vec b) { return _mm256_max_epi16(a, b); }

  // The elements of a and b in turn: of the lower and of the upper half of each 128 bits. narrow16
  // and narrow32, which saturate, put halves back where they came from.
  static Vec low8(Vec a, Vec b) { return _mm256_unpacklo_epi8(a, b); }
  static Vec high8(Vec a, Vec b) { return _mm256_unpackhi_epi8(a, b); }
  static Vec low16(Vec a, Vec b) { return _mm256_unpacklo_epi16(a, b); }
  static Vec high16(Vec a, Vec b) { return _mm256_unpackhi_epi16(a, b); }
  static Vec low32(Vec a, Vec b) { return _mm256_unpacklo_epi32(a, b); }
  static Vec high32(Vec a, Vec b) { return _mm256_unpackhi_epi32(a, b); }
  static Vec low64(Vec a, Vec b) { return _mm256_unpacklo_epi64(a, b); }
  static Vec high64(Vec a, Vec b) { return _mm256_unpackhi_epi64(a, b); }
  static Vec narrow16(Vec low, Vec high) { return _mm256_packs_epi16(low, high); }
  static Vec narrow32(Vec low, Vec high) { return _mm256_packs_epi32(low, high); }

  static Vec less8(Vec a, Vec b) { return _mm256_cmpgt_epi8(b, a); }  // -1 or 0
  static Vec sub8(Vec a, Vec b) { return _mm256_sub_epi8(a, b); }
  static Vec add16(Vec a, Vec b) { return _mm256_add_epi16(a, b); }
  static Vec sub16(Vec a, Vec b) { return _mm256_sub_epi16(a, b); }
  static Vec mul16(Vec a, Vec b) { return _mm256_mullo_epi16(a, b); }
  static Vec add_saturating16(Vec a, Vec b) { return _mm256_adds_epi16(a, b); }
  // round(a b / 2^15), ties up; not of twice the lowest.
  static Vec mul_round16(Vec a, Vec b) { return _mm256_mulhrs_epi16(a, b); }
  static Vec shift_left16(Vec x, int32_t n) { return _mm256_sll_epi16(x, _mm_cvtsi32_si128(n)); }
  static Vec shift_right16(Vec x, int32_t n) { return _mm256_sra_epi16(x, _mm_cvtsi32_si128(n)); }
  static Vec equal16(Vec a, Vec b) { return _mm256_cmpeq_epi16(a, b); }  // -1 or 0
  static Vec abs16(Vec x) { return _mm256_abs_epi16(x); }
  static Vec sign16(Vec x) { return _mm256_srai_epi16(x, 15); }  // -1 or 0
  static Vec mul_high16(Vec a, Vec b) { return _mm256_mulhi_epi16(a, b); }
  static Vec mul_high_u16(Vec a, Vec b) { return _mm256_mulhi_epu16(a, b); }
  static Vec shift_right_u16(Vec x, int32_t n) { return _mm256_srl_epi16(x, _mm_cvtsi32_si128(n)); }

  // a[0] * b[0] + a[1] * b[1] of the int16 in each int32.
  static Vec dot16(Vec a, Vec b) { return _mm256_madd_epi16(a, b); }

  // What narrow32 and narrow16 made of four vectors in a row, in their order.
  static Vec in_order(Vec x) {
    return _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  }
  // What narrow32 made of two.
  static Vec in_order16(Vec x) { return _mm256_permute4x64_epi64(x, _MM_SHUFFLE(3, 1, 2, 0)); }
  // Elements of 128 bits take turns: element i of part p is element i * parts + p.
  static Vec deal32(Vec x) {
    return _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
  }
  static Vec deal64(Vec x) { return in_order16(x); }
  // As many elements as there are int32, widened.
  static Vec widen(const int8_t* p) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  }
  static Vec widen(const uint8_t* p) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  }

  static Vec widen(const int16_t* p) {
    return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }

  // The two int16 at each index of a table and behind it, as the halves of an int32. One by one: a
  // gather instruction is a quarter faster at best, and slower where microcode guards it.
  static Vec gather_pairs(const void* table, Vec index) {
    alignas(kSize) int32_t at[8];
    store(index, at);
    const auto pair = [&](int i) {
      int32_t x;
      memcpy(&x, static_cast<const int16_t*>(table) + at[i], sizeof(x));
      return x;
    };
    return _mm256_setr_epi32(pair(0), pair(1), pair(2), pair(3), pair(4), pair(5), pair(6),
                             pair(7));
  }

  // The greatest of the bytes, as signed ones.
  static int32_t greatest8(Vec x) {
    __m128i y = _mm_max_epi8(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    y = _mm_max_epi8(y, _mm_srli_si128(y, 8));
    y = _mm_max_epi8(y, _mm_srli_si128(y, 4));
    y = _mm_max_epi8(y, _mm_srli_si128(y, 2));
    y = _mm_max_epi8(y, _mm_srli_si128(y, 1));
    return static_cast<int8_t>(_mm_extract_epi8(y, 0));
  }
  static int32_t greatest16(Vec x) {
    const __m128i y = _mm_max_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    // An instruction finds the least of eight unsigned ones.
    const __m128i least = _mm_minpos_epu16(_mm_xor_si128(y, _mm_set1_epi16(0x7fff)));
    return static_cast<int16_t>(_mm_extract_epi16(least, 0) ^ 0x7fff);
  }
  // The first byte that is `value`, or kSize.
  static int32_t find8(Vec x, int32_t value) {
    const auto found =
        static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, set8(value))));
    return found == 0 ? kSize : lowest_bit(found);
  }
  static bool any_equal16(Vec a, Vec b) {
    return _mm256_movemask_epi8(_mm256_cmpeq_epi16(a, b)) != 0;
  }
  // int32 whose sum is that of the bytes, as unsigned ones.
  static Vec sums_u8(Vec x) { return _mm256_sad_epu8(x, _mm256_setzero_si256()); }
  // The sum of all int32, which wraps.
  static int32_t sum32(Vec x) {
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_srli_epi64(two, 32)));
  }

  // A table of 256 bytes. A shuffle looks up 16, and gives 0 for an index whose sign bit is set.
  // Each delta is the exclusive or of 16 entries with the 16 before, so that all whose number times
  // 16 can be taken from the index, without a change of sign, add up to its entry; the upper half
  // of the table is so on its own.
  struct Table {
    Vec delta[16];
  };
  static Table load_table(const uint8_t* lut) {
    Table t;
    __m128i before = _mm_setzero_si128();
    for (int i = 0; i < 16; ++i) {
      if (i == 8) before = _mm_setzero_si128();
      const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lut + 16 * i));
      t.delta[i] = _mm256_broadcastsi128_si256(_mm_xor_si128(part, before));
      before = part;
    }
    return t;
  }
  static Vec look_up(const Table& t, Vec x) {
    const Vec step = set8(16);
    Vec lower = x, upper = _mm256_xor_si256(x, set8(-128));
    Vec y = _mm256_xor_si256(_mm256_shuffle_epi8(t.delta[0], lower),
                             _mm256_shuffle_epi8(t.delta[8], upper));
#pragma GCC unroll 8
    for (int i = 1; i < 8; ++i) {
      lower = _mm256_subs_epi8(lower, step);
      upper = _mm256_subs_epi8(upper, step);
      y = _mm256_xor_si256(y, _mm256_xor_si256(_mm256_shuffle_epi8(t.delta[i], lower),
                                               _mm256_shuffle_epi8(t.delta[8 + i], upper)));
    }
    return y;
  }
};

}  // namespace
}  // namespace octavo::avx2
