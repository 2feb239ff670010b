// Every operator that octavo has.
#include "ops/op.h"

namespace octavo {

#define OP(code, prepare) Status prepare(PrepareContext&);
#include "ops/ops.inc"
#undef OP
#define CUSTOM_OP(name, prepare) Status prepare(PrepareContext&, void*);
#include "ops/custom_ops.inc"
#undef CUSTOM_OP

namespace {

constexpr Op kOps[] = {
#define OP(code, prepare) {Opcode::code, &prepare},
#include "ops/ops.inc"
#undef OP
};

constexpr CustomOp kCustomOps[] = {
#define CUSTOM_OP(name, prepare) {Text(#name, sizeof(#name) - 1), &prepare},
#include "ops/custom_ops.inc"
#undef CUSTOM_OP
};

const CustomOp* find_by_name(Text name, Span<const CustomOp> ops) {
  for (const CustomOp& op : ops) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

}  // namespace

const Op* find_op(Opcode code) {
  for (const Op& op : kOps) {
    if (op.code == code) return &op;
  }
  return nullptr;
}

const CustomOp* find_custom_op(Text name, Span<const CustomOp> given) {
  const CustomOp* op = find_by_name(name, given);
  return op != nullptr ? op : find_by_name(name, span_of(kCustomOps));
}

}  // namespace octavo
