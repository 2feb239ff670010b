#include "kernels/simd/neon_bytes.h"
#include "kernels/simd/neon_dot.h"
#include "kernels/simd/neon_floats.h"
#include "kernels/simd/neon_halves.h"
#include "kernels/simd/neon_words.h"
#include "kernels/table.h"

namespace octavo {
namespace neon_fp16 {
namespace {
using V = neon_dot::V;
using D = neon_dot::D;
using B = neon::B;
using F = neon::F;
using W = neon::W;
// clang-format off: the first has what the others use.
#include "kernels/requantize.inl"
#include "kernels/rescale_rounding.inl"
#include "kernels/finish.inl"
#include "kernels/broadcast.inl"
#include "kernels/lanes.inl"
#include "kernels/copy.inl"
#include "kernels/sums.inl"
#include "kernels/image.inl"
#include "kernels/gemm.inl"
#include "kernels/depthwise.inl"
#include "kernels/direct_depthwise.inl"
#include "kernels/product_f32.inl"
#include "kernels/product_half.inl"
#include "kernels/product_s8.inl"
#include "kernels/floor_divide.inl"
#include "kernels/functions.inl"
#include "kernels/real.inl"
#include "kernels/real_rows.inl"
#include "kernels/narrow.inl"
#include "kernels/product_s16.inl"
#include "kernels/product_sums.inl"
#include "kernels/product_hybrid.inl"
#include "kernels/peak.inl"
#include "kernels/fill_table.inl"
// clang-format on

constexpr Kernels fill_half_table(const char* isa) {
  Kernels k = fill_table(isa);
  k.product_f16 = &kProductHalf;
  return k;
}
}  // namespace
}  // namespace neon_fp16

constexpr Kernels kNeonFp16 = neon_fp16::fill_half_table("neon_fp16");

}  // namespace octavo
