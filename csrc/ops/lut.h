// Functions of 8 bits, as a table.
#pragma once

#include "ops/op.h"

namespace octavo {

// Lets the step look its 8-bit input up in a table of reference::kLut8Size entries.
Status use_lookup_8(PrepareContext& c, const uint8_t* lut);

// A table of `count` entries that fill(T*) makes of the operands' quantizations and the operator's
// options.
template <class Fill, class T>
Status make_lut(const PrepareContext& c, int64_t count, const Fill& fill, const T** lut) {
  const auto fill_memory = [&](void* memory) {
    fill(static_cast<T*>(memory));
    return Status();
  };
  const auto bytes = count * static_cast<int64_t>(sizeof(T));
  return c.make_derived(Derived::kLut, {}, /*is_shareable=*/true, bytes, fill_memory, lut);
}

template <class Fill>
Status make_lookup_8(PrepareContext& c, const Fill& fill) {
  const uint8_t* lut;
  OCTAVO_TRY(make_lut(c, reference::kLut8Size, fill, &lut));
  return use_lookup_8(c, lut);
}

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
  p.count = reference::kLut8Size;
  return make_lookup_8(c, [&](uint8_t* lut) {
    kernel_of<kKernel>(Workspace{c.kernels, c.workers})(p, Data{values}, Data{lut});
  });
}

}  // namespace octavo
