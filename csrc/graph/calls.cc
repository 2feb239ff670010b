#include "graph/calls.h"

#include "base/math.h"
#include "graph/options.h"

namespace octavo {
namespace {

constexpr int32_t kMostNested = 32;

class Walk {
 public:
  Walk(const Graph& graph, Span<int32_t> heights) : graph_(graph), heights_(heights) {}

  // Finds how deep the calls below a subgraph are nested.
  Status visit(int32_t subgraph, int32_t depth);

 private:
  static constexpr int32_t kUnknown = 0, kOnPath = -1;

  Status fail_recursion(int32_t subgraph, int32_t depth) const;
  Status fail_depth() const {
    return Status::invalid("subgraphs call each other more than ", kMostNested, " deep");
  }

  const Graph& graph_;
  Span<int32_t> heights_;  // of each subgraph: 1 without calls
  int32_t path_[kMostNested + 1];
};

Status Walk::fail_recursion(int32_t subgraph, int32_t depth) const {
  char chain[300];
  Message m(chain, sizeof(chain));
  int32_t first = 0;
  while (path_[first] != subgraph) ++first;
  for (int32_t i = first; i <= depth; ++i) {
    const int32_t number = i < depth ? path_[i] : subgraph;
    if (i > first) m.add(" calls ");
    m.add(number);
    m.add(" \"");
    m.add(graph_.subgraphs[number].name);
    m.add("\"");
  }
  return Status::invalid("subgraphs are recursive: ", chain);
}

Status Walk::visit(int32_t subgraph, int32_t depth) {
  if (heights_[subgraph] == kOnPath) return fail_recursion(subgraph, depth);
  if (heights_[subgraph] != kUnknown) return {};
  if (depth == kMostNested) return fail_depth();
  heights_[subgraph] = kOnPath;
  path_[depth] = subgraph;
  int32_t height = 1;
  const Span<Node> nodes = graph_.subgraphs[subgraph].nodes;
  for (size_t n = 0; n < nodes.size; ++n) {
    for (int32_t callee : called_subgraphs(nodes[n])) {
      if (callee < 0 || static_cast<size_t>(callee) >= graph_.subgraphs.size) {
        return Status::invalid("subgraph ", subgraph, ", node ", n, " (",
                               opcode_name(nodes[n].code), ") calls subgraph ", callee,
                               ", the file has ", graph_.subgraphs.size);
      }
      OCTAVO_TRY(visit(callee, depth + 1));
      height = max(height, heights_[callee] + 1);
    }
  }
  if (height > kMostNested) return fail_depth();
  heights_[subgraph] = height;
  return {};
}

}  // namespace

Span<const int32_t> called_subgraphs(const Node& node) {
  // Options that the file leaves out are the defaults: subgraph 0.
  switch (node.code) {
    case Opcode::CALL_ONCE:
    case Opcode::STABLEHLO_COMPOSITE:
      return {static_cast<const CallOptions*>(node.options)->subgraphs, 1};
    case Opcode::IF:
    case Opcode::WHILE:
      return {static_cast<const CallOptions*>(node.options)->subgraphs, 2};
    case Opcode::STABLEHLO_CASE:
      return static_cast<const CaseOptions*>(node.options)->branches;
    default:
      return {};
  }
}

Status check_calls(const Graph& graph, Arena& memory) {
  Span<int32_t> heights;
  OCTAVO_TRY(memory.make(static_cast<int64_t>(graph.subgraphs.size), heights));
  Walk walk(graph, heights);
  for (size_t i = 0; i < graph.subgraphs.size; ++i) {
    OCTAVO_TRY(walk.visit(static_cast<int32_t>(i), 0));
  }
  return {};
}

}  // namespace octavo
