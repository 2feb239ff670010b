// IF, WHILE, CALL_ONCE, STABLEHLO_CASE, STABLEHLO_COMPOSITE: operators that run other subgraphs.
#include <cstring>

#include "base/math.h"
#include "graph/options.h"
#include "ops/op.h"

namespace octavo {
namespace {

struct CallParams {
  Span<Callee*> callees;
  Session* session;
};

Status make_call_params(const PrepareContext& c, size_t callees, CallParams*& out) {
  OCTAVO_TRY(c.make_params(out));
  out->session = &c.session();
  return c.make_array(static_cast<int64_t>(callees), out->callees);
}

// Copies values to tensors of the same shapes, but to those that have theirs for good.
void copy_values(Span<Tensor*> from, Span<Tensor*> to) {
  for (size_t i = 0; i < from.size; ++i) {
    if (to[i]->is_known || to[i]->data == from[i]->data) continue;
    if (from[i]->bytes() > 0) memcpy(to[i]->data, from[i]->data, to[i]->bytes());
  }
}

// A file may have other bytes than 0 and 1.
bool is_true(const Tensor& t) { return *static_cast<const uint8_t*>(t.data) != 0; }

Status run(const Step& s, const Callee& callee) {
  const Status status = callee.run(callee);
  return status.ok() ? status : s.fail("subgraph ", callee.subgraph, ": ", status.message());
}

Status begin(const Step& s, const Callee& callee, Span<Tensor*> arguments) {
  callee.reset_variables(callee);
  copy_values(arguments, callee.inputs);
  return run(s, callee);
}

Status call(const Step& s, const Callee& callee, Span<Tensor*> arguments, Span<Tensor*> results) {
  OCTAVO_TRY(begin(s, callee, arguments));
  copy_values(callee.outputs, results);
  return {};
}

Status make_callee(const PrepareContext& c, int32_t subgraph, Span<Tensor*> tensors, bool are_fixed,
                   Callee** out) {
  Span<Argument> arguments;
  OCTAVO_TRY(c.make_array(static_cast<int64_t>(tensors.size), arguments));
  for (size_t i = 0; i < tensors.size; ++i) {
    arguments[i] = {tensors[i], are_fixed && tensors[i]->is_known};
  }
  return c.make_callee(subgraph, {arguments.data, arguments.size}, out);
}

// The subgraph takes and gives as many tensors as the node, of the same types.
Status expect_signature(const PrepareContext& c, int32_t number, Span<Tensor*> arguments,
                        Span<Tensor*> results) {
  const Subgraph& g = c.subgraph(number);
  if (g.inputs.size != arguments.size || g.outputs.size != results.size) {
    return c.fail("subgraph ", number, " \"", g.name, "\" takes ", g.inputs.size, " and gives ",
                  g.outputs.size, " tensors, should take ", arguments.size, " and give ",
                  results.size);
  }
  for (size_t i = 0; i < arguments.size; ++i) {
    if (arguments[i] == nullptr) return c.fail("an argument of subgraph ", number, " is left out");
    const TensorInfo& t = g.tensors[g.inputs[i]];
    if (t.type == arguments[i]->type) continue;
    return c.fail("subgraph ", number, " takes \"", t.name, "\" of type ", t.type, ", \"",
                  arguments[i]->info->name, "\" has ", arguments[i]->type);
  }
  for (size_t i = 0; i < results.size; ++i) {
    const TensorInfo& t = g.tensors[g.outputs[i]];
    if (t.type == results[i]->type) continue;
    return c.fail("subgraph ", number, " gives \"", t.name, "\" of type ", t.type, ", \"",
                  results[i]->info->name, "\" has ", results[i]->type);
  }
  return {};
}

bool have_same_shapes(Span<Tensor*> a, Span<Tensor*> b) {
  for (size_t i = 0; i < a.size; ++i) {
    if (a[i]->shape != b[i]->shape) return false;
  }
  return true;
}

Status set_shapes(const PrepareContext& c, Span<Tensor*> results) {
  for (size_t i = 0; i < results.size; ++i) {
    OCTAVO_TRY(c.set_shape(static_cast<int32_t>(i), results[i]->shape));
  }
  return {};
}

// The node has done its work while it was prepared: these are its outputs.
Status give_known(const PrepareContext& c, Span<Tensor*> results) {
  OCTAVO_TRY(set_shapes(c, results));
  for (size_t i = 0; i < results.size; ++i) {
    void* data;
    OCTAVO_TRY(c.make_known(static_cast<int32_t>(i), data));
    const int64_t bytes = results[i]->bytes();
    if (bytes > 0) memcpy(data, results[i]->data, static_cast<size_t>(bytes));
  }
  return {};
}

// What runs while it is prepared needs its arguments' values, and its turn.
Status expect_to_run(const PrepareContext& c, Span<Tensor*> arguments) {
  for (const Tensor* t : arguments) OCTAVO_TRY(c.expect_known("argument", *t));
  return c.expect_turn();
}

// The last one stands for all numbers that there are no callees of.
const Callee& choose(const Step& s, size_t number) {
  const Span<Callee*> callees = s.params<CallParams>().callees;
  return *callees[number < callees.size ? number : callees.size - 1];
}

Span<Tensor*> without_condition(Span<Tensor*> inputs) { return {inputs.data + 1, inputs.size - 1}; }

Status invoke_if(const Step& s, const Workspace&) {
  const Callee& branch = choose(s, is_true(*s.inputs[0]) ? 0 : 1);
  return call(s, branch, without_condition(s.inputs), s.outputs);
}

Status invoke_case(const Step& s, const Workspace&) {
  const int32_t* index = s.input(0);
  return call(s, choose(s, static_cast<uint32_t>(*index)), without_condition(s.inputs), s.outputs);
}

Status invoke_composite(const Step& s, const Workspace&) {
  return call(s, choose(s, 0), s.inputs, s.outputs);
}

// Input 0 decides which of `branches` is called with the others.
Status check_condition(const PrepareContext& c, DType type, Span<const int32_t> branches,
                       const Tensor** out, bool* is_decided) {
  OCTAVO_TRY(c.expect_operands(1, c.input_count(), c.output_count()));
  const Tensor& condition = c.input(0);
  OCTAVO_TRY(c.expect_type("condition", condition, {type}));
  if (condition.shape.count() != 1) {
    return c.fail("condition \"", condition.info->name, "\" has shape ", condition.shape,
                  ", should have 1 element");
  }
  for (int32_t branch : branches) {
    OCTAVO_TRY(expect_signature(c, branch, without_condition(c.step.inputs), c.step.outputs));
  }
  *out = &condition;
  *is_decided = condition.data != nullptr && !condition.info->is_variable;
  return {};
}

// The step that calls one of `callees`, where the shapes of its outputs do not depend on which one
// or on values. Else it is the first of them, which runs now.
Status finish_call(PrepareContext& c, Span<Callee*> callees, Span<Tensor*> arguments,
                   const Tensor* condition, Step::Invoke invoke) {
  const Callee& first = *callees[0];
  bool has_shapes = true;
  for (const Callee* callee : callees) {
    has_shapes =
        has_shapes && callee->has_shapes && have_same_shapes(callee->outputs, first.outputs);
  }
  c.step.is_pure = false;
  if (has_shapes) {
    CallParams* params;
    OCTAVO_TRY(make_call_params(c, callees.size, params));
    for (size_t i = 0; i < callees.size; ++i) params->callees[i] = callees[i];
    c.step.invoke = invoke;
    return set_shapes(c, first.outputs);
  }
  if (condition != nullptr) OCTAVO_TRY(c.expect_known("condition", *condition));
  OCTAVO_TRY(expect_to_run(c, arguments));
  OCTAVO_TRY(begin(c.step, first, arguments));
  return give_known(c, first.outputs);
}

Status invoke_call_once(const Step& s, const Workspace&) {
  const auto& params = s.params<CallParams>();
  const Callee& callee = *params.callees[0];
  if (params.session->has_run(callee.subgraph)) return {};
  OCTAVO_TRY(begin(s, callee, {}));
  params.session->set_has_run(callee.subgraph);
  return {};
}

// The condition's only output says whether a loop goes on.
Status decide(const Step& s, const Callee& condition, bool* goes_on) {
  OCTAVO_TRY(run(s, condition));
  const Tensor& out = *condition.outputs[0];
  if (out.shape.count() != 1) {
    return s.fail("condition \"", out.info->name, "\" has shape ", out.shape,
                  ", should have 1 element");
  }
  *goes_on = is_true(out);
  return {};
}

Status count_iteration(const Step& s, Session& session) {
  if (session.count_iteration()) return {};
  return s.fail("loops have gone round ", session.max_loop_iterations(),
                " times, the most that max_loop_iterations allows");
}

// A loop whose tensors keep their shapes: the outputs hold its state.
Status invoke_while(const Step& s, const Workspace&) {
  const auto& params = s.params<CallParams>();
  const Callee &condition = *params.callees[0], &body = *params.callees[1];
  for (const Callee* callee : {&condition, &body}) callee->reset_variables(*callee);
  copy_values(s.inputs, s.outputs);
  for (;;) {
    bool goes_on;
    copy_values(s.outputs, condition.inputs);
    OCTAVO_TRY(decide(s, condition, &goes_on));
    if (!goes_on) return {};
    OCTAVO_TRY(count_iteration(s, *params.session));
    copy_values(s.outputs, body.inputs);
    OCTAVO_TRY(run(s, body));
    copy_values(body.outputs, s.outputs);
  }
}

// A condition and a body prepared for the shapes of one iteration, in memory of their own.
struct Iteration {
  Arena* memory = nullptr;
  Callee *condition = nullptr, *body = nullptr;
  Span<Tensor*> results;  // of the body, none of which is another's input
};

// An output of the body that is an input, but not the one that it becomes, gets a copy, so that
// inputs can change places.
Status make_results(const Subgraph& graph, Iteration& to) {
  const Callee& body = *to.body;
  Span<bool> is_input;
  OCTAVO_TRY(to.memory->make(static_cast<int64_t>(graph.tensors.size), is_input));
  for (int32_t i : graph.inputs) is_input[i] = true;
  OCTAVO_TRY(to.memory->make(static_cast<int64_t>(body.outputs.size), to.results));
  for (size_t i = 0; i < to.results.size; ++i) {
    to.results[i] = body.outputs[i];
    if (!is_input[graph.outputs[i]] || graph.outputs[i] == graph.inputs[i]) continue;
    OCTAVO_TRY(to.memory->make(to.results[i]));
    Tensor& copy = *to.results[i];
    copy = *body.outputs[i];
    copy.is_known = false;
    OCTAVO_TRY(to.memory->allocate(copy.bytes(), Arena::kAlignment, &copy.data));
  }
  return {};
}

Status make_iteration(const PrepareContext& c, Span<Argument> state, Iteration& to) {
  const auto& o = c.options<CallOptions>();
  OCTAVO_TRY(c.open_arena(&to.memory));
  const Span<const Argument> arguments = {state.data, state.size};
  OCTAVO_TRY(c.make_callee(o.subgraphs[0], arguments, &to.condition, to.memory));
  OCTAVO_TRY(c.make_callee(o.subgraphs[1], arguments, &to.body, to.memory));
  for (const Callee* callee : {to.condition, to.body}) callee->reset_variables(*callee);
  return make_results(c.subgraph(o.subgraphs[1]), to);
}

// A loop whose tensors may change their shapes. The inputs of the body hold its state.
Status run_loop(const PrepareContext& c, Span<Argument> state) {
  Iteration now;
  OCTAVO_TRY(make_iteration(c, state, now));
  copy_values(c.step.inputs, now.body->inputs);
  for (;;) {
    bool goes_on;
    copy_values(now.body->inputs, now.condition->inputs);
    OCTAVO_TRY(decide(c.step, *now.condition, &goes_on));
    if (!goes_on) break;
    OCTAVO_TRY(count_iteration(c.step, c.session()));
    OCTAVO_TRY(run(c.step, *now.body));
    copy_values(now.body->outputs, now.results);
    if (have_same_shapes(now.results, now.body->inputs)) {
      copy_values(now.results, now.body->inputs);
      continue;
    }
    for (size_t i = 0; i < state.size; ++i) {
      if (!state[i].is_fixed) state[i].tensor = now.results[i];
    }
    Iteration next;
    OCTAVO_TRY(make_iteration(c, state, next));
    copy_values(now.results, next.body->inputs);
    c.close_arena(now.memory);
    now = next;
  }
  OCTAVO_TRY(give_known(c, now.body->inputs));
  c.close_arena(now.memory);
  return {};
}

}  // namespace

Status prepare_if(PrepareContext& c) {
  const auto& o = c.options<CallOptions>();
  const Tensor* condition;
  bool is_decided;
  OCTAVO_TRY(check_condition(c, DType::kBool, span_of(o.subgraphs), &condition, &is_decided));
  const Span<Tensor*> arguments = without_condition(c.step.inputs);
  Callee* branches[2];
  size_t count = 0;
  for (size_t i = 0; i < 2; ++i) {
    if (is_decided && is_true(*condition) != (i == 0)) continue;
    OCTAVO_TRY(make_callee(c, o.subgraphs[i], arguments, /*are_fixed=*/true, &branches[count++]));
  }
  return finish_call(c, {branches, count}, arguments, condition, &invoke_if);
}

Status prepare_case(PrepareContext& c) {
  Span<const int32_t> numbers = c.options<CaseOptions>().branches;
  if (numbers.empty()) return c.fail("has no branches");
  const Tensor* index;
  bool is_decided;
  OCTAVO_TRY(check_condition(c, DType::kInt32, numbers, &index, &is_decided));
  if (is_decided) {
    const auto chosen = static_cast<uint32_t>(*static_cast<const int32_t*>(index->data));
    numbers = {numbers.data + min<size_t>(chosen, numbers.size - 1), 1};
  }
  const Span<Tensor*> arguments = without_condition(c.step.inputs);
  Span<Callee*> branches;
  OCTAVO_TRY(c.make_array(static_cast<int64_t>(numbers.size), branches));
  for (size_t i = 0; i < numbers.size; ++i) {
    OCTAVO_TRY(make_callee(c, numbers[i], arguments, /*are_fixed=*/true, &branches[i]));
  }
  return finish_call(c, branches, arguments, index, &invoke_case);
}

Status prepare_composite(PrepareContext& c) {
  const int32_t number = c.options<CallOptions>().subgraphs[0];
  OCTAVO_TRY(expect_signature(c, number, c.step.inputs, c.step.outputs));
  Callee* callee;
  OCTAVO_TRY(make_callee(c, number, c.step.inputs, /*are_fixed=*/true, &callee));
  return finish_call(c, {&callee, 1}, c.step.inputs, nullptr, &invoke_composite);
}

Status prepare_call_once(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(0, 0, 0));
  const int32_t number = c.options<CallOptions>().subgraphs[0];
  OCTAVO_TRY(expect_signature(c, number, {}, {}));
  CallParams* params;
  OCTAVO_TRY(make_call_params(c, 1, params));
  OCTAVO_TRY(c.make_callee(number, {}, &params->callees[0]));
  c.step.is_pure = false;
  c.step.invoke = &invoke_call_once;
  return {};
}

