#include "runtime/operators.h"

#include <algorithm>

#include "graph/calls.h"

namespace octavo {
namespace {

// The numbers of a subgraph and of all that it calls, itself first.
Status find_reachable(const Subgraph& graph, Arena& memory, Span<int32_t>* out) {
  Span<bool> is_found;
  OCTAVO_TRY(memory.make(static_cast<int64_t>(graph.all.size), is_found));
  OCTAVO_TRY(memory.make(static_cast<int64_t>(graph.all.size), *out));
  out->size = 0;
  auto add = [&](int32_t number) {
    if (!is_found[number]) out->data[out->size++] = number;
    is_found[number] = true;
  };
  add(graph.number());
  for (size_t i = 0; i < out->size; ++i) {
    for (const Node& node : graph.all[(*out)[i]].nodes) {
      for (int32_t callee : called_subgraphs(node)) add(callee);
    }
  }
  return {};
}

class MissingOperators {
 public:
  MissingOperators() : message_(list_, sizeof(list_)) {}

  const char* list() const { return list_; }
  bool is_full() const { return count_ == kMost || message_.is_full(); }

  void add(const Node& node, int32_t subgraph, size_t number) {
    auto is_same = [&](const Node* other) {
      return other->code == node.code && other->custom_code == node.custom_code;
    };
    if (std::any_of(nodes_, nodes_ + count_, is_same)) return;
    message_.add(count_ > 0 ? ", " : "");
    message_.add(opcode_name(node.code));
    if (node.code == Opcode::CUSTOM) {
      message_.add(" \"");
      message_.add(node.custom_code);
      message_.add("\"");
    }
    message_.add(" (");
    if (subgraph > 0) {
      message_.add("subgraph ");
      message_.add(subgraph);
      message_.add(", ");
    }
    message_.add("node ");
    message_.add(number);
    message_.add(")");
    nodes_[count_++] = &node;
  }

 private:
  static constexpr size_t kMost = 16;

  const Node* nodes_[kMost];
  size_t count_ = 0;
  char list_[400];
  Message message_;
};

}  // namespace

bool has_operator(const Node& node, Span<const CustomOp> given) {
  if (node.code == Opcode::CUSTOM) return find_custom_op(node.custom_code, given) != nullptr;
  return find_op(node.code) != nullptr;
}

Status check_operators(const Subgraph& graph, Span<const CustomOp> given, Arena& memory) {
  Span<int32_t> reachable;
  OCTAVO_TRY(find_reachable(graph, memory, &reachable));
  MissingOperators missing;
  for (int32_t subgraph : reachable) {
    const Span<Node> nodes = graph.all[subgraph].nodes;
    for (size_t i = 0; i < nodes.size && !missing.is_full(); ++i) {
      if (!has_operator(nodes[i], given)) missing.add(nodes[i], subgraph, i);
    }
  }
  if (*missing.list() == 0) return {};
  return Status::failed("the model uses operators that octavo does not have: ", missing.list());
}

}  // namespace octavo
