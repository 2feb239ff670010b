// How operators that call subgraphs have the runtime prepare and run them.
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "base/span.h"
#include "graph/graph.h"

namespace octavo {

struct Step;
struct Tensor;

// A subgraph made ready for arguments of certain shapes. The caller writes to the inputs that are
// not known, runs it, and reads the outputs.
//
// Variable tensors last from one run to the next, but begin anew with every run of the caller's
// step: only the rounds of a loop see what those before have left.
struct Callee {
  Span<Tensor*> inputs, outputs;
  bool has_shapes = false;  // that of every output is known before it runs
  int32_t subgraph = 0;
  void (*reset_variables)(const Callee&) = nullptr;
  Status (*run)(const Callee&) = nullptr;
};

struct Argument {
  const Tensor* tensor;
  bool is_fixed;  // every run has this value, which is known
};

// Lent by the runtime.
struct Callees {
  void* context = nullptr;
  Span<Subgraph> subgraphs;
  // Prepares a subgraph. What it takes lasts as long as the caller's step, or as `memory`.
  Status (*make)(void* context, const Step& caller, int32_t subgraph,
                 Span<const Argument> arguments, Arena* memory, Callee** out) = nullptr;
};

}  // namespace octavo
