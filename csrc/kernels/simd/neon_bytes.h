// NEON: vectors of 16 bytes, and what the kernels of 8 and 16-bit elements do with them.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "kernels/simd/compiler.h"

namespace octavo::neon {
namespace {  // or its functions would be there for the linker to choose from

struct B {
  using Vec = int32x4_t;  // whatever it holds
  static constexpr int kSize = 16;

  static Vec load(const void* p) { return from(vld1q_u8(static_cast<const uint8_t*>(p))); }
  static void store(Vec x, void* p) { vst1q_u8(static_cast<uint8_t*>(p), u8(x)); }
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

  // 16 bytes at `p`: longer vectors have those `stride` bytes further, too.
  static Vec load_16s(const uint8_t* p, int64_t) { return load(p); }

  static Vec set8(int32_t x) { return from(vdupq_n_s8(static_cast<int8_t>(x))); }
  static Vec set16(int32_t x) { return from(vdupq_n_s16(static_cast<int16_t>(x))); }
  static Vec bit_and(Vec a, Vec b) { return vandq_s32(a, b); }
  static Vec bit_xor(Vec a, Vec b) { return veorq_s32(a, b); }
  // The bytes of a where those of `mask` are -1, those of b where they are 0.
  static Vec select(Vec mask, Vec a, Vec b) { return from(vbslq_u8(u8(mask), u8(a), u8(b))); }
  static Vec min8(Vec a, Vec b) { return from(vminq_s8(s8(a), s8(b))); }
  static Vec max8(Vec a, Vec b) { return from(vmaxq_s8(s8(a), s8(b))); }
  static Vec max_u8(Vec a, Vec b) { return from(vmaxq_u8(u8(a), u8(b))); }
  static Vec min16(Vec a, Vec b) { return from(vminq_s16(s16(a), s16(b))); }
  static Vec max16(Vec a, Vec b) { return from(vmaxq_s16(s16(a), s16(b))); }

  // The elements of a and b in turn: of the lower and of the upper half. narrow16 and narrow32,
  // which saturate, put halves back where they came from.
  static Vec low8(Vec a, Vec b) { return from(vzip1q_s8(s8(a), s8(b))); }
  static Vec high8(Vec a, Vec b) { return from(vzip2q_s8(s8(a), s8(b))); }
  static Vec low16(Vec a, Vec b) { return from(vzip1q_s16(s16(a), s16(b))); }
  static Vec high16(Vec a, Vec b) { return from(vzip2q_s16(s16(a), s16(b))); }
  static Vec low32(Vec a, Vec b) { return vzip1q_s32(a, b); }
  static Vec high32(Vec a, Vec b) { return vzip2q_s32(a, b); }
  static Vec low64(Vec a, Vec b) { return vcombine_s32(vget_low_s32(a), vget_low_s32(b)); }
  static Vec high64(Vec a, Vec b) { return vcombine_s32(vget_high_s32(a), vget_high_s32(b)); }
  static Vec narrow16(Vec low, Vec high) {
    return from(vqmovn_high_s16(vqmovn_s16(s16(low)), s16(high)));
  }
  static Vec narrow32(Vec low, Vec high) { return from(vqmovn_high_s32(vqmovn_s32(low), high)); }

  static Vec less8(Vec a, Vec b) { return from(vcltq_s8(s8(a), s8(b))); }  // -1 or 0
  static Vec sub8(Vec a, Vec b) { return from(vsubq_s8(s8(a), s8(b))); }
  static Vec add16(Vec a, Vec b) { return from(vaddq_s16(s16(a), s16(b))); }
  static Vec sub16(Vec a, Vec b) { return from(vsubq_s16(s16(a), s16(b))); }
  static Vec mul16(Vec a, Vec b) { return from(vmulq_s16(s16(a), s16(b))); }
  static Vec add_saturating16(Vec a, Vec b) { return from(vqaddq_s16(s16(a), s16(b))); }
  // round(a b / 2^15), ties up; not of twice the lowest.
  static Vec mul_round16(Vec a, Vec b) { return from(vqrdmulhq_s16(s16(a), s16(b))); }
  static Vec shift_left16(Vec x, int32_t n) {
    return from(vshlq_s16(s16(x), vdupq_n_s16(static_cast<int16_t>(n))));
  }
  static Vec shift_right16(Vec x, int32_t n) { return shift_left16(x, -n); }
  static Vec equal16(Vec a, Vec b) { return from(vceqq_s16(s16(a), s16(b))); }  // -1 or 0
  static Vec abs16(Vec x) { return from(vabsq_s16(s16(x))); }
  static Vec sign16(Vec x) { return from(vshrq_n_s16(s16(x), 15)); }  // -1 or 0
  static Vec mul_high16(Vec a, Vec b) {
    const Vec low = vmull_s16(vget_low_s16(s16(a)), vget_low_s16(s16(b)));
    return from(vuzp2q_s16(s16(low), s16(vmull_high_s16(s16(a), s16(b)))));
  }
  static Vec mul_high_u16(Vec a, Vec b) {
    const uint32x4_t low = vmull_u16(vget_low_u16(u16(a)), vget_low_u16(u16(b)));
    const uint32x4_t high = vmull_high_u16(u16(a), u16(b));
    return from(vuzp2q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high)));
  }
  static Vec shift_right_u16(Vec x, int32_t n) {
    return from(vshlq_u16(u16(x), vdupq_n_s16(static_cast<int16_t>(-n))));
  }

