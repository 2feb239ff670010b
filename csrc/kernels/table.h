// A table of kernels: one per instruction set. The portable one is reference/ and nothing else.
#pragma once

#include "kernels/depthwise.h"
#include "kernels/gemm.h"
#include "kernels/linear_sum.h"
#include "reference/reference.h"

namespace octavo {

struct Kernels {
  const char* isa;
#define KERNEL(name) decltype(&reference::name) name;
#include "kernels/kernels.inc"
#undef KERNEL
  // What an operator takes instead of the function above, where it can. Null: nothing.
  const ImageS8* image_s8;
  const GemmS8* gemm_s8;
  const DepthwiseS8* depthwise_s8;
  LinearSum8 linear_sum_8;
  // Dot products and nothing else, for measuring; returns how many multiply-accumulates it did. No
  // operator's, and null where there are no dot products.
  int64_t (*dot_loop_s8)(int64_t rounds);
};

// A table that has the reference kernels throughout: what the others start from.
constexpr Kernels reference_kernels(const char* isa) {
  return {isa,
#define KERNEL(name) &reference::name,
#include "kernels/kernels.inc"
#undef KERNEL
          nullptr, nullptr, nullptr, nullptr, nullptr};
}

extern const Kernels kPortable;
#ifdef OCTAVO_X86_64
extern const Kernels kAvx2, kAvxVnni, kAvx512Vnni;
#endif

}  // namespace octavo
