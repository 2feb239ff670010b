#include "capi/custom_ops.h"

namespace octavo {
namespace {

struct CustomParams {
  const octavo_custom_op* op;
  octavo_node* node;
  Span<octavo_tensor> inputs;
};

void describe_operands(const Step& step, Span<octavo_tensor> inputs, octavo_tensor* outputs) {
  for (size_t i = 0; i < inputs.size; ++i) {
    inputs[i] = step.inputs[i] != nullptr ? c_tensor(*step.inputs[i]) : octavo_tensor{};
    if (step.inputs[i] == nullptr) inputs[i].rank = -1;
  }
  for (size_t i = 0; i < step.outputs.size; ++i) outputs[i] = c_tensor(*step.outputs[i]);
}

Status invoke_custom(const Step& step, const Workspace&) {
  const auto& p = step.params<CustomParams>();
  describe_operands(step, p.inputs, p.node->outputs);
  p.node->scratch = step.scratch_buffers.empty() ? nullptr : step.scratch_buffers[0].data;
  const char* wrong = p.op->invoke(p.op->context, p.node);
  return wrong != nullptr ? step.fail(wrong) : Status();
}

Status make_node(const PrepareContext& c, CustomParams& p) {
  Span<octavo_node> node;
  Span<octavo_tensor> outputs;
  OCTAVO_TRY(c.make_array(1, node));
  OCTAVO_TRY(c.make_array(c.input_count(), p.inputs));
  OCTAVO_TRY(c.make_array(c.output_count(), outputs));
  describe_operands(c.step, p.inputs, outputs.data);
  const Span<const uint8_t> options = c.step.node->custom_options;
  p.node = node.data;
  *p.node = {
      c.input_count(), c.output_count(), p.inputs.data, outputs.data, options.data, options.size, 0,
      nullptr};
  return {};
}

Status prepare_custom(PrepareContext& c, void* op) {
  CustomParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(make_node(c, *p));
  p->op = static_cast<const octavo_custom_op*>(op);
  c.step.invoke = &invoke_custom;
  c.step.is_pure = false;
  if (p->op->prepare == nullptr) return {};
  const char* wrong = p->op->prepare(p->op->context, p->node);
  if (wrong != nullptr) return c.fail(wrong);
  for (int32_t i = 0; i < c.output_count(); ++i) {
    const octavo_tensor& out = p->node->outputs[i];
    Shape shape;
    shape.rank = out.rank;
    if (out.rank < 0 || out.rank > kMaxRank) {
      return c.fail("gives output ", i, " ", out.rank, " dimensions, at most ", kMaxRank,
                    " are possible");
    }
    for (int32_t d = 0; d < out.rank; ++d) shape[d] = out.shape[d];
    OCTAVO_TRY(c.set_shape(i, shape));
  }
  if (p->node->scratch_bytes == 0) return {};
  constexpr auto kMost = static_cast<size_t>(kMaxElements);
  return c.add_scratch(static_cast<int64_t>(min(p->node->scratch_bytes, kMost + 1)));
}

}  // namespace

octavo_tensor c_tensor(const Tensor& t) {
  octavo_tensor out = {};
  out.data = t.data;
  out.bytes = static_cast<size_t>(t.bytes());
  out.type = static_cast<octavo_type>(t.type);
  out.rank = t.shape.rank;
  for (int32_t d = 0; d < t.shape.rank; ++d) out.shape[d] = t.shape[d];
  if (t.quantization().per_tensor()) {
    out.scale = t.scale();
    out.zero_point = t.zero_point();
  }
  return out;
}

Status make_custom_ops(const octavo_options& options, Arena& arena, Span<const CustomOp>& out) {
  Span<CustomOp> ops;
  OCTAVO_TRY(arena.make(max(options.custom_op_count, 0), ops));
  for (size_t i = 0; i < ops.size; ++i) {
    const octavo_custom_op& op = options.custom_ops[i];
    ops[i] = {op.name, &prepare_custom, const_cast<octavo_custom_op*>(&op)};
  }
  out = {ops.data, ops.size};
  return {};
}

}  // namespace octavo
