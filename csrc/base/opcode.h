// The operators that a file may contain, named and numbered as the file format does.
#pragma once

#include <cstdint>

namespace octavo {

enum class Opcode : int32_t {
#define OPCODE(name, number) name = number,
#include "base/opcodes.inc"
#undef OPCODE
};

// Null for a number that is no operator.
const char* opcode_name(Opcode code);

}  // namespace octavo
