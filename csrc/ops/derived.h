// What operators make of a file's constants, kept for all interpreters of a model: packed weights,
// multipliers, the values of nodes whose inputs are constants.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "graph/graph.h"
#include "kernels/table.h"

namespace octavo {

enum class Derived : int32_t {
  kValue,
  kDense,
  kMultipliers,
  kGemmColumns,
  kDepthwiseFilter,
  kLinearSum,
  kLut,
  kMatrices
};

// What else the bytes depend on than the operands as the file has them: options that a node may get
// from its neighbours, sizes that follow from an input's.
struct DerivedVariant {
  int32_t numbers[4];
};

// Equal keys, equal bytes.
struct DerivedKey {
  const Kernels* kernels;
  const TensorInfo* inputs[4];  // of the node, the first ones
  const TensorInfo* output;
  int64_t bytes;
  DerivedVariant variant;
  int32_t node;  // number in its subgraph
  Derived what;
};

// Lent by a host. Without one, every interpreter makes its own in its arena.
struct DerivedStore {
  using Fill = Status (*)(const void* task, void* memory);

  void* context = nullptr;
  // Finds the bytes of `key`, which stay as long as the model; fill(task, memory) makes them in
  // zeroed memory, aligned to Arena::kAlignment, unless another interpreter has. For several
  // threads at once.
  Status (*get)(void* context, const DerivedKey& key, Fill fill, const void* task,
                void** out) = nullptr;
};

}  // namespace octavo
