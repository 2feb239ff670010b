#include "rewrites/nodes.h"

namespace octavo {

Status Nodes::count_uses() {
  OCTAVO_TRY(memory.make(static_cast<int64_t>(graph.tensors.size), uses));
  for (size_t i = 0; i < nodes.size; ++i) {
    for (int32_t t : nodes[i].node->inputs) {
      if (t != kNoTensor) ++uses[t].reads;
    }
    for (int32_t t : nodes[i].node->outputs) uses[t].writer = static_cast<int32_t>(i);
  }
  for (int32_t t : graph.outputs) ++uses[t].reads;
  return {};
}

RewrittenNode* Nodes::writer_for_one(int32_t tensor) const {
  if (tensor == kNoTensor) return nullptr;
  const Use& use = uses[tensor];
  return use.writer >= 0 && use.reads == 1 ? &nodes[use.writer] : nullptr;
}

Status Nodes::copy_node(RewrittenNode& to, Node** copy) const {
  OCTAVO_TRY(memory.make(*copy));
  **copy = *to.node;
  to.node = *copy;
  return {};
}

Status Nodes::copy_inputs(Node& node, Span<int32_t>* copy) const {
  OCTAVO_TRY(memory.make(static_cast<int64_t>(node.inputs.size), *copy));
  for (size_t i = 0; i < copy->size; ++i) (*copy)[i] = node.inputs[i];
  node.inputs = {copy->data, copy->size};
  return {};
}

bool mean_the_same(const TensorInfo& a, const TensorInfo& b) {
  if (a.type != b.type || a.is_blockwise() || b.is_blockwise()) return false;
  if (a.type == DType::kFloat32) return true;
  const Quantization &p = a.quantization, &q = b.quantization;
  return p.per_tensor() && q.per_tensor() && p.scale[0] == q.scale[0] && p.zero() == q.zero();
}

}  // namespace octavo
