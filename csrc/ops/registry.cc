// Every operator that octavo has.
#include "ops/op.h"

namespace octavo {

#define OP(code, prepare) Status prepare(PrepareContext&);
#include "ops/ops.inc"
#undef OP

namespace {

constexpr Op kOps[] = {
#define OP(code, prepare) {Opcode::code, &prepare},
#include "ops/ops.inc"
#undef OP
};

}  // namespace

const Op* find_op(Opcode code) {
  for (const Op& op : kOps) {
    if (op.code == code) return &op;
  }
  return nullptr;
}

const CustomOp* find_custom_op(Text name, Span<const CustomOp> given) {
  for (const CustomOp& op : given) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

}  // namespace octavo
