#include "kernels/simd/avx512vnni.h"

#include "kernels/table.h"

namespace octavo {
namespace avx512vnni {
namespace {
#include "kernels/gemm.inl"
}  // namespace
}  // namespace avx512vnni

const Kernels kAvx512Vnni = {
    "avx512vnni",
#define KERNEL(name) &reference::name,
#include "kernels/kernels.inc"
#undef KERNEL
    &avx512vnni::kGemmS8,
};

}  // namespace octavo
