// NEON with arithmetic of halves: vectors of 8 of them.
#pragma once

#include "kernels/simd/neon_floats.h"

namespace octavo::neon_fp16 {
namespace {  // or its functions would be there for the linker to choose from

struct H {
  using Vec = float16x8_t;
  using Left = float16x4_t;  // of the left matrix: an element, which an instruction repeats
  static constexpr int kLanes = 8;
  // Rows of a tile that is 1 and 2 vectors wide. 6 x 2 sums, 2 vectors of weights and 6 elements of
  // the left matrix, which have to be among the lower 16 registers.
  static constexpr int kRows[] = {8, 6};
  static constexpr int kPanelVectors = 2;

  static Vec zero() { return vdupq_n_f16(0); }
  static Vec load(const uint8_t* p) { return vreinterpretq_f16_u8(vld1q_u8(p)); }
  static Left load_element(const Half* p) { return vcreate_f16(p->bits); }
  static Vec add(Vec a, Vec b) { return vaddq_f16(a, b); }
  // x * w + sum, rounded once.
  static Vec fma(Vec sum, Left x, Vec w) { return vfmaq_lane_f16(sum, w, x, 0); }

  static void convert(const float* in, int64_t count, Half* out) {
    int64_t i = 0;
    for (; i + 4 <= count; i += 4) {
      vst1_u16(&out[i].bits, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(in + i))));
    }
    for (; i < count; ++i) out[i] = to_half(in[i]);
  }
  // Half 0 or 1 of a vector.
  template <int kHalf>
  static neon::F::Vec widen(Vec x) {
    return kHalf == 0 ? vcvt_f32_f16(vget_low_f16(x)) : vcvt_high_f32_f16(x);
  }
};

}  // namespace
}  // namespace octavo::neon_fp16
