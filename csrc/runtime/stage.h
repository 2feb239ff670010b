// Nodes that are prepared together and run one after the other. The first stage of a subgraph is
// all that can be prepared before data comes; what needs a value that the data decides is left for
// further stages, which are prepared while running.
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "ops/op.h"
#include "runtime/callees.h"

namespace octavo {

struct Observer;

struct Stage {
  Arena* memory = nullptr;
  CalleeScope* scope = nullptr;
  bool is_first = true;
  const Observer* observer = nullptr;  // of nodes that do their work while they are prepared
  bool has_state = false;              // one of the steps
  Span<int32_t> nodes;                 // by number; once prepared, those left for a later stage
  Status reason;                       // that the first one left has
  Span<Step> steps;                    // what invoke runs
  // Bytes of the memory that tensors and scratch share, and what they would take side by side.
  int64_t arena_bytes = 0, unshared_bytes = 0;
};

}  // namespace octavo
