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

}  // namespace octavo
