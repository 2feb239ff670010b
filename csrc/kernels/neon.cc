#include "kernels/simd/neon.h"

#include "kernels/simd/neon_bytes.h"
#include "kernels/simd/neon_floats.h"
#include "kernels/simd/neon_words.h"
#include "kernels/table.h"

namespace octavo {
namespace neon {
namespace {
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
}  // namespace
}  // namespace neon

constexpr Kernels kNeon = neon::fill_table("neon");

}  // namespace octavo
