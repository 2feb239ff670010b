#include "kernels/simd/avx512vnni.h"

#include "kernels/simd/avx512_bytes.h"
#include "kernels/simd/avx512_floats.h"
#include "kernels/table.h"

namespace octavo {
namespace avx512vnni {
namespace {
// clang-format off: the first has what the others use.
#include "kernels/requantize.inl"
#include "kernels/rescale_lifted.inl"
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
}  // namespace avx512vnni

constexpr Kernels kAvx512Vnni = avx512vnni::fill_table("avx512vnni");

}  // namespace octavo
