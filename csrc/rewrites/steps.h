// Rewrites of steps that are prepared: the same outputs, to the bit, in fewer steps.
#pragma once

#include "ops/op.h"

namespace octavo {

// A prepared subgraph.
struct Steps {
  const Subgraph& graph;
  Span<Tensor> tensors;
  Span<Step> steps;
  const Kernels& kernels;
  Arena& memory;
};

// Operators that together compute a function of one element of 8 bits become one table of its 256
// values. The step of the last one looks up; the others are left for nobody to read.
Status fuse_lookups(const Steps& s);

}  // namespace octavo
