// Rewrites of steps that are prepared: the same outputs, to the bit, in fewer steps.
#pragma once

#include "ops/op.h"

namespace octavo {

// A prepared subgraph.
struct Steps {
  const Subgraph& graph;
  Span<Tensor> tensors;
  Span<Step>& steps;
  const Kernels& kernels;
  const Workers& workers;
  Arena& memory;
};

// Operators that together compute a function of one element of 8 bits become one table of its 256
// values. The step of the last one looks up; the others are left for nobody to read.
Status fuse_lookups(const Steps& s);

// Convolutions one behind the other, each read by the next alone, with a large tensor between them,
// become one step that runs them on a few rows at a time. `reads`, by tensor: how often it is read.
// Steps whose work another does are left without an invoke.
Status fuse_bands(const Steps& s, Span<const int32_t> reads);

}  // namespace octavo
