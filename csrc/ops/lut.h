// Functions of each element.
#pragma once

#include "ops/op.h"

namespace octavo {

// Runs a kernel (element count, input, output).
template <auto kernel>
Status invoke_elements(const Step& s, const Workspace& w) {
  (w.kernels.*kernel)(s.inputs[0]->shape.count(), s.input(0), s.output(0));
  return {};
}

// Lets the step look its 8-bit input up in a table of reference::kLut8Size entries that the caller
// fills.
Status make_lookup_8(PrepareContext& c, uint8_t*& lut);

}  // namespace octavo
