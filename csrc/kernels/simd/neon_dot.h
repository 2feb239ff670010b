// NEON with dot products: four products of int8 are added to each of 4 lanes.
#pragma once

#include "kernels/simd/neon.h"

namespace octavo::neon_dot {
namespace {

struct V : neon::V {
  using Weights = int8x16_t;
  using Left = int8x8_t;  // of the left matrix: 4 elements, which an instruction repeats
  static constexpr int kDepth = 4;
  static constexpr int kVectorBytes = kLanes * kDepth;
  // 6 x 4 sums, 4 vectors of weights and one of the left matrix: 29 registers of 32.
  static constexpr int kRows[] = {8, 8, 8, 6};
  static constexpr int kRowsOfPairs[] = {8, 8, 6, 5};
  static constexpr int kRowsOfParts[] = {8, 6, 4, 3};

  using neon::V::hide;
  static void hide(Weights& x) { OCTAVO_HIDE("w", x); }
  static Weights load_weights(const uint8_t* p) {
    return vld1q_s8(reinterpret_cast<const int8_t*>(p));
  }
  static void load_nibbles(const uint8_t* p, Weights& low, Weights& high) {
    const Weights x = load_weights(p);
    low = vshlq_n_s8(x, 4);
    high = vandq_s8(x, vdupq_n_s8(-16));
  }
  static Left broadcast(const Element* const* lines, int64_t at) {
    uint32_t four;
    memcpy(&four, *lines + at, sizeof(four));
    return vcreate_s8(four);
  }
  static void dot(I32& sum, Left x, Weights w) { sum = vdotq_lane_s32(sum, w, x, 0); }
  static void dot(I32& sum, Weights x, Weights w) { sum = vdotq_s32(sum, x, w); }

  static constexpr bool kKeepsLines = true;
  static void interleave(const Element* const (&tap)[4], Weights (&x)[4]) {
    int8x16_t row[4];
#pragma GCC unroll 4
    for (int t = 0; t < 4; ++t) row[t] = vld1q_s8(tap[t]);
    const auto pairs = [](int8x16_t a, int8x16_t b) {
      return vreinterpretq_s8_s16(vzip1q_s16(vreinterpretq_s16_s8(a), vreinterpretq_s16_s8(b)));
    };
    const auto upper_pairs = [](int8x16_t a, int8x16_t b) {
      return vreinterpretq_s8_s16(vzip2q_s16(vreinterpretq_s16_s8(a), vreinterpretq_s16_s8(b)));
    };
    const int8x16_t low01 = vzip1q_s8(row[0], row[1]), high01 = vzip2q_s8(row[0], row[1]);
    const int8x16_t low23 = vzip1q_s8(row[2], row[3]), high23 = vzip2q_s8(row[2], row[3]);
    x[0] = pairs(low01, low23);
    x[1] = upper_pairs(low01, low23);
    x[2] = pairs(high01, high23);
    x[3] = upper_pairs(high01, high23);
  }
  static Weights load_interleaved(const Element* p) { return vld1q_s8(p); }
  static void store_interleaved(Weights x, Element* p) { vst1q_s8(p, x); }
};

using D = V;  // for depthwise

}  // namespace
}  // namespace octavo::neon_dot
