#include "kernels/simd/avx2.h"

#include "kernels/table.h"

namespace octavo {
namespace avx2 {
namespace {
#include "kernels/gemm.inl"
}  // namespace
}  // namespace avx2

const Kernels kAvx2 = {
    "avx2",
#define KERNEL(name) &reference::name,
#include "kernels/kernels.inc"
#undef KERNEL
    &avx2::kGemmS8,
};

}  // namespace octavo
