// NEON with products of matrices: 2 rows of 8 elements times 2 columns of as many weights make 4
// sums.
#pragma once

#include "kernels/simd/neon_dot.h"

namespace octavo::neon_i8mm {
namespace {

struct V : neon_dot::V {
  // Of 2 columns each.
  struct Weights {
    int8x16_t first, second;
  };
  using Left = int8x16_t;  // 2 rows
  static constexpr int kDepth = 8;
  static constexpr int kVectorBytes = kLanes * kDepth;
  // 4 x 4 sums, 2 vectors of weights for each 4 columns, one of 2 rows: 25 registers of 32. With 31
  // gcc would keep sums in memory.
  static constexpr int kRows[] = {8, 8, 6, 4};
  static constexpr int kRowsOfPairs[] = {8, 8, 4, 2};
  static constexpr int kRowsOfParts[] = {8, 4, 3, 2};

  static constexpr int kTogether = 2;
  struct Accumulator {
    I32 first, second;  // each of 2 rows and 2 columns
  };
  static Accumulator open(const I32 (&sum)[2]) {
    return {halves<vzip1q_s64>(sum[0], sum[1]), halves<vzip2q_s64>(sum[0], sum[1])};
  }
  static void close(const Accumulator& x, I32 (&sum)[2]) {
    sum[0] = halves<vzip1q_s64>(x.first, x.second);
    sum[1] = halves<vzip2q_s64>(x.first, x.second);
  }

  using neon_dot::V::hide;
  static Weights load_weights(const uint8_t* p) {
    return {neon_dot::V::load_weights(p), neon_dot::V::load_weights(p + 16)};
  }
  static void load_nibbles(const uint8_t* p, Weights& low, Weights& high) {
    neon_dot::V::load_nibbles(p, low.first, high.first);
    neon_dot::V::load_nibbles(p + 16, low.second, high.second);
  }
  static Left broadcast(const Element* const* lines, int64_t at) {
    return vcombine_s8(vld1_s8(lines[0] + at), vld1_s8(lines[1] + at));
  }
  static void dot(Accumulator& sum, Left x, const Weights& w) {
    sum.first = vmmlaq_s32(sum.first, x, w.first);
    sum.second = vmmlaq_s32(sum.second, x, w.second);
  }

 private:
  template <int64x2_t (*kJoin)(int64x2_t, int64x2_t)>
  static I32 halves(I32 a, I32 b) {
    return vreinterpretq_s32_s64(kJoin(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
  }
};

using D = neon_dot::V;  // for depthwise

}  // namespace
}  // namespace octavo::neon_i8mm
