#include "ops/region.h"

namespace octavo {

using reference::Combine;

Status read_region(const PrepareContext& c, int32_t number, Combine& how) {
  if (!c.has_subgraph(number)) return c.fail("its body, subgraph ", number, ", is not there");
  constexpr struct {
    Opcode code;
    Combine how;
  } kBodies[] = {
      {Opcode::ADD, Combine::kAdd},
      {Opcode::LOGICAL_AND, Combine::kAll},
      {Opcode::LOGICAL_OR, Combine::kAny},
      {Opcode::MAXIMUM, Combine::kMaximum},
      {Opcode::MINIMUM, Combine::kMinimum},
      {Opcode::MUL, Combine::kMultiply},
      {Opcode::STABLEHLO_ADD, Combine::kAdd},
      {Opcode::STABLEHLO_AND, Combine::kAnd},
      {Opcode::STABLEHLO_MAXIMUM, Combine::kMaximum},
      {Opcode::STABLEHLO_MINIMUM, Combine::kMinimum},
      {Opcode::STABLEHLO_MULTIPLY, Combine::kMultiply},
  };
  const Span<Node> nodes = c.subgraph(number).nodes;
  how = Combine::kReplace;
  if (nodes.empty()) return {};
  for (const auto& body : kBodies) {
    if (nodes.size == 1 && nodes[0].code == body.code) {
      const DType type = c.input(0).type;
      if (body.how == Combine::kAnd && (type == DType::kFloat32 || type == DType::kFloat64)) {
        return c.fail("its body, subgraph ", number, ", combines bits, the input has type ", type);
      }
      how = body.how;
      return {};
    }
  }
  return c.fail("its body, subgraph ", number,
                ", is no single operator that combines two elements");
}

}  // namespace octavo