  // a[0] * b[0] + a[1] * b[1] of the int16 in each int32.
  static Vec dot16(Vec a, Vec b) {
    const Vec low = vmull_s16(vget_low_s16(s16(a)), vget_low_s16(s16(b)));
    return vpaddq_s32(low, vmull_high_s16(s16(a), s16(b)));
  }

  // What narrow32 and narrow16 made of four vectors in a row, in their order, which it is in.
  static Vec in_order(Vec x) { return x; }
  // What narrow32 made of two.
  static Vec in_order16(Vec x) { return x; }
  // Elements of 128 bits take turns, of which there are no more.
  static Vec deal32(Vec x) { return x; }
  static Vec deal64(Vec x) { return x; }
  // As many elements as there are int32, widened.
  static Vec widen(const int8_t* p) {
    return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u32(load_word(p)))));
  }
  static Vec widen(const uint8_t* p) {
    const uint16x8_t x = vmovl_u8(vreinterpret_u8_u32(load_word(p)));
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(x)));
  }
  static Vec widen(const int16_t* p) { return vmovl_s16(vld1_s16(p)); }

  // The two int16 at each index of a table and behind it, as the halves of an int32.
  static Vec gather_pairs(const void* table, Vec index) {
    const auto* pairs = static_cast<const int16_t*>(table);
    int32_t at[4], pair[4];
    vst1q_s32(at, index);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) memcpy(&pair[i], pairs + at[i], sizeof(pair[i]));
    return vld1q_s32(pair);
  }

  // The greatest of the bytes, as signed ones.
  static int32_t greatest8(Vec x) { return vmaxvq_s8(s8(x)); }
  static int32_t greatest16(Vec x) { return vmaxvq_s16(s16(x)); }
  // The first byte that is `value`, or kSize.
  static int32_t find8(Vec x, int32_t value) {
    // 4 bits for every byte.
    const uint8x16_t equal = vceqq_s8(s8(x), s8(set8(value)));
    const uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(equal), 4);
    const uint64_t found = vget_lane_u64(vreinterpret_u64_u8(nibbles), 0);
    return found == 0 ? kSize : lowest_bit(found) / 4;
  }
  static bool any_equal16(Vec a, Vec b) { return vmaxvq_u16(vceqq_s16(s16(a), s16(b))) != 0; }
  // int32 whose sum is that of the bytes, as unsigned ones.
  static Vec sums_u8(Vec x) { return vreinterpretq_s32_u32(vpaddlq_u16(vpaddlq_u8(u8(x)))); }
  // The sum of all int32, which wraps.
  static int32_t sum32(Vec x) { return vaddvq_s32(x); }

  // A table of 256 bytes: an instruction looks up 64, and leaves bytes as they are, or makes them
  // 0, whose index is beyond.
  struct Table {
    uint8x16x4_t part[4];
  };
  static Table load_table(const uint8_t* lut) {
    return {
        {vld1q_u8_x4(lut), vld1q_u8_x4(lut + 64), vld1q_u8_x4(lut + 128), vld1q_u8_x4(lut + 192)}};
  }
  static Vec look_up(const Table& t, Vec x) {
    uint8x16_t index = u8(x), y = vqtbl4q_u8(t.part[0], index);
#pragma GCC unroll 3
    for (int i = 1; i < 4; ++i) {
      index = vsubq_u8(index, vdupq_n_u8(64));
      y = vqtbx4q_u8(y, t.part[i], index);
    }
    return from(y);
  }

 private:
  static int8x16_t s8(Vec x) { return vreinterpretq_s8_s32(x); }
  static uint8x16_t u8(Vec x) { return vreinterpretq_u8_s32(x); }
  static int16x8_t s16(Vec x) { return vreinterpretq_s16_s32(x); }
  static uint16x8_t u16(Vec x) { return vreinterpretq_u16_s32(x); }
  static Vec from(int8x16_t x) { return vreinterpretq_s32_s8(x); }
  static Vec from(uint8x16_t x) { return vreinterpretq_s32_u8(x); }
  static Vec from(int16x8_t x) { return vreinterpretq_s32_s16(x); }
  static Vec from(uint16x8_t x) { return vreinterpretq_s32_u16(x); }

  static uint32x2_t load_word(const void* p) {
    uint32_t word;
    memcpy(&word, p, sizeof(word));
    return vdup_n_u32(word);
  }
};

}  // namespace
}  // namespace octavo::neon
