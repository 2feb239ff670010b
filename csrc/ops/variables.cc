// VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE.
#include <cstring>

#include "graph/options.h"
#include "ops/op.h"
#include "ops/session.h"

namespace octavo {
namespace {

struct VariableParams {
  Variable* variable;
  Session* session;
};

Status find_variable(const PrepareContext& c, VariableParams*& params) {
  const Tensor& resource = c.input(0);
  OCTAVO_TRY(c.expect_type("resource", resource, {DType::kResource, DType::kInt32}));
  if (resource.shape.count() != 1) {
    return c.fail("resource \"", resource.info->name, "\" has shape ", resource.shape,
                  ", should have 1 element");
  }
  OCTAVO_TRY(c.expect_known("resource", resource));
  const int32_t number = *static_cast<const int32_t*>(resource.data);
  OCTAVO_TRY(c.make_params(params));
  *params = {c.session().variable(number), &c.session()};
  if (params->variable == nullptr) return c.fail("there is no variable of number ", number);
  return {};
}

// An output that the file declares to be shorter takes the first elements, as in LiteRT; but not a
// scalar, which LiteRT does not tell from an output of unknown rank.
Status expect_value(const Step& s, const Variable& v) {
  const Tensor& out = *s.outputs[0];
  if (!v.is_assigned) return s.fail("variable \"", v.name, "\" has no value yet");
  if (v.type != out.type) {
    return s.fail("variable \"", v.name, "\" has type ", v.type, ", output has ", out.type);
  }
  const int64_t count = v.shape.count();
  if (count < out.shape.count() || (out.shape.rank == 0 && count > 1)) {
    return s.fail("variable \"", v.name, "\" has shape ", v.shape, ", output has ", out.shape);
  }
  return {};
}

Status invoke_read(const Step& s, const Workspace&) {
  const Variable& v = *s.params<VariableParams>().variable;
  OCTAVO_TRY(expect_value(s, v));
  const int64_t bytes = s.outputs[0]->bytes();
  if (bytes > 0) memcpy(s.outputs[0]->data, v.data, static_cast<size_t>(bytes));
  return {};
}

Status show_variable(const Step& s, const Workspace&) {
  const Variable& v = *s.params<VariableParams>().variable;
  OCTAVO_TRY(expect_value(s, v));
  s.outputs[0]->data = v.data;
  return {};
}

Status invoke_assign(const Step& s, const Workspace&) {
  const auto& params = s.params<VariableParams>();
  Variable& v = *params.variable;
  const Tensor& value = *s.inputs[1];
  OCTAVO_TRY(params.session->reserve(v, value.bytes()));
  v.is_assigned = true;
  v.type = value.type;
  v.shape = value.shape;
  if (value.bytes() > 0) memcpy(v.data, value.data, static_cast<size_t>(value.bytes()));
  return {};
}

bool has_open_shape(const TensorInfo& t) {
  for (int32_t d : t.signature) {
    if (d < 0) return true;
  }
  return !t.has_rank;
}

}  // namespace

Status prepare_var_handle(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(0, 0, 1));
  const Tensor& out = c.output(0);
  OCTAVO_TRY(c.expect_type("output", out, {DType::kResource, DType::kInt32}));
  const auto& o = c.options<VariableOptions>();
  int32_t number;
  OCTAVO_TRY(c.session().find_variable(o.container, o.shared_name, &number));
  void* data;
  OCTAVO_TRY(c.set_shape(0, Shape()));
  OCTAVO_TRY(c.make_known(0, data));
  *static_cast<int32_t*>(data) = number;
  return {};
}

// The file declares the output's shape. Where it does not, it is what the variable holds when the
// node's turn has come.
Status prepare_read_variable(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  VariableParams* params;
  OCTAVO_TRY(find_variable(c, params));
  const TensorInfo& out = *c.output(0).info;
  const bool is_open = has_open_shape(out);
  if (is_open) OCTAVO_TRY(c.expect_turn());
  OCTAVO_TRY(c.set_shape(0, is_open ? params->variable->shape : out.shape));
  c.step.is_pure = false;
  c.step.invoke = &invoke_read;
  c.step.show = &show_variable;
  return {};
}

Status prepare_assign_variable(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 0));
  VariableParams* params;
  OCTAVO_TRY(find_variable(c, params));
  OCTAVO_TRY(c.session().reserve(*params->variable, c.input(1).bytes()));
  c.step.is_pure = false;
  c.step.invoke = &invoke_assign;
  return {};
}

}  // namespace octavo
