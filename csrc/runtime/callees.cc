#include "runtime/callees.h"

#include "runtime/interpreter.h"
#include "runtime/stage.h"

namespace octavo {
namespace {

constexpr int32_t kMostCallees = 4096;

bool is_for(const PreparedCallee& callee, int32_t subgraph, Span<const Argument> arguments) {
  if (callee.subgraph != subgraph) return false;
  for (size_t i = 0; i < arguments.size; ++i) {
    const Argument &a = arguments[i], &b = callee.arguments[i];
    if (a.is_fixed != b.is_fixed || a.tensor->shape != b.tensor->shape) return false;
    if (a.is_fixed && a.tensor->data != b.tensor->data) return false;
  }
  return true;
}

// The arguments' tensors may change later.
Status copy_arguments(Span<const Argument> from, Arena& memory, Span<const Argument>* to) {
  Span<Argument> arguments;
  Span<Tensor> tensors;
  OCTAVO_TRY(memory.make(static_cast<int64_t>(from.size), arguments));
  OCTAVO_TRY(memory.make(static_cast<int64_t>(from.size), tensors));
  for (size_t i = 0; i < from.size; ++i) {
    tensors[i] = *from[i].tensor;
    arguments[i] = {&tensors[i], from[i].is_fixed};
  }
  *to = {arguments.data, arguments.size};
  return {};
}

}  // namespace

Callees CalleeMaker::lend() {
  return {this, interpreter_.graph().all,
          [](void* self, const Step& caller, int32_t subgraph, Span<const Argument> arguments,
             Arena* memory, Callee** out) {
            return static_cast<CalleeMaker*>(self)->make(caller, subgraph, arguments, memory, out);
          }};
}

Status CalleeMaker::make(const Step& caller, int32_t subgraph, Span<const Argument> arguments,
                         Arena* memory, Callee** out) {
  for (const CalleeScope* s = stage_.scope; s != nullptr; s = s->outer) {
    for (PreparedCallee* c = s->first; c != nullptr; c = c->next) {
      *out = c;
      if (is_for(*c, subgraph, arguments)) return {};
    }
  }
  CalleeScope* scope = stage_.scope;
  if (memory == nullptr) {
    memory = stage_.memory;
  } else {
    OCTAVO_TRY(memory->make(scope));
    scope->outer = stage_.scope;
  }
  if (scope->count == kMostCallees) {
    return caller.fail("subgraphs are called with more than ", kMostCallees, " lists of shapes");
  }
  PreparedCallee* callee;
  OCTAVO_TRY(memory->make(callee));
  callee->subgraph = subgraph;
  OCTAVO_TRY(copy_arguments(arguments, *memory, &callee->arguments));
  const Status s = prepare(*memory, *scope, *callee);
  if (!s.ok()) return caller.fail("subgraph ", subgraph, ": ", s.message());
  // Now, so that a subgraph's own callees, which it may run, come before it.
  callee->next = scope->first;
  scope->first = callee;
  ++scope->count;
  *out = callee;
  return {};
}

Status CalleeMaker::prepare(Arena& memory, CalleeScope& scope, PreparedCallee& callee) const {
  const Subgraph& g = interpreter_.graph().all[callee.subgraph];
  OCTAVO_TRY(interpreter_.create_callee(g, memory, scope, &callee.interpreter));
  Interpreter& i = *callee.interpreter;
  for (size_t n = 0; n < g.inputs.size; ++n) {
    const Argument& a = callee.arguments[n];
    OCTAVO_TRY(i.set_input_shape(g.inputs[n], a.tensor->shape));
    if (a.is_fixed) OCTAVO_TRY(i.fix_input(g.inputs[n], a.tensor->data));
  }
  OCTAVO_TRY(i.prepare(interpreter_.keeps_all()));
  OCTAVO_TRY(memory.make(static_cast<int64_t>(g.inputs.size), callee.inputs));
  OCTAVO_TRY(memory.make(static_cast<int64_t>(g.outputs.size), callee.outputs));
  for (size_t n = 0; n < g.inputs.size; ++n) {
    callee.inputs[n] = &i.tensor(g.inputs[n]);
    if (callee.inputs[n]->shape == callee.arguments[n].tensor->shape) continue;
    return Status::failed("two inputs are one tensor, but have shapes ", callee.inputs[n]->shape,
                          " and ", callee.arguments[n].tensor->shape);
  }
  callee.has_shapes = true;
  for (size_t n = 0; n < g.outputs.size; ++n) {
    callee.outputs[n] = &i.tensor(g.outputs[n]);
    callee.has_shapes = callee.has_shapes && !i.is_deferred(g.outputs[n]);
  }
  callee.reset_variables = [](const Callee& c) {
    static_cast<const PreparedCallee&>(c).interpreter->reset_variables();
  };
  callee.run = [](const Callee& c) -> Status {
    return static_cast<const PreparedCallee&>(c).interpreter->run_called();
  };
  return {};
}

}  // namespace octavo
