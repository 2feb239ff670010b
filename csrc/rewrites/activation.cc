// RELU, RELU6, RELU_N1_TO_1 behind an operator that can clamp.
#include "graph/options.h"
#include "rewrites/nodes.h"

namespace octavo {
namespace {

struct Rectifier {
  Opcode code;
  Activation activation;
};

constexpr Rectifier kRectifiers[] = {
    {Opcode::RELU, Activation::kRelu},
    {Opcode::RELU6, Activation::kRelu6},
    {Opcode::RELU_N1_TO_1, Activation::kReluN1To1},
};

template <class Options>
Status fuse(Nodes& nodes, RewrittenNode& node, Activation activation, bool* is_fused) {
  if (static_cast<const Options*>(node.node->options)->activation != Activation::kNone) return {};
  Node* copy;
  Options* options;
  OCTAVO_TRY(nodes.copy_node(node, &copy));
  OCTAVO_TRY(nodes.copy_options(*copy, &options));
  options->activation = activation;
  *is_fused = true;
  return {};
}

struct Clamping {
  Opcode code;
  Status (*fuse)(Nodes&, RewrittenNode&, Activation, bool*);
};

constexpr Clamping kClamping[] = {
    {Opcode::ADD, &fuse<BinaryOptions>},
    {Opcode::CONV_2D, &fuse<Conv2DOptions>},
    {Opcode::DEPTHWISE_CONV_2D, &fuse<Conv2DOptions>},
    {Opcode::FULLY_CONNECTED, &fuse<FullyConnectedOptions>},
    {Opcode::MUL, &fuse<BinaryOptions>},
    {Opcode::SUB, &fuse<BinaryOptions>},
    {Opcode::TRANSPOSE_CONV, &fuse<Conv2DOptions>},
};

template <class Entry, size_t n>
const Entry* find(const Entry (&table)[n], Opcode code) {
  for (const Entry& entry : table) {
    if (entry.code == code) return &entry;
  }
  return nullptr;
}

}  // namespace

// Between tensors of one scale a rectifier requantizes by 1, which changes nothing: it only clamps.
Status fuse_activations(Nodes& nodes) {
  for (RewrittenNode& node : nodes.nodes) {
    const Rectifier* rectifier = find(kRectifiers, node.node->code);
    if (rectifier == nullptr || node.node->inputs.size != 1 || node.node->outputs.size != 1) {
      continue;
    }
    const int32_t in = node.node->inputs[0], out = node.node->outputs[0];
    RewrittenNode* before = nodes.writer_for_one(in);
    if (before == nullptr || !mean_the_same(nodes.graph.tensors[in], nodes.graph.tensors[out])) {
      continue;
    }
    const Clamping* clamping = find(kClamping, before->node->code);
    if (clamping == nullptr) continue;
    OCTAVO_TRY(clamping->fuse(nodes, *before, rectifier->activation, &node.is_done));
  }
  return {};
}

}  // namespace octavo
