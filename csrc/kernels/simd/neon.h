// NEON of every 64-bit Arm: 4 lanes of int32. Two products of int8 are added to each, which are
// exact as int16, and pairs of them in 32 bits.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

#include "kernels/gemm.h"
#include "kernels/simd/compiler.h"

namespace octavo::neon {
namespace {  // or its functions would be there for the linker to choose from

struct V {
  using I32 = int32x4_t;
  using Element = int8_t;
  using Weight = int8_t;  // packed
  using Weights = int8x8_t;
  using Left = int8x8_t;  // of the left matrix
  static constexpr int kLanes = 4;
  static constexpr int kDepth = 2;
  static constexpr int kOffset = 0;
  // Rows of a tile that is 1 to 4 vectors wide. 5 x 4 sums, 4 vectors of weights, one of the left
  // matrix and products: 26 registers of 32 and more.
  static constexpr int kRows[] = {8, 8, 6, 5};
  static constexpr int kPanelVectors = 4;
  static constexpr int kRowsOfPairs[] = {8, 6, 5, 4};   // where weights come two vectors at a time
  static constexpr int kRowsOfParts[] = {6, 4, 3, 2};   // where each row is two
  static constexpr int kVectorBytes = kLanes * kDepth;  // of weights

  // A step takes one line.
  static constexpr int kTogether = 1;
  using Accumulator = I32;
  static Accumulator open(const I32 (&sum)[1]) { return sum[0]; }
  static void close(Accumulator x, I32 (&sum)[1]) { sum[0] = x; }

  static I32 set(int32_t x) { return vdupq_n_s32(x); }
  static I32 load(const int32_t* p) { return vld1q_s32(p); }
  static I32 add(I32 a, I32 b) { return vaddq_s32(a, b); }
  static I32 sub(I32 a, I32 b) { return vsubq_s32(a, b); }
  static I32 min(I32 a, I32 b) { return vminq_s32(a, b); }
  static I32 max(I32 a, I32 b) { return vmaxq_s32(a, b); }
  static I32 mul(I32 a, I32 b) { return vmulq_s32(a, b); }
  static I32 shift_left(I32 x, I32 n) { return vshlq_s32(x, n); }
  static I32 shift_right(I32 x, I32 n) { return vshlq_s32(x, vnegq_s32(n)); }
  static I32 shift_right_logical(I32 x, I32 n) {
    return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(x), vnegq_s32(n)));
  }
  static void store(I32 x, int32_t* p) { vst1q_s32(p, x); }

