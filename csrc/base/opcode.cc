#include "base/opcode.h"

namespace octavo {

const char* opcode_name(Opcode code) {
  switch (code) {
#define OPCODE(name, number) \
  case Opcode::name:         \
    return #name;
#include "base/opcodes.inc"
#undef OPCODE
  }
  return nullptr;
}

}  // namespace octavo
