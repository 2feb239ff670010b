#include "runtime/interpreter.h"

#include "ops/sparse.h"
#include "runtime/operators.h"

namespace octavo {
namespace {

bool is_in(Span<const int32_t> list, int32_t i) {
  for (int32_t x : list) {
    if (x == i) return true;
  }
  return false;
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
  OCTAVO_TRY(memory.make(count, self->is_deferred_));
  OCTAVO_TRY(memory.make(count, self->is_missing_));
  if (self->host_.session == nullptr) {
    OCTAVO_TRY(memory.allocate(sizeof(Session), alignof(Session), &place));
    self->host_.session = new (place) Session(memory);
  }
  OCTAVO_TRY(self->session().set_subgraph_count(graph.all.size));
  for (size_t i = 0; i < graph.tensors.size; ++i) {
    const TensorInfo& info = graph.tensors[i];
    Tensor& t = self->tensors_[i];
    t.info = &info;
    t.type = info.type;
    t.shape = info.shape;
    // No operator writes to its inputs. The bytes of sparse ones are not their elements.
    if (!info.is_sparse) t.data = const_cast<uint8_t*>(info.constant.data);
    t.is_known = t.is_from_file = t.data != nullptr;
    self->kept_[i] = t.is_known;
  }
  *out = self;
  return {};
}

Status Interpreter::create_callee(const Subgraph& graph, Arena& memory, CalleeScope& scope,
                                  Interpreter** out) const {
  OCTAVO_TRY(create(graph, kernels_, host_, memory, out));
  (*out)->scope_ = &scope;
  return {};
}

Status Interpreter::resize_input(int32_t tensor, const Shape& shape) {
  if (!is_in(graph_.inputs, tensor)) {
    return Status::invalid("tensor ", tensor, " is no input: only inputs can be resized");
  }
  return set_input_shape(tensor, shape);
}

Status Interpreter::set_input_shape(int32_t tensor, const Shape& shape) {
  const TensorInfo& info = graph_.tensors[tensor];
  if (tensors_[tensor].is_known) return Status::invalid("input \"", info.name, "\" is a constant");
  if (!is_valid(shape)) {
    return Status::invalid("input \"", info.name, "\" cannot have shape ", shape);
  }
  tensors_[tensor].shape = shape;
  return {};
}

Status Interpreter::fix_input(int32_t tensor, void* data) {
  Tensor& t = tensors_[tensor];
  if (t.is_known || t.info->is_variable) {
    return Status::invalid("input \"", t.info->name, "\" has a value of its own");
  }
  t.data = data;
  t.is_known = true;
  return {};
}

Status Interpreter::prepare(bool keep_all) {
  keeps_all_ = keep_all;
  OCTAVO_TRY(check_operators());
  OCTAVO_TRY(check_interface());
  OCTAVO_TRY(expand_sparse());
  OCTAVO_TRY(find_empty_tensors());
  OCTAVO_TRY(choose_nodes());
  first_.memory = &memory_;
  first_.scope = scope_;
  OCTAVO_TRY(memory_.make(static_cast<int64_t>(graph_.nodes.size), first_.nodes));
  for (size_t i = 0; i < first_.nodes.size; ++i) first_.nodes[i] = static_cast<int32_t>(i);
  OCTAVO_TRY(prepare_stage(first_));
  if (!first_.nodes.empty() && !memory_.has_heap()) return Status::failed(first_.reason.message());
  reset_variables();
  return {};
}

Status Interpreter::invoke(const Observer* observer) {
  session().begin_run();
  last_run_ = session().calls();
  const bool sees_callees = observer != nullptr && observer->before != nullptr;
  session().set_callee_observer(sees_callees ? observer : nullptr);
  const Status s = run(observer);
  session().set_callee_observer(nullptr);
  host_.workers.release();
  return s;
}

Status Interpreter::run(const Observer* observer) {
  forget_deferred();
  if (observer != nullptr && observer->before != nullptr) {
    observer->before(observer->context, *this);
  }
  OCTAVO_TRY(run_steps(first_.steps, observer));
  return first_.nodes.empty() ? Status() : run_deferred(observer);
}

Status Interpreter::run_called() {
  if (!session().count_call()) {
    return Status::failed("subgraphs have been called ", Session::kCallsPerIteration, " x ",
                          session().max_loop_iterations(),
                          " times, the most that max_loop_iterations allows");
  }
  last_run_ = session().calls();
  return run(session().callee_observer());
}

const Interpreter* Interpreter::last_callee(int32_t subgraph) const {
  const Interpreter* last = nullptr;
  const CalleeScope* scope = run_scope_ != nullptr ? run_scope_ : scope_;
  for (; scope != nullptr; scope = scope->outer) find_last(*scope, subgraph, &last);
  return last;
}

void Interpreter::find_last(const CalleeScope& scope, int32_t subgraph, const Interpreter** last) {
  for (const PreparedCallee* c = scope.first; c != nullptr; c = c->next) {
    const Interpreter& i = *c->interpreter;
    if (c->subgraph == subgraph && i.last_run_ > (*last != nullptr ? (*last)->last_run_ : 0)) {
      *last = &i;
    }
    if (i.run_scope_ != nullptr) find_last(*i.run_scope_, subgraph, last);
  }
}

int64_t Interpreter::arena_bytes() const {
  int64_t bytes = first_.arena_bytes + deferred_bytes_;
  for (const PreparedCallee* c = own_scope_.first; c != nullptr; c = c->next) {
    bytes += c->interpreter->arena_bytes();
  }
  return bytes;
}

int64_t Interpreter::unshared_bytes() const {
  int64_t bytes = first_.unshared_bytes + deferred_unshared_bytes_;
  for (const PreparedCallee* c = own_scope_.first; c != nullptr; c = c->next) {
    bytes += c->interpreter->unshared_bytes();
  }
  return bytes;
}

Status Interpreter::run_steps(Span<Step> steps, const Observer* observer) const {
  const Probe* probe = observer != nullptr ? observer->probe : nullptr;
  const Workspace workspace{kernels_, host_.workers, probe};
  for (const Step& step : steps) {
    OCTAVO_TRY(step.invoke(step, workspace));
    if (observer != nullptr) observer->after(observer->context, step);
  }
  return {};
}

Status Interpreter::prepare_operator(PrepareContext& c) const {
  const Node& node = *c.step.node;
  if (node.code != Opcode::CUSTOM) return find_op(node.code)(c);
  const CustomOp& op = *find_custom_op(node.custom_code, host_.custom_ops);
  return op.prepare(c, op.context);
}

Status Interpreter::check_operators() const {
  return octavo::check_operators(graph_, host_.custom_ops, memory_);
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

Status Interpreter::expand_sparse() {
  for (const Node& node : graph_.nodes) {
    for (int32_t i : node.inputs) {
      if (i == kNoTensor || !graph_.tensors[i].is_sparse || tensors_[i].is_known) continue;
      OCTAVO_TRY(make_dense(graph_.tensors[i], host_.derived, memory_, &tensors_[i].data));
      tensors_[i].is_known = tensors_[i].is_from_file = kept_[i] = true;
    }
  }
  return {};
}

Status Interpreter::check_operands(const Step& step) const {
  for (size_t i = 0; i < step.inputs.size; ++i) {
    const Tensor* t = step.inputs[i];
    if (t == nullptr) continue;
    const Opcode code = step.node->code;
    const bool may_have_blocks =
        i == 1 && (code == Opcode::FULLY_CONNECTED || code == Opcode::EMBEDDING_LOOKUP);
    if (t->info->is_blockwise() && !may_have_blocks) {
      return step.fail(
          "input \"", t->info->name,
          "\" is quantized in blocks, which octavo runs as weights of FULLY_CONNECTED and as a "
          "table of EMBEDDING_LOOKUP only");
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

void Interpreter::reset_variables() {
  for (const Tensor& t : tensors_) {
    if (!t.info->is_variable || t.data == nullptr) continue;
    // An int8 variable's zero is its zero point, as in LiteRT; the other types' is the number.
    const int zero = t.type == DType::kInt8 ? static_cast<int>(t.info->quantization.zero()) : 0;
    memset(t.data, zero, static_cast<size_t>(t.bytes()));
  }
}

}  // namespace octavo
