// Functions of 8 bits, as a table.
#pragma once

#include "ops/op.h"

namespace octavo {

// Lets the step look its 8-bit input up in a table of reference::kLut8Size entries that the caller
// fills.
Status make_lookup_8(PrepareContext& c, uint8_t*& lut);

}  // namespace octavo
