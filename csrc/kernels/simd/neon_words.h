// NEON: products of int16 by int16, each of which a multiplication adds to 4 lanes of int32.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace octavo::neon {
namespace {  // or its functions would be there for the linker to choose from

struct W {
  using I32 = int32x4_t;
  using Element = int16_t;
  using Weight = int16_t;
  using Weights = int16x4_t;
  static constexpr int kLanes = 4;
  static constexpr int kDepth = 1;
  static constexpr int kVectorBytes = kLanes * kDepth * 2;
  // Of products of matrices; each row is two. 3 x 2 x 4 sums, 4 vectors of weights and one of the
  // left matrix: 27 registers of 32.
  static constexpr int kPanelVectors = 4;
  static constexpr int kRowsOfParts[] = {6, 5, 4, 3};

  // A step takes one line.
  static constexpr int kTogether = 1;
  using Accumulator = I32;
  static Accumulator open(const I32 (&sum)[1]) { return sum[0]; }
  static void close(Accumulator x, I32 (&sum)[1]) { sum[0] = x; }

  static Weights broadcast(const Element* const* lines, int64_t at) {
    return vld1_dup_s16(*lines + at);
  }
  static Weights load_weights(const uint8_t* p) {
    return vld1_s16(reinterpret_cast<const int16_t*>(p));
  }
  static void dot(I32& sum, Weights x, Weights w) { sum = vmlal_s16(sum, x, w); }

  // Depthwise: a block is two vectors, in order.
  static constexpr int kBlock = 2 * kLanes;
  static constexpr bool kKeepsLines = false;
  static int32_t channel_at(int32_t i) { return i; }
  static void interleave(const Element* const (&tap)[1], Weights (&x)[2]) {
    x[0] = vld1_s16(tap[0]);
    x[1] = vld1_s16(tap[0] + kLanes);
  }
};

}  // namespace
}  // namespace octavo::neon
