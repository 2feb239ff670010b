// PAD, PADV2 before CONV_2D, DEPTHWISE_CONV_2D. Outside its image a convolution sees zeros, as it
// does in a border of the input's zero point.
#include "graph/options.h"
#include "ops/axis.h"
#include "rewrites/nodes.h"

namespace octavo {
namespace {

bool is_padded_convolution(const Node& node) {
  if (node.code != Opcode::CONV_2D && node.code != Opcode::DEPTHWISE_CONV_2D) return false;
  return node.inputs.size >= 2 &&
         static_cast<const Conv2DOptions*>(node.options)->padding == Padding::kValid;
}

// Sums of integers do not change by the zeros left out; those of float32 may, in another order. A
// CONV_2D with weights of int8 makes its input integers, in a range that 0 always belongs to; but
// by 1x1 in ranges of its pixels, which it has not where there is a border.
bool sums_integers(const Subgraph& graph, const Node& conv) {
  switch (graph.tensors[conv.inputs[0]].type) {
    case DType::kInt8:
    case DType::kUInt8:
    case DType::kInt16:
      return true;
    case DType::kFloat32: {
      if (conv.code != Opcode::CONV_2D || conv.inputs[1] == kNoTensor) return false;
      const TensorInfo& filter = graph.tensors[conv.inputs[1]];
      const Shape& s = filter.shape;
      return filter.type == DType::kInt8 && s.rank == 4 && (s[1] != 1 || s[2] != 1);
    }
    default:
      return false;
  }
}

bool is_constant(const TensorInfo& t) { return t.constant.data != nullptr && !t.is_sparse; }

// Whether the constant is one element that stands for 0.
bool is_zero(const TensorInfo& t) {
  if (!is_constant(t) || t.shape.count() != 1) return false;
  const int64_t zero = t.type == DType::kFloat32 ? 0 : t.quantization.zero();
  for (size_t i = 0; i < t.constant.size; ++i) {
    if (t.constant[i] != static_cast<uint8_t>(zero >> (8 * i))) return false;
  }
  return true;
}

// The border that a PAD gives the height and the width of images. False where it does anything
// else.
bool read_border(const Subgraph& graph, const Node& pad, Border* border) {
  if (pad.code != Opcode::PAD && pad.code != Opcode::PADV2) return false;
  if (pad.inputs.size < 2 || pad.inputs[0] == kNoTensor || pad.inputs[1] == kNoTensor) return false;
  const TensorInfo& paddings = graph.tensors[pad.inputs[1]];
  const bool is_integer = paddings.type == DType::kInt32 || paddings.type == DType::kInt64;
  if (!is_integer || !is_constant(paddings) || paddings.shape != make_shape(4, 2)) return false;
  if (!mean_the_same(graph.tensors[pad.inputs[0]], graph.tensors[pad.outputs[0]])) return false;
  if (pad.inputs.size > 2 && pad.inputs[2] != kNoTensor && !is_zero(graph.tensors[pad.inputs[2]])) {
    return false;
  }

  Tensor t;
  t.type = paddings.type;
  t.data = const_cast<uint8_t*>(paddings.constant.data);
  int32_t at[8];
  for (int32_t i = 0; i < 8; ++i) {
    const int64_t padding = integer_at(t, i);
    if (padding < 0 || padding > INT32_MAX) return false;
    at[i] = static_cast<int32_t>(padding);
  }
  *border = {at[2], at[3], at[4], at[5]};
  return at[0] == 0 && at[1] == 0 && at[6] == 0 && at[7] == 0;
}

}  // namespace

// What else a PAD wants it checks itself: it is prepared, and that its output has no reader left
// spares its step alone.
Status fuse_padding(Nodes& nodes) {
  for (RewrittenNode& conv : nodes.nodes) {
    if (!is_padded_convolution(*conv.node)) continue;
    const RewrittenNode* pad = nodes.writer_for_one(conv.node->inputs[0]);
    Border border;
    if (pad == nullptr || !sums_integers(nodes.graph, *conv.node)) continue;
    if (!read_border(nodes.graph, *pad->node, &border)) continue;
    Node* copy;
    Span<int32_t> inputs;
    Conv2DOptions* options;
    OCTAVO_TRY(nodes.copy_node(conv, &copy));
    OCTAVO_TRY(nodes.copy_inputs(*copy, &inputs));
    OCTAVO_TRY(nodes.copy_options(*copy, &options));
    inputs[0] = pad->node->inputs[0];
    options->border = border;
  }
  return {};
}

}  // namespace octavo
