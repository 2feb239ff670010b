// AVX-512 BW: vectors of 64 bytes, and what the kernels of 8 and 16-bit elements do with them.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/simd/compiler.h"

namespace octavo::avx512vnni {
namespace {  // or its functions would be there for the linker to choose from

struct B {
  using Vec = __m512i;
  static constexpr int kSize = 64;

  static Vec load(const void* p) { return _mm512_loadu_si512(p); }
  static void store(Vec x, void* p) { _mm512_storeu_si512(p, x); }
  // The first `count` bytes, at least 1 and less than kSize; the others are 0.
  static Vec load_part(const void* p, int64_t count) {
    return _mm512_maskz_loadu_epi8((__mmask64{1} << count) - 1, p);
  }
  static void store_part(Vec x, void* p, int64_t count) {
    _mm512_mask_storeu_epi8(p, (__mmask64{1} << count) - 1, x);
  }

  // 16 bytes at `p`, then those `stride` bytes further, and so on.
  static Vec load_16s(const uint8_t* p, int64_t stride) {
    const auto part = [&](int i) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i * stride));
    };
    Vec x = _mm512_castsi128_si512(part(0));
    x = _mm512_inserti32x4(x, part(1), 1);
    x = _mm512_inserti32x4(x, part(2), 2);
    return _mm512_inserti32x4(x, part(3), 3);
  }

  static Vec set8(int32_t x) { return _mm512_set1_epi8(static_cast<char>(x)); }
  static Vec set16(int32_t x) { return _mm512_set1_epi16(static_cast<int16_t>(x)); }
  static Vec bit_and(Vec a, Vec b) { return _mm512_and_si512(a, b); }
  static Vec bit_xor(Vec a, Vec b) { return _mm512_xor_si512(a, b); }
  // The bytes of a where those of `mask` are -1, those of b where they are 0.
  static Vec select(Vec mask, Vec a, Vec b) { return _mm512_ternarylogic_epi32(mask, a, b, 0xca); }
  static Vec min8(Vec a, Vec b) { return _mm512_min_epi8(a, b); }
  static Vec max8(Vec a, Vec b) { return _mm512_max_epi8(a, b); }
  static Vec max_u8(Vec a, Vec b) { return _mm512_max_epu8(a, b); }
  static Vec min16(Vec a, Vec b) { return _mm512_min_epi16(a, b); }
  static Vec max16(Vec a, Vec b) { return _mm512_max_epi16(a, b); }

  // The elements of a and b in turn: of the lower and of the upper half of each 128 bits. narrow16
  // and narrow32, which saturate, put halves back where they came from.
  static Vec low8(Vec a, Vec b) { return _mm512_unpacklo_epi8(a, b); }
  static Vec high8(Vec a, Vec b) { return _mm512_unpackhi_epi8(a, b); }
  static Vec low16(Vec a, Vec b) { return _mm512_unpacklo_epi16(a, b); }
  static Vec high16(Vec a, Vec b) { return _mm512_unpackhi_epi16(a, b); }
  static Vec low32(Vec a, Vec b) { return _mm512_unpacklo_epi32(a, b); }
  static Vec high32(Vec a, Vec b) { return _mm512_unpackhi_epi32(a, b); }
  static Vec low64(Vec a, Vec b) { return _mm512_unpacklo_epi64(a, b); }
  static Vec high64(Vec a, Vec b) { return _mm512_unpackhi_epi64(a, b); }
  static Vec narrow16(Vec low, Vec high) { return _mm512_packs_epi16(low, high); }
  static Vec narrow32(Vec low, Vec high) { return _mm512_packs_epi32(low, high); }

  static Vec less8(Vec a, Vec b) {  // -1 or 0
    return _mm512_movm_epi8(_mm512_cmplt_epi8_mask(a, b));
  }
  static Vec sub8(Vec a, Vec b) { return _mm512_sub_epi8(a, b); }
  static Vec add16(Vec a, Vec b) { return _mm512_add_epi16(a, b); }
  static Vec sub16(Vec a, Vec b) { return _mm512_sub_epi16(a, b); }
  static Vec mul16(Vec a, Vec b) { return _mm512_mullo_epi16(a, b); }
  static Vec add_saturating16(Vec a, Vec b) { return _mm512_adds_epi16(a, b); }
  // round(a b / 2^15), ties up; not of twice the lowest.
  static Vec mul_round16(Vec a, Vec b) { return _mm512_mulhrs_epi16(a, b); }
  static Vec shift_left16(Vec x, int32_t n) { return _mm512_sll_epi16(x, _mm_cvtsi32_si128(n)); }
  static Vec shift_right16(Vec x, int32_t n) { return _mm512_sra_epi16(x, _mm_cvtsi32_si128(n)); }
  static Vec equal16(Vec a, Vec b) {  // -1 or 0
    return _mm512_movm_epi16(_mm512_cmpeq_epi16_mask(a, b));
  }
  static Vec abs16(Vec x) { return _mm512_abs_epi16(x); }
  static Vec sign16(Vec x) { return _mm512_srai_epi16(x, 15); }  // -1 or 0
  static Vec mul_high16(Vec a, Vec b) { return _mm512_mulhi_epi16(a, b); }
  static Vec mul_high_u16(Vec a, Vec b) { return _mm512_mulhi_epu16(a, b); }
  static Vec shift_right_u16(Vec x, int32_t n) { return _mm512_srl_epi16(x, _mm_cvtsi32_si128(n)); }

  // a[0] * b[0] + a[1] * b[1] of the int16 in each int32.
  static Vec dot16(Vec a, Vec b) { return _mm512_madd_epi16(a, b); }

  // What narrow32 and narrow16 made of four vectors in a row, in their order.
  static Vec in_order(Vec x) {
    const Vec order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, x);
  }
  // What narrow32 made of two.
  static Vec in_order16(Vec x) {
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), x);
  }
  // Elements of 128 bits take turns: element i of part p is element i * parts + p.
  static Vec deal32(Vec x) { return in_order(x); }
  static Vec deal64(Vec x) {
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), x);
  }
  // As many elements as there are int32, widened.
  static Vec widen(const int8_t* p) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Vec widen(const uint8_t* p) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }

  static Vec widen(const int16_t* p) {
    return _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }

  // The two int16 at each index of a table and behind it, as the halves of an int32.
  static Vec gather_pairs(const void* table, Vec index) {
    return _mm512_i32gather_epi32(index, table, 2);
  }

  // The greatest of the bytes, as signed ones.
  static int32_t greatest8(Vec x) {
    const __m256i z = _mm256_max_epi8(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    __m128i y = _mm_max_epi8(_mm256_castsi256_si128(z), _mm256_extracti128_si256(z, 1));
    y = _mm_max_epi8(y, _mm_srli_si128(y, 8));
    y = _mm_max_epi8(y, _mm_srli_si128(y, 4));
    y = _mm_max_epi8(y, _mm_srli_si128(y, 2));
    y = _mm_max_epi8(y, _mm_srli_si128(y, 1));
    return static_cast<int8_t>(_mm_extract_epi8(y, 0));
  }
  static int32_t greatest16(Vec x) {
    const __m256i y = _mm256_max_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    // An instruction finds the least of eight unsigned ones.
    const __m128i z = _mm_max_epi16(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
    const __m128i least = _mm_minpos_epu16(_mm_xor_si128(z, _mm_set1_epi16(0x7fff)));
    return static_cast<int16_t>(_mm_extract_epi16(least, 0) ^ 0x7fff);
  }
  // The first byte that is `value`, or kSize.
  static int32_t find8(Vec x, int32_t value) {
    const uint64_t found = _mm512_cmpeq_epi8_mask(x, set8(value));
    return found == 0 ? kSize : lowest_bit(found);
  }
  static bool any_equal16(Vec a, Vec b) { return _mm512_cmpeq_epi16_mask(a, b) != 0; }
  // int32 whose sum is that of the bytes, as unsigned ones.
  static Vec sums_u8(Vec x) { return _mm512_sad_epu8(x, _mm512_setzero_si512()); }
  // The sum of all int32, which wraps.
  static int32_t sum32(Vec x) { return _mm512_reduce_add_epi32(x); }

  // A table of 256 bytes: as 128 pairs, of which an instruction looks up 64.
  struct Table {
    Vec pairs[4];
  };
  static Table load_table(const uint8_t* lut) {
    return {{load(lut), load(lut + 64), load(lut + 128), load(lut + 192)}};
  }
  static Vec look_up(const Table& t, Vec x) {
    const Vec one = set16(1);
    const Vec odd = look_up_pairs(t, _mm512_srli_epi16(x, 9), _mm512_movepi16_mask(x));
    const Vec even =
        look_up_pairs(t, _mm512_srli_epi16(x, 1), _mm512_test_epi16_mask(x, set16(0x80)));
    // Each wants the byte of its pair that its last bit names, in its own place.
    const Vec even_byte = _mm512_mask_srli_epi16(even, _mm512_test_epi16_mask(x, one), even, 8);
    const Vec odd_byte =
        _mm512_mask_slli_epi16(odd, _mm512_testn_epi16_mask(x, set16(0x100)), odd, 8);
    return _mm512_mask_blend_epi8(0xaaaaaaaaaaaaaaaa, even_byte, odd_byte);
  }

 private:
  // By the lowest 6 bits of each index; `upper` says which lie in the table's upper half.
  static Vec look_up_pairs(const Table& t, Vec index, __mmask32 upper) {
    const Vec low = _mm512_permutex2var_epi16(t.pairs[0], index, t.pairs[1]);
    const Vec high = _mm512_permutex2var_epi16(t.pairs[2], index, t.pairs[3]);
    return _mm512_mask_mov_epi16(low, upper, high);
  }
};

}  // namespace
}  // namespace octavo::avx512vnni
