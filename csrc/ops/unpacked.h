// int2, int4 and uint4 in operators that move elements: several lie in a byte, and kernels move
// bytes.
#pragma once

#include "ops/op.h"

namespace octavo {

// The elements of such a tensor.
void unpack(const Tensor& t, const Workspace& w, int8_t* out);

// Runs an operator's prepare with every such tensor shown to it as one of int8 or uint8. The step
// then unpacks its inputs into scratch memory, and packs its outputs.
Status prepare_unpacked(PrepareContext& c, Status (*prepare)(PrepareContext&));

}  // namespace octavo
