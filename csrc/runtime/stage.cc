// How an Interpreter prepares the nodes of a stage.
#include "runtime/stage.h"

#include "base/math.h"
#include "rewrites/steps.h"
#include "runtime/interpreter.h"
#include "runtime/plan.h"
#include "runtime/sharing.h"

namespace octavo {
namespace {

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

bool reads_variable(const Step& step) {
  for (const Tensor* t : step.inputs) {
    if (t != nullptr && t->info->is_variable) return true;
  }
  return false;
}

// Leaves out the steps that have no invoke.
void keep_running(Span<Step>& steps) {
  size_t count = 0;
  for (const Step& step : steps) {
    if (step.invoke == nullptr) continue;
    if (&steps[count] != &step) steps[count] = step;
    ++count;
  }
  steps.size = count;
}

// Tells steps what the steps behind them read first.
void announce_reads(Span<Step> steps) {
  Span<const uint8_t> next;
  for (size_t s = steps.size; s-- > 0;) {
    steps[s].read_next = next;
    if (!steps[s].reads_first.empty()) next = steps[s].reads_first;
  }
}

}  // namespace

// Prepares the stage's nodes, but for those that have to wait for values of others.
Status Interpreter::prepare_stage(Stage& stage) {
  void* steps;
  OCTAVO_TRY(stage.memory->allocate(
      static_cast<int64_t>(stage.nodes.size) * static_cast<int64_t>(sizeof(Step)), alignof(Step),
      &steps));
  stage.steps = {static_cast<Step*>(steps), 0};
  stage.has_state = false;
  size_t left = 0;
  for (int32_t index : stage.nodes) {
    // Where others have to come first anyway, as most have in a late stage, nothing is tried.
    if (is_input_missing(index)) {
      stage.nodes[left++] = index;
      mark_deferred(index);
      continue;
    }
    const Status s = prepare_node(stage, index, /*is_behind_others=*/left > 0);
    if (s.code() == Status::Code::kTooEarly) {
      if (left == 0) stage.reason = s;
      stage.nodes[left++] = index;
      forget_outputs(index);
      continue;
    }
    OCTAVO_TRY(s);
    for (int32_t i : nodes_[index].node->outputs) is_missing_[i] = false;
  }
  stage.nodes.size = left;
  if (!keeps_all_) {
    Span<int32_t> reads;
    OCTAVO_TRY(stage.memory->make(static_cast<int64_t>(tensors_.size), reads));
    const Steps steps = {graph_, tensors_, stage.steps, kernels_, host_.workers, *stage.memory};
    OCTAVO_TRY(fuse_lookups(steps));
    drop_unread(stage, reads);
    OCTAVO_TRY(fuse_bands(steps, {reads.data, reads.size}));
    keep_running(stage.steps);
  }
  return plan(stage);
}

// Until the node has been prepared, its outputs are as the file has them.
void Interpreter::forget_outputs(int32_t node) {
  for (int32_t i : nodes_[node].node->outputs) {
    const TensorInfo& info = graph_.tensors[i];
    tensors_[i] = {&info, info.type, info.shape};
  }
  mark_deferred(node);
}

void Interpreter::mark_deferred(int32_t node) {
  for (int32_t i : nodes_[node].node->outputs) {
    is_missing_[i] = is_deferred_[i] = true;
    kept_[i] = false;
  }
}

bool Interpreter::is_input_missing(int32_t node) const {
  for (int32_t i : nodes_[node].node->inputs) {
    if (i != kNoTensor && is_missing_[i]) return true;
  }
  return false;
}

// Runs the nodes that could not be prepared before. Each stage has the first node left, for which
// all values it can ask for are there.
Status Interpreter::run_deferred(const Observer* observer) {
  OCTAVO_TRY(memory_.open(&run_memory_));
  Stage stage;
  stage.memory = run_memory_;
  OCTAVO_TRY(run_memory_->make(stage.scope));
  stage.scope->outer = scope_;
  run_scope_ = stage.scope;
  stage.is_first = false;
  stage.observer = observer;
  OCTAVO_TRY(run_memory_->make(static_cast<int64_t>(first_.nodes.size), stage.nodes));
  for (size_t i = 0; i < first_.nodes.size; ++i) stage.nodes[i] = first_.nodes[i];
  while (!stage.nodes.empty()) {
    const size_t before = stage.nodes.size;
    OCTAVO_TRY(prepare_stage(stage));
    if (stage.nodes.size == before) return Status::failed(stage.reason.message());
    OCTAVO_TRY(run_steps(stage.steps, observer));
    deferred_bytes_ += stage.arena_bytes;
    deferred_unshared_bytes_ += stage.unshared_bytes;
  }
  return {};
}

void Interpreter::forget_deferred() {
  if (run_memory_ == nullptr) return;
  memory_.close(run_memory_);
  run_memory_ = nullptr;
  run_scope_ = nullptr;
  deferred_bytes_ = deferred_unshared_bytes_ = 0;
  for (int32_t node : first_.nodes) forget_outputs(node);
}

Status Interpreter::prepare_node(Stage& stage, int32_t index, bool is_behind_others) {
  const Node& node = *nodes_[index].node;
  Step& step = *::new (static_cast<void*>(stage.steps.end())) Step{};
  step.node = &node;
  step.index = index;
  OCTAVO_TRY(stage.memory->make(static_cast<int64_t>(node.inputs.size), step.inputs));
  OCTAVO_TRY(stage.memory->make(static_cast<int64_t>(node.outputs.size), step.outputs));
  OCTAVO_TRY(stage.memory->make(static_cast<int64_t>(node.intermediates.size), step.intermediates));
  bool all_known = true;
  for (size_t i = 0; i < node.inputs.size; ++i) {
    if (node.inputs[i] == kNoTensor) continue;
    step.inputs[i] = &tensors_[node.inputs[i]];
    all_known = all_known && step.inputs[i]->is_known;
  }
  for (size_t i = 0; i < node.outputs.size; ++i) step.outputs[i] = &tensors_[node.outputs[i]];
  for (size_t i = 0; i < node.intermediates.size; ++i) {
    step.intermediates[i] = &tensors_[node.intermediates[i]];
  }
  OCTAVO_TRY(check_operands(step));

  // In the first stage nothing has run.
  const bool is_turn = !stage.is_first && !stage.has_state && !is_behind_others;
  CalleeMaker callees(*this, stage);
  PrepareContext c(step, kernels_, host_.workers, host_.derived, *stage.memory,
                   {callees.lend(), host_.session, is_turn});
  OCTAVO_TRY(prepare_operator(c));
  const auto tell = [&] {
    if (stage.observer != nullptr) stage.observer->after(stage.observer->context, step);
    return Status();
  };
  if (step.invoke == nullptr) return tell();  // prepare did all the work
  const bool has_state = !step.is_pure || reads_variable(step);
  // What has state runs in the file's order.
  if (has_state && is_behind_others) return Status::too_early();
  stage.has_state = stage.has_state || has_state;
  if (all_known && !has_state) {
    if (nodes_[index].is_unread) return {};
    OCTAVO_TRY(run_while_preparing(stage, c));
    return tell();
  }
  if (nodes_[index].is_done) {
    static constexpr int64_t kWhole = 0;
    step.effect = Effect::kRenames;
    step.renaming = {0, {&kWhole, 1}};
  }
  if (!step.is_pure || !has_nothing_to_compute(step)) ++stage.steps.size;
  return {};
}

// A node whose inputs are all known gives outputs that are known: shape arithmetic, decompressed
// weights.
Status Interpreter::run_while_preparing(const Stage& stage, const PrepareContext& c) {
  const Step& step = c.step;
  for (Scratch& scratch : step.scratch_buffers) {
    OCTAVO_TRY(stage.memory->allocate(scratch.bytes, Arena::kAlignment, &scratch.data));
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

// Leaves the steps whose outputs are read: by a step that stays, a node of a later stage, the
// caller, or the next run. Counts for each tensor how often it is read.
void Interpreter::drop_unread(Stage& stage, Span<int32_t> reads) {
  for (int32_t i : graph_.outputs) ++reads[i];
  for (int32_t node : stage.nodes) {
    for (int32_t i : nodes_[node].node->inputs) {
      if (i != kNoTensor) ++reads[i];
    }
  }
  for (size_t s = stage.steps.size; s-- > 0;) {
    Step& step = stage.steps[s];
    bool is_wanted = step.outputs.empty() || !step.is_pure || reads_variable(step);
    for (const Tensor* t : step.outputs) is_wanted = is_wanted || reads[index_of(*t)] > 0;
    if (!is_wanted) step.invoke = nullptr;
    for (const Tensor* t : step.inputs) {
      if (is_wanted && t != nullptr) ++reads[index_of(*t)];
    }
  }
  keep_running(stage.steps);
}

// Gives every tensor that the stage computes and every scratch buffer its place in one block of
// memory.
Status Interpreter::plan(Stage& stage) {
  const Span<Step> steps = stage.steps;
  const auto tensors = static_cast<int64_t>(tensors_.size);
  int64_t scratch_count = 0;
  for (const Step& step : steps) scratch_count += static_cast<int64_t>(step.scratch_buffers.size);

  Span<PlannedBuffer> buffers;  // one a tensor, then one a scratch buffer
  Span<Place> places;
  Span<int32_t> room;
  OCTAVO_TRY(stage.memory->make(tensors + scratch_count, buffers));
  OCTAVO_TRY(stage.memory->make((tensors + scratch_count) * kPlanNumbers, room));
  OCTAVO_TRY(stage.memory->make(tensors, places));
  set_lifetimes(stage, buffers);
  int64_t next = tensors;
  for (size_t s = 0; s < steps.size; ++s) {
    const auto number = static_cast<int32_t>(s);
    for (const Scratch& scratch : steps[s].scratch_buffers) {
      buffers[next++] = {scratch.bytes, number, number, 0};
    }
  }
  stage.unshared_bytes = 0;
  for (const PlannedBuffer& b : buffers) stage.unshared_bytes += b.bytes;
  for (int64_t i = 0; i < tensors; ++i) places[i] = {static_cast<int32_t>(i), 0};
  if (!keeps_all_) share_buffers(steps, tensors_.data, buffers, places);

  stage.arena_bytes = plan_memory(buffers, room);
  void* block;
  OCTAVO_TRY(stage.memory->allocate(stage.arena_bytes, Arena::kAlignment, &block));
  auto address = [&](int64_t i) { return static_cast<uint8_t*>(block) + buffers[i].offset; };
  for (int64_t i = 0; i < tensors; ++i) {
    if (buffers[places[i].buffer].last < 0) continue;
    tensors_[i].data = address(places[i].buffer) + places[i].offset;
  }
  next = tensors;
  for (Step& step : steps) {
    for (Scratch& scratch : step.scratch_buffers) scratch.data = address(next++);
  }
  keep_running(stage.steps);
  announce_reads(stage.steps);
  return {};
}

// A tensor is alive from the step that writes it to the last that reads it; one that the caller, a
// later stage or the next run may touch, to the end. buffers[i].last stays negative where tensor i
// needs no memory, or has it already.
void Interpreter::set_lifetimes(const Stage& stage, Span<PlannedBuffer> buffers) {
  const auto end = static_cast<int32_t>(stage.steps.size);
  for (PlannedBuffer& b : buffers) b = {0, end, -1, 0};
  for (int32_t s = 0; s < end; ++s) {
    for (Span<Tensor*> operands : {stage.steps[s].inputs, stage.steps[s].outputs}) {
      for (const Tensor* t : operands) {
        if (t == nullptr || t->data != nullptr) continue;
        PlannedBuffer& b = buffers[index_of(*t)];
        b.first = min(b.first, s);
        b.last = max(b.last, s);
      }
    }
  }
  auto keep = [&](int32_t i, int32_t first) {
    if (is_missing_[i]) return;
    kept_[i] = true;
    if (tensors_[i].data != nullptr) return;
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
  for (int32_t node : stage.nodes) {
    for (int32_t i : nodes_[node].node->inputs) {
      if (i != kNoTensor) keep(i, end);
    }
  }
  for (size_t i = 0; i < tensors_.size; ++i) {
    if (buffers[i].last >= 0) buffers[i].bytes = tensors_[i].bytes();
  }
}

}  // namespace octavo
