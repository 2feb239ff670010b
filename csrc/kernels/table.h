// A table of kernels: one per instruction set. The portable one is reference/ and nothing else.
#pragma once

#include "kernels/linear_sum.h"
#include "kernels/product.h"
#include "kernels/thresholds.h"
#include "reference/reference.h"

namespace octavo {

struct Kernels {
  const char* isa;
#define KERNEL(name) decltype(&reference::name) name;
#include "kernels/kernels.inc"
#undef KERNEL
  // What an operator takes instead of the function above, where it can. Null: nothing.
#define PRODUCT(form) const Product* product_##form;
#include "kernels/products.inc"
#undef PRODUCT
  LinearSum8 linear_sum_8;
  CompareThresholds8 compare_thresholds_8;
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
#define PRODUCT(form) nullptr,
#include "kernels/products.inc"
#undef PRODUCT
          nullptr, nullptr, nullptr};
}

extern const Kernels kPortable;
#ifdef OCTAVO_X86_64
extern const Kernels kAvx2, kAvxVnni, kAvx512Vnni;
#endif
#ifdef OCTAVO_AARCH64
extern const Kernels kNeon, kNeonDot, kNeonFp16, kNeonI8mm;
#endif

}  // namespace octavo
