// Which subgraphs a node calls.
#pragma once

#include "graph/graph.h"

namespace octavo {

// Their numbers, in the order of the options: IF then else, WHILE condition body.
Span<const int32_t> called_subgraphs(const Node& node);

// Every subgraph that is called is there, none calls itself, directly or through others, and calls
// are not nested too deeply for the stack.
Status check_calls(const Graph& graph, Arena& memory);

}  // namespace octavo
