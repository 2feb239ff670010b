#include "runtime/interpreter.h"

#include <algorithm>

#include "base/math.h"
#include "rewrites/steps.h"
#include "runtime/sharing.h"

namespace octavo {
namespace {

bool is_in(Span<const int32_t> list, int32_t i) {
  for (int32_t x : list) {
    if (x == i) return true;
  }
  return false;
}

// Besides sparing the kernels a case, this bounds the time that a file's sizes can ask for: a shape
// with a dimension of 0 may have others of any length.
bool has_nothing_to_compute(const Step& step) {
  for (const Tensor* t : step.outputs) {
    if (t->shape.count() > 0) return false;
  }
  return !step.outputs.empty();
}

bool is_from_file(const Step& step) {
  for (const Tensor* t : step.inputs) {
    if (t != nullptr && !t->is_from_file) return false;
  }
  return true;
}

}  // namespace

Status Interpreter::create(const Subgraph& graph, const Kernels& kernels, const HostServices& host,
                           Arena& memory, Interpreter** out) {
  void* place;
  OCTAVO_TRY(memory.allocate(sizeof(Interpreter), alignof(Interpreter), &place));
  auto* self = new (place) Interpreter(graph, kernels, host, memory);
  const auto count = static_cast<int64_t>(graph.tensors.size);
  OCTAVO_TRY(memory.make(count, self->tensors_));
  OCTAVO_TRY(memory.make(count, self->kept_));
  for (size_t i = 0; i < graph.tensors.size; ++i) {
    const TensorInfo& info = graph.tensors[i];
    Tensor& t = self->tensors_[i];
    t.info = &info;
    t.type = info.type;
    t.shape = info.shape;
    // No operator writes to its inputs, nor reads sparse ones, whose bytes are not their elements.
    if (!info.is_sparse) t.data = const_cast<uint8_t*>(info.constant.data);
    t.is_known = t.is_from_file = t.data != nullptr;
    self->kept_[i] = t.is_known;
  }
  *out = self;
  return {};
}

Status Interpreter::resize_input(int32_t tensor, const Shape& shape) {
  if (!is_in(graph_.inputs, tensor)) {
    return Status::invalid("tensor ", tensor, " is no input: only inputs can be resized");
  }
  const TensorInfo& info = graph_.tensors[tensor];
  if (tensors_[tensor].is_known) return Status::invalid("input \"", info.name, "\" is a constant");
  if (!is_valid(shape)) {
    return Status::invalid("input \"", info.name, "\" cannot have shape ", shape);
  }
  tensors_[tensor].shape = shape;
  return {};
}

Status Interpreter::prepare(bool keep_all) {
  keeps_all_ = keep_all;
  OCTAVO_TRY(check_operators());
  OCTAVO_TRY(check_interface());
  OCTAVO_TRY(find_empty_tensors());
  OCTAVO_TRY(choose_nodes());
  OCTAVO_TRY(memory_.make(static_cast<int64_t>(graph_.nodes.size), steps_));
  steps_.size = 0;
  for (size_t i = 0; i < graph_.nodes.size; ++i) OCTAVO_TRY(prepare_node(static_cast<int32_t>(i)));
  if (!keeps_all_) {
    OCTAVO_TRY(fuse_lookups({graph_, tensors_, steps_, kernels_, memory_}));
    OCTAVO_TRY(drop_unread());
  }
  OCTAVO_TRY(plan());
  reset_variables();
  return {};
}

Status Interpreter::invoke(const Observer* observer) {
  const Status s = run_steps(observer);
  host_.workers.release();
  return s;
}

Status Interpreter::run_steps(const Observer* observer) const {
  const Workspace workspace{kernels_, host_.workers};
  for (const Step& step : steps_) {
    OCTAVO_TRY(step.invoke(step, workspace));
    if (observer != nullptr) observer->after(observer->context, step);
  }
  return {};
}

bool Interpreter::has_operator(const Node& node) const {
  if (node.code == Opcode::CUSTOM) {
    return find_custom_op(node.custom_code, host_.custom_ops) != nullptr;
  }
  return find_op(node.code) != nullptr;
}

Status Interpreter::prepare_operator(PrepareContext& c) const {
  const Node& node = *c.step.node;
  if (node.code != Opcode::CUSTOM) return find_op(node.code)->prepare(c);
  const CustomOp& op = *find_custom_op(node.custom_code, host_.custom_ops);
  return op.prepare(c, op.context);
}

// Says at once everything that is missing: each operator with the first node that needs it.
Status Interpreter::check_operators() const {
  constexpr size_t kMost = 16;
  const Node* missing[kMost];
  size_t count = 0;
  char list[400];
  Message m(list, sizeof(list));
  for (size_t i = 0; i < graph_.nodes.size && count < kMost && !m.is_full(); ++i) {
    const Node& node = graph_.nodes[i];
    auto is_same = [&](const Node* other) {
      return other->code == node.code && other->custom_code == node.custom_code;
    };
    if (has_operator(node) || std::any_of(missing, missing + count, is_same)) continue;
    m.add(count > 0 ? ", " : "");
    m.add(opcode_name(node.code));
    if (node.code == Opcode::CUSTOM) {
      m.add(" \"");
      m.add(node.custom_code);
      m.add("\"");
    }
    m.add(" (node ");
    m.add(i);
    m.add(")");
    missing[count++] = &node;
  }
  if (count == 0) return {};
  return Status::failed("the model uses operators that octavo does not have: ", list);
}

Status Interpreter::check_interface() const {
  for (Span<const int32_t> tensors : {graph_.inputs, graph_.outputs}) {
    for (int32_t i : tensors) {
      const TensorInfo& info = graph_.tensors[i];
      if (!info.is_sparse) continue;
      return Status::failed("tensor ", i, " \"", info.name,
                            "\", an input or output of the network, is sparse: store it densely");
    }
  }
  return {};
}

Status Interpreter::check_operands(const Step& step) const {
  for (size_t i = 0; i < step.inputs.size; ++i) {
    const Tensor* t = step.inputs[i];
    if (t == nullptr) continue;
    if (t->info->is_sparse) {
      return step.fail("input \"", t->info->name, "\" is sparse: store the constant densely");
    }
    const bool may_have_blocks = step.node->code == Opcode::FULLY_CONNECTED && i == 1;
    if (t->info->is_blockwise() && !may_have_blocks) {
      return step.fail(
          "input \"", t->info->name,
          "\" is quantized in blocks, which octavo runs as weights of FULLY_CONNECTED only");
    }
    if (dtype_info(t->type).bits == 0) {
      return step.fail("input \"", t->info->name, "\" has type ", t->type,
                       ", which octavo does not run");
    }
  }
  for (const Tensor* t : step.outputs) {
    if (dtype_info(t->type).bits == 0) {
      return step.fail("output \"", t->info->name, "\" has type ", t->type,
                       ", which octavo does not run");
    }
  }
  return {};
}

// A tensor without elements that nothing computes has its value: none.
Status Interpreter::find_empty_tensors() {
  Span<bool> is_given;  // by the caller or by a node
  OCTAVO_TRY(memory_.make(static_cast<int64_t>(tensors_.size), is_given));
  for (int32_t i : graph_.inputs) is_given[i] = true;
  for (const Node& node : graph_.nodes) {
    for (int32_t i : node.outputs) is_given[i] = true;
  }
  for (size_t i = 0; i < tensors_.size; ++i) {
    Tensor& t = tensors_[i];
    if (is_given[i] || t.data != nullptr || t.shape.count() > 0) continue;
    t.data = this;
    t.is_known = true;
  }
  return {};
}

// The subgraph's nodes, or what runs faster in their place.
Status Interpreter::choose_nodes() {
  OCTAVO_TRY(memory_.make(static_cast<int64_t>(graph_.nodes.size), nodes_));
  for (size_t i = 0; i < nodes_.size; ++i) nodes_[i].node = &graph_.nodes[i];
  if (keeps_all_) return {};
  Nodes nodes(graph_, memory_, nodes_);
  OCTAVO_TRY(nodes.count_uses());
  OCTAVO_TRY(use_half_weights(nodes));
  OCTAVO_TRY(fuse_padding(nodes));
  return fuse_activations(nodes);
}

Status Interpreter::prepare_node(int32_t index) {
  const Node& node = *nodes_[index].node;
  Step& step = steps_.data[steps_.size];
  step = Step{};
  step.node = &node;
  step.index = index;
  OCTAVO_TRY(memory_.make(static_cast<int64_t>(node.inputs.size), step.inputs));
  OCTAVO_TRY(memory_.make(static_cast<int64_t>(node.outputs.size), step.outputs));
  bool all_known = true;
  for (size_t i = 0; i < node.inputs.size; ++i) {
    if (node.inputs[i] == kNoTensor) continue;
    step.inputs[i] = &tensors_[node.inputs[i]];
    all_known = all_known && step.inputs[i]->is_known;
  }
  for (size_t i = 0; i < node.outputs.size; ++i) step.outputs[i] = &tensors_[node.outputs[i]];
  OCTAVO_TRY(check_operands(step));

  PrepareContext c(step, kernels_, host_.workers, host_.derived, memory_);
  OCTAVO_TRY(prepare_operator(c));
  if (step.invoke == nullptr) return {};  // prepare did all the work
  if (all_known && step.is_pure) return nodes_[index].is_unread ? Status() : run_while_preparing(c);
  if (nodes_[index].is_done) step.effect = Effect::kRenames;
  if (!has_nothing_to_compute(step)) ++steps_.size;
  return {};
}

// A node whose inputs are all known gives outputs that are known: shape arithmetic, decompressed
// weights.
Status Interpreter::run_while_preparing(const PrepareContext& c) {
  const Step& step = c.step;
  for (Scratch& scratch : step.scratch_buffers) {
    OCTAVO_TRY(memory_.allocate(scratch.bytes, Arena::kAlignment, &scratch.data));
  }
  if (step.outputs.size == 1 && !has_nothing_to_compute(step) && is_from_file(step)) {
    return share_value(c, *step.outputs[0]);
  }
  for (size_t i = 0; i < step.outputs.size; ++i) {
    void* value;
    OCTAVO_TRY(c.make_known(static_cast<int32_t>(i), value));
  }
  if (has_nothing_to_compute(step)) return {};
  return step.invoke(step, Workspace{kernels_, Workers()});
}

Status Interpreter::share_value(const PrepareContext& c, Tensor& output) const {
  const auto compute = [&](void* memory) {
    output.data = memory;
    return c.step.invoke(c.step, Workspace{kernels_, Workers()});
  };
  const bool is_rewritten = c.step.node != &graph_.nodes[c.step.index];
  OCTAVO_TRY(c.make_derived(Derived::kValue, {{is_rewritten}}, /*is_shareable=*/true,
                            output.bytes(), compute, &output.data));
  output.is_known = output.is_from_file = true;
  return {};
}

template <class Wanted>
void Interpreter::keep_steps(Wanted wanted) {
  size_t count = 0;
  for (const Step& step : steps_) {
    if (wanted(step)) steps_[count++] = step;
  }
  steps_.size = count;
}

// Leaves the steps whose outputs are read: by a step that stays, by the caller, or by the next run.
Status Interpreter::drop_unread() {
  Span<bool> is_read;
  OCTAVO_TRY(memory_.make(static_cast<int64_t>(tensors_.size), is_read));
  for (int32_t i : graph_.outputs) is_read[i] = true;
  for (size_t s = steps_.size; s-- > 0;) {
    Step& step = steps_[s];
    bool is_wanted = step.outputs.empty() || !step.is_pure;
    for (const Tensor* t : step.outputs) is_wanted = is_wanted || is_read[index_of(*t)];
    for (const Tensor* t : step.inputs) {
      is_wanted = is_wanted || (t != nullptr && t->info->is_variable);
    }
    if (!is_wanted) step.invoke = nullptr;
    for (const Tensor* t : step.inputs) {
      if (is_wanted && t != nullptr) is_read[index_of(*t)] = true;
    }
  }
  keep_steps([](const Step& step) { return step.invoke != nullptr; });
  return {};
}

// Gives every computed tensor and every scratch buffer its place in one block of memory.
Status Interpreter::plan() {
  const auto tensors = static_cast<int64_t>(tensors_.size);
  int64_t scratch_count = 0;
  for (const Step& step : steps_) scratch_count += static_cast<int64_t>(step.scratch_buffers.size);

  Span<PlannedBuffer> buffers;  // one a tensor, then one a scratch buffer
  Span<int32_t> places, order;
  OCTAVO_TRY(memory_.make(tensors + scratch_count, buffers));
  OCTAVO_TRY(memory_.make(tensors + scratch_count, order));
  OCTAVO_TRY(memory_.make(tensors, places));
  set_lifetimes(buffers);
  int64_t next = tensors;
  for (size_t s = 0; s < steps_.size; ++s) {
    const auto number = static_cast<int32_t>(s);
    for (const Scratch& scratch : steps_[s].scratch_buffers) {
      buffers[next++] = {scratch.bytes, number, number, 0};
    }
  }
  for (const PlannedBuffer& b : buffers) unshared_bytes_ += b.bytes;
  for (int64_t i = 0; i < tensors; ++i) places[i] = static_cast<int32_t>(i);
  if (!keeps_all_) share_buffers(steps_, tensors_.data, buffers, places);

  arena_bytes_ = plan_memory(buffers, order);
  void* block;
  OCTAVO_TRY(memory_.allocate(arena_bytes_, Arena::kAlignment, &block));
  auto address = [&](int64_t i) { return static_cast<uint8_t*>(block) + buffers[i].offset; };
  for (int64_t i = 0; i < tensors; ++i) {
    if (buffers[places[i]].last >= 0) tensors_[i].data = address(places[i]);
  }
  next = tensors;
  for (Step& step : steps_) {
    for (Scratch& scratch : step.scratch_buffers) scratch.data = address(next++);
  }
  keep_steps([](const Step& step) { return step.invoke != nullptr; });
  announce_reads();
  return {};
}

// Tells steps what the steps behind them read first.
void Interpreter::announce_reads() {
  Span<const uint8_t> next;
  for (size_t s = steps_.size; s-- > 0;) {
    steps_[s].read_next = next;
    if (!steps_[s].reads_first.empty()) next = steps_[s].reads_first;
  }
}

// A tensor is alive from the step that writes it to the last that reads it; one that the caller or
// the next run may touch, always. buffers[i].last stays negative where tensor i needs no memory.
void Interpreter::set_lifetimes(Span<PlannedBuffer> buffers) {
  const auto end = static_cast<int32_t>(steps_.size);
  for (PlannedBuffer& b : buffers) b = {0, end, -1, 0};
  for (int32_t s = 0; s < end; ++s) {
    for (Span<Tensor*> operands : {steps_[s].inputs, steps_[s].outputs}) {
      for (const Tensor* t : operands) {
        if (t == nullptr || t->is_known) continue;
        PlannedBuffer& b = buffers[index_of(*t)];
        b.first = min(b.first, s);
        b.last = max(b.last, s);
      }
    }
  }
  auto keep = [&](int32_t i, int32_t first) {
    kept_[i] = true;
    if (tensors_[i].is_known) return;
    buffers[i].first = min(buffers[i].first, first);
    buffers[i].last = end;
  };
  for (size_t i = 0; i < tensors_.size; ++i) {
    const auto number = static_cast<int32_t>(i);
    if (tensors_[i].is_known || graph_.tensors[i].is_variable ||
        (keeps_all_ && buffers[i].last >= 0)) {
      keep(number, 0);
    }
  }
  for (int32_t i : graph_.inputs) keep(i, 0);
  for (int32_t i : graph_.outputs) keep(i, end);
  for (size_t i = 0; i < tensors_.size; ++i) {
    if (buffers[i].last >= 0) buffers[i].bytes = tensors_[i].bytes();
  }
}

void Interpreter::reset_variables() {
  for (const Tensor& t : tensors_) {
    if (!t.info->is_variable || t.data == nullptr) continue;
    // An int8 variable's zero is its zero point, as in LiteRT; the other types' is the number.
    const int zero = t.type == DType::kInt8 ? static_cast<int>(t.info->quantization.zero()) : 0;
    memset(t.data, zero, static_cast<size_t>(t.bytes()));
  }
}

}  // namespace octavo
