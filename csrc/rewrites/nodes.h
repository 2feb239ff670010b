// Rewrites of nodes, before an interpreter prepares them: the same outputs, to the bit, in fewer
// steps. A Subgraph is shared and stays as it is; a node that changes is a copy.
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "graph/graph.h"

namespace octavo {

struct RewrittenNode {
  const Node* node = nullptr;  // of the subgraph, or what takes its place
  bool is_done = false;        // by the node before it: the output is the input
  bool is_unread = false;      // no node or caller reads its output any more
};

struct Nodes {
  struct Use {
    int32_t writer = -1;  // a node's number
    int32_t reads = 0;    // operands, and one for an output of the network
  };

  Nodes(const Subgraph& graph, Arena& memory, Span<RewrittenNode> nodes)
      : graph(graph), memory(memory), nodes(nodes) {}
  Status count_uses();

  // The node that writes `tensor`, where a single operand reads it. Else null.
  RewrittenNode* writer_for_one(int32_t tensor) const;

  // Copies, in the place of the originals, to be changed.
  Status copy_node(RewrittenNode& to, Node** copy) const;
  Status copy_inputs(Node& node, Span<int32_t>* copy) const;
  template <class Options>
  Status copy_options(Node& node, Options** copy) const {
    OCTAVO_TRY(memory.make(*copy));
    **copy = *static_cast<const Options*>(node.options);
    node.options = *copy;
    return {};
  }

  const Subgraph& graph;
  Arena& memory;
  Span<RewrittenNode> nodes;  // by number
  Span<Use> uses;             // by tensor
};

// Both hold numbers that mean the same: of one type, and of one scale and zero point where that is
// an integer.
bool mean_the_same(const TensorInfo& a, const TensorInfo& b);

// A convolution of integers reads what a PAD before it reads, and has its border of zeros itself.
Status fuse_padding(Nodes& nodes);

// Weights that a DEQUANTIZE makes of a float16 constant are read as that, half as large.
Status use_half_weights(Nodes& nodes);

// An operator that can clamp its output does the work of a RELU, RELU6 or RELU_N1_TO_1 behind it.
Status fuse_activations(Nodes& nodes);

}  // namespace octavo
