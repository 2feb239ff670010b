// The forms of products of matrices that there are: a table has those that products.inc lists.
#pragma once

#include <cstdint>

#include "kernels/depthwise.h"
#include "kernels/gemm.h"

namespace octavo {

struct Product {
  int32_t in_bytes, out_bytes;  // of an element of a tensor
  GemmKernel gemm;
  DepthwiseKernel depthwise;
  DirectDepthwiseKernel direct_depthwise;
  // Of products of floats that are no depthwise ones: how much of a sum one step may round away.
  float rounding = 0x1p-24f;
};

}  // namespace octavo
