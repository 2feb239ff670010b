#include "kernels/simd/avx2.h"

#include "kernels/table.h"

namespace octavo {
namespace avx2 {
namespace {
// clang-format off: the second uses the first.
#include "kernels/gemm.inl"
#include "kernels/depthwise.inl"
// clang-format on
}  // namespace
}  // namespace avx2

const Kernels kAvx2 = {
    "avx2",
#define KERNEL(name) &reference::name,
#include "kernels/kernels.inc"
#undef KERNEL
    &avx2::kGemmS8,
    &avx2::kDepthwiseS8,
};

}  // namespace octavo