Status prepare_while(PrepareContext& c) {
  const auto& o = c.options<CallOptions>();
  const Span<Tensor*> inputs = c.step.inputs, outputs = c.step.outputs;
  const int32_t condition = o.subgraphs[0], body = o.subgraphs[1];
  if (condition == body) return c.fail("condition and body are both subgraph ", body);
  Tensor flag;
  const TensorInfo flag_info;
  flag.info = &flag_info;
  flag.type = DType::kBool;
  Tensor* flags[] = {&flag};
  OCTAVO_TRY(expect_signature(c, condition, inputs, span_of(flags)));
  OCTAVO_TRY(expect_signature(c, body, inputs, outputs));

  // What the body hands on as it is has one value in all iterations.
  const Subgraph& g = c.subgraph(body);
  Span<Argument> state;
  OCTAVO_TRY(c.make_array(static_cast<int64_t>(inputs.size), state));
  for (size_t i = 0; i < inputs.size; ++i) {
    state[i] = {inputs[i], g.inputs[i] == g.outputs[i] && inputs[i]->is_known};
  }
  CallParams* params;
  OCTAVO_TRY(make_call_params(c, 2, params));
  for (size_t i = 0; i < 2; ++i) {
    OCTAVO_TRY(c.make_callee(o.subgraphs[i], {state.data, state.size}, &params->callees[i]));
  }
  const Callee& first = *params->callees[1];
  c.step.is_pure = false;
  if (first.has_shapes && have_same_shapes(first.outputs, inputs)) {
    c.step.invoke = &invoke_while;
    return set_shapes(c, inputs);
  }
  OCTAVO_TRY(expect_to_run(c, inputs));
  return run_loop(c, state);
}

}  // namespace octavo
