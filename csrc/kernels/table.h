// A table of kernels: one per instruction set. The portable one is reference/ and nothing else.
#pragma once

#include "reference/reference.h"

namespace octavo {

struct Kernels {
  const char* isa;
#define KERNEL(name) decltype(&reference::name) name;
#include "kernels/kernels.inc"
#undef KERNEL
};

extern const Kernels kPortable;

}  // namespace octavo
