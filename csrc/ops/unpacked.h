// int4 in operators that move elements: two lie in a byte, and kernels move bytes.
#pragma once

#include "ops/op.h"

namespace octavo {

// Runs an operator's prepare with every tensor of int4 shown to it as one of int8. The step then
// unpacks its inputs into scratch memory, and packs its outputs.
Status prepare_unpacked(PrepareContext& c, Status (*prepare)(PrepareContext&));

}  // namespace octavo
