// Which operators a network needs, and whether they are there.
#pragma once

#include "base/arena.h"
#include "ops/op.h"

namespace octavo {

// Whether it is among octavo's operators or those `given`.
bool has_operator(const Node& node, Span<const CustomOp> given);

// An error lists all that the subgraph and those it calls miss: each operator with the first node
// that needs it.
Status check_operators(const Subgraph& graph, Span<const CustomOp> given, Arena& memory);

}  // namespace octavo
