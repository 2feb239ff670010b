// DEQUANTIZE of float16 constants that an operator takes as its weights.
#include "rewrites/nodes.h"

namespace octavo {
namespace {

constexpr Opcode kWeighted[] = {Opcode::CONV_2D, Opcode::DEPTHWISE_CONV_2D, Opcode::FULLY_CONNECTED,
                                Opcode::TRANSPOSE_CONV};
constexpr size_t kFilter = 1;

bool takes_half_weights(const Subgraph& graph, const Node& node) {
  for (Opcode code : kWeighted) {
    if (node.code != code) continue;
    return node.inputs.size > kFilter && node.inputs[kFilter] != kNoTensor &&
           graph.tensors[node.inputs[kFilter]].type == DType::kFloat32;
  }
  return false;
}

// The float16 constant whose values a node gives, or kNoTensor.
int32_t half_constant(const Subgraph& graph, const Node& node) {
  if (node.code != Opcode::DEQUANTIZE || node.inputs.size != 1) return kNoTensor;
  const int32_t in = node.inputs[0];
  if (in == kNoTensor) return kNoTensor;
  const TensorInfo& t = graph.tensors[in];
  const bool is_half = t.type == DType::kFloat16 && t.constant.data != nullptr && !t.is_sparse;
  return is_half ? in : kNoTensor;
}

}  // namespace

Status use_half_weights(Nodes& nodes) {
  for (RewrittenNode& node : nodes.nodes) {
    if (!takes_half_weights(nodes.graph, *node.node)) continue;
    Nodes::Use& widened = nodes.uses[node.node->inputs[kFilter]];
    if (widened.writer < 0) continue;
    RewrittenNode& dequantize = nodes.nodes[widened.writer];
    const int32_t half = half_constant(nodes.graph, *dequantize.node);
    if (half == kNoTensor) continue;
    Node* copy;
    Span<int32_t> inputs;
    OCTAVO_TRY(nodes.copy_node(node, &copy));
    OCTAVO_TRY(nodes.copy_inputs(*copy, &inputs));
    inputs[kFilter] = half;
    ++nodes.uses[half].reads;
    dequantize.is_unread = --widened.reads == 0;
  }
  return {};
}

}  // namespace octavo
