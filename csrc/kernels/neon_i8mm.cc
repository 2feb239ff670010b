#include "kernels/simd/neon_i8mm.h"

#include "kernels/table.h"

namespace octavo {
namespace neon_i8mm {
namespace {
// clang-format off: the first has what the others use.
#include "kernels/requantize.inl"
#include "kernels/image.inl"
#include "kernels/gemm.inl"
#include "kernels/depthwise.inl"
#include "kernels/product_s8.inl"
#include "kernels/peak.inl"
// clang-format on

constexpr Kernels fill_table(const char* isa) {
  Kernels k = reference_kernels(isa);
  k.product_s8 = &kProductS8;
  k.dot_loop_s8 = &dot_loop_s8;
  return k;
}
}  // namespace
}  // namespace neon_i8mm

constexpr Kernels kNeonI8mm = neon_i8mm::fill_table("neon_i8mm");

}  // namespace octavo
