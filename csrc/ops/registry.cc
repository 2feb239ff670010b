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

// By code: networks that are prepared while running look operators up in every run.
struct Operators {
  static constexpr int32_t kCount = 256;
  Prepare by_code[kCount] = {};

  constexpr Operators() {
#define OP(code, prepare) by_code[static_cast<int32_t>(Opcode::code)] = &prepare;
#include "ops/ops.inc"
#undef OP
  }
};

constexpr Operators kOperators;

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

Prepare find_op(Opcode code) {
  const auto number = static_cast<uint32_t>(code);
  return number < Operators::kCount ? kOperators.by_code[number] : nullptr;
}

const CustomOp* find_custom_op(Text name, Span<const CustomOp> given) {
  const CustomOp* op = find_by_name(name, given);
  return op != nullptr ? op : find_by_name(name, span_of(kCustomOps));
}

}  // namespace octavo
