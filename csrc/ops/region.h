// The bodies of StableHLO's regions: subgraphs that say what becomes of two elements.
#pragma once

#include "ops/op.h"
#include "reference/combine.h"

namespace octavo {

// What subgraph `number` does, which consists of one operator; kReplace where it is empty.
Status read_region(const PrepareContext& c, int32_t number, reference::Combine& how);

}  // namespace octavo
