// Functions of 8 bits, as a table.
#pragma once

#include "ops/op.h"

namespace octavo {

// Lets the step look its 8-bit input up in a table of reference::kLut8Size entries that the caller
// fills.
Status make_lookup_8(PrepareContext& c, uint8_t*& lut);

// The table of reference::lookup_s16 of a function of the input, both quantized int16.
Status make_lut_16(PrepareContext& c, float (*function)(float), const int16_t*& lut);

// Lets the step look `function` of its quantized input up: of 8 bits for each value, of int16 at
// 512 steps, between which it interpolates.
Status tabulate(PrepareContext& c, float (*function)(float));

// The same of 8 bits for what a kernel makes of each of the 256 values.
template <auto kKernel, class Params>
Status tabulate_8(PrepareContext& c, Params p) {
  uint8_t values[reference::kLut8Size];
  for (int32_t i = 0; i < reference::kLut8Size; ++i) values[i] = static_cast<uint8_t>(i);
  uint8_t* lut;
  OCTAVO_TRY(make_lookup_8(c, lut));
  p.count = reference::kLut8Size;
  kernel_of<kKernel>(Workspace{c.kernels, c.workers})(p, Data{values}, Data{lut});
  return {};
}

}  // namespace octavo
