#include "kernels/simd/avx512vnni.h"

#include "kernels/table.h"

namespace octavo {
namespace avx512vnni {
namespace {
// clang-format off: the second uses the first.
#include "kernels/gemm.inl"
#include "kernels/depthwise.inl"
// clang-format on
}  // namespace
}  // namespace avx512vnni

const Kernels kAvx512Vnni = {
    "avx512vnni",
#define KERNEL(name) &reference::name,
#include "kernels/kernels.inc"
#undef KERNEL
    &avx512vnni::kGemmS8,
    &avx512vnni::kDepthwiseS8,
};

}  // namespace octavo