  static void convert(const int8_t* in, int64_t count, uint8_t flip, Element* out) {
    const int8x16_t flips = vdupq_n_s8(static_cast<int8_t>(flip));
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) vst1q_s8(out + i, veorq_s8(vld1q_s8(in + i), flips));
    for (; i + 8 <= count; i += 8) {
      vst1_s8(out + i, veor_s8(vld1_s8(in + i), vget_low_s8(flips)));
    }
    for (; i < count; ++i) out[i] = static_cast<Element>(static_cast<uint8_t>(in[i]) ^ flip);
  }

  // The bytes of int16, each from -128 to 127 plus kOffset. Returns how many it has done.
  static int64_t split(const int16_t* in, int64_t count, Element* upper, Element* lower) {
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
      const int8x16x2_t x = vld2q_s8(reinterpret_cast<const int8_t*>(in + i));
      vst1q_s8(lower + i, veorq_s8(x.val[0], vdupq_n_s8(-128)));
      vst1q_s8(upper + i, x.val[1]);
    }
    return i;
  }

  // Always inline: gcc drops calls of a function that does nothing else.
  OCTAVO_ALWAYS_INLINE static void prefetch(const void* p) { __builtin_prefetch(p); }
  // Another value, for all that the compiler knows.
  static void hide(Weights& x) { OCTAVO_HIDE("w", x); }
  static void hide(I32& x) { OCTAVO_HIDE("w", x); }

  static Weights load_weights(const uint8_t* p) {
    return vld1_s8(reinterpret_cast<const int8_t*>(p));
  }
  // int4, two in a byte, each into the upper half of a byte.
  static void load_nibbles(const uint8_t* p, Weights& low, Weights& high) {
    const int8x8_t x = load_weights(p);
    low = vshl_n_s8(x, 4);
    high = vand_s8(x, vdup_n_s8(-16));
  }
  static Weights broadcast(const Element* const* lines, int64_t at) {
    int16_t two;
    memcpy(&two, *lines + at, sizeof(two));
    return vreinterpret_s8_s16(vdup_n_s16(two));
  }
  static void dot(I32& sum, Weights x, Weights w) { sum = vpadalq_s16(sum, vmull_s8(x, w)); }

  // floor(a b / 2^32) of unsigned a and b.
  static I32 mul_high_unsigned(I32 a, I32 b) {
    const uint32x4_t x = vreinterpretq_u32_s32(a), y = vreinterpretq_u32_s32(b);
    const uint64x2_t lower = vmull_u32(vget_low_u32(x), vget_low_u32(y));
    const uint64x2_t upper = vmull_high_u32(x, y);
    return vuzp2q_s32(vreinterpretq_s32_u64(lower), vreinterpretq_s32_u64(upper));
  }

  static I32 srdhm(I32 a, I32 b) { return vqrdmulhq_s32(a, b); }
  // The instruction rounds ties up, which those of negative numbers are not to be.
  static I32 rdbp(I32 x, I32 n) {
    const I32 right = vnegq_s32(n);
    return vrshlq_s32(vqaddq_s32(x, vshrq_n_s32(vandq_s32(x, right), 31)), right);
  }

  // rdbp(srdhm(x, m), -shift), shift <= 0, where no number leaves 32 bits.
  static I32 rescale(I32 x, I32 m, I32 shift) {
    const I32 y = vqrdmulhq_s32(x, m);
    return vrshlq_s32(vsraq_n_s32(y, vandq_s32(y, shift), 31), shift);
  }
  // The same, but that ties of negative numbers are rounded up.
  static I32 rescale_up(I32 x, I32 m, I32 shift) { return vrshlq_s32(vqrdmulhq_s32(x, m), shift); }
  // floor(x m 2^(shift - 31) + 1/2) of m whose lower 16 bits are 0. If a shift follows, the first
  // product can be cut without harm: what it lacks is below what the shift looks at.
  static I32 rescale_once(I32 x, I32 m, I32 shift) {
    const uint32x4_t is_shifted = vtstq_s32(shift, shift);
    return vrshlq_s32(vbslq_s32(is_shifted, vqdmulhq_s32(x, m), vqrdmulhq_s32(x, m)), shift);
  }

  // The halves of a vector, as doubles.
  using Double = float64x2_t;
  static Double low_half(I32 x) { return vcvtq_f64_s64(vmovl_s32(vget_low_s32(x))); }
  static Double high_half(I32 x) { return vcvtq_f64_s64(vmovl_high_s32(x)); }
  // Of integers.
  static I32 to_int32(Double low, Double high) {
    return vuzp1q_s32(vreinterpretq_s32_s64(vcvtq_s64_f64(low)),
                      vreinterpretq_s32_s64(vcvtq_s64_f64(high)));
  }
  static Double set(double x) { return vdupq_n_f64(x); }
  static Double load(const double* p) { return vld1q_f64(p); }
  static Double add(Double a, Double b) { return vaddq_f64(a, b); }
  static Double mul(Double a, Double b) { return vmulq_f64(a, b); }
  static Double div(Double a, Double b) { return vdivq_f64(a, b); }
  // a * b + c, rounded once.
  static Double fma(Double a, Double b, Double c) { return vfmaq_f64(c, a, b); }
  static Double clamp(Double x, double low, double high) {
    return vminq_f64(vmaxq_f64(x, set(low)), set(high));
  }
  static Double floor(Double x) { return vrndmq_f64(x); }
  static Double round_away(Double x) { return vrndaq_f64(x); }

  // What comes after a sum is requantized.
  struct Output {
    int16x8_t zero;
    int8x16_t low, high, flip;
  };
  static Output make_output(const QuantizedOutput& to) {
    return {vdupq_n_s16(static_cast<int16_t>(to.out_zero)),
            vdupq_n_s8(static_cast<int8_t>(to.act_min)),
            vdupq_n_s8(static_cast<int8_t>(to.act_max)), vdupq_n_s8(static_cast<int8_t>(to.flip))};
  }
  // Four vectors of int32, in their order.
  static int8x16_t finish_bytes(I32 a, I32 b, I32 c, I32 d, const Output& to) {
    const int8x16_t y =
        narrow(vqaddq_s16(narrow(a, b), to.zero), vqaddq_s16(narrow(c, d), to.zero));
    return veorq_s8(vminq_s8(vmaxq_s8(y, to.low), to.high), to.flip);
  }
  // The same where act_min is the zero point: distances from it are unsigned bytes, and narrowing
  // clamps them to 0.
  struct PositiveOutput {
    uint8x16_t zero, greatest;
  };
  static PositiveOutput make_positive_output(const QuantizedOutput& to) {
    return {vdupq_n_u8(static_cast<uint8_t>(to.out_zero + static_cast<int32_t>(to.flip))),
            vdupq_n_u8(static_cast<uint8_t>(to.act_max - to.out_zero))};
  }
  static int8x16_t finish_bytes(I32 a, I32 b, I32 c, I32 d, const PositiveOutput& to) {
    const uint8x16_t y = vqmovun_high_s16(vqmovun_s16(narrow(a, b)), narrow(c, d));
    return vreinterpretq_s8_u8(vaddq_u8(vminq_u8(y, to.greatest), to.zero));
  }
  template <class To>
  static I32 finish(I32 a, I32 b, I32 c, I32 d, const To& to) {
    return vreinterpretq_s32_s8(finish_bytes(a, b, c, d, to));
  }
  // Rows of 4, 3, 2, 1 vectors, as many of them as 4 vectors have; `rows` and `count` columns are
  // stored.
  template <int kVectors, class To>
  static void store_rows(const I32 (&y)[4], const To& to, int8_t* out, int64_t stride, int32_t rows,
                         int32_t count) {
    const int8x16_t x = finish_bytes(y[0], y[1], y[2], y[3], to);
    if constexpr (kVectors > 2) {
      store_bytes(x, out, count);
    } else if constexpr (kVectors == 2) {
      store_bytes(x, out, count);
      if (rows > 1) store_bytes(vextq_s8(x, x, 8), out + stride, count);
    } else {
      store_bytes(x, out, count);
      if (rows > 1) store_bytes(vextq_s8(x, x, 4), out + stride, count);
      if (rows > 2) store_bytes(vextq_s8(x, x, 8), out + 2 * stride, count);
      if (rows > 3) store_bytes(vextq_s8(x, x, 12), out + 3 * stride, count);
    }
  }

  // Depthwise: a block is 16 channels, in order; vector j of the interleaved has 4 j to 4 j + 3.
  static constexpr int kBlock = 16;
  static constexpr bool kKeepsLines = false;
  static int32_t channel_at(int32_t i) { return i; }
  static void interleave(const Element* const (&tap)[2], Weights (&x)[4]) {
    const int8x16_t a = vld1q_s8(tap[0]), b = vld1q_s8(tap[1]);
    const int8x16_t low = vzip1q_s8(a, b), high = vzip2q_s8(a, b);
    x[0] = vget_low_s8(low);
    x[1] = vget_high_s8(low);
    x[2] = vget_low_s8(high);
    x[3] = vget_high_s8(high);
  }
  template <class To>
  static void store_block(const I32 (&y)[4], const To& to, int8_t* out, int32_t count) {
    store_bytes(finish_bytes(y[0], y[1], y[2], y[3], to), out, count);
  }

 protected:
  static int16x8_t narrow(I32 low, I32 high) { return vqmovn_high_s32(vqmovn_s32(low), high); }
  static int8x16_t narrow(int16x8_t low, int16x8_t high) {
    return vqmovn_high_s16(vqmovn_s16(low), high);
  }
  // The first `count`, 16 at most.
  static void store_bytes(int8x16_t x, int8_t* out, int32_t count) {
    if (count == 16) {
      vst1q_s8(out, x);
    } else if (count == 8) {
      vst1_s8(out, vget_low_s8(x));
    } else {
      int8_t bytes[16];
      vst1q_s8(bytes, x);
      memcpy(out, bytes, static_cast<size_t>(count));
    }
  }
};

using D = V;  // for depthwise

}  // namespace
}  // namespace octavo::neon
