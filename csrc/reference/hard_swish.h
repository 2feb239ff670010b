#pragma once

#include <cstdint>

#include "base/fixed_point.h"

namespace octavo::reference {

// x * min(max(x + 3, 0), 6) / 6.
void hard_swish_f32(int64_t count, const float* in, float* out);

// Of an 8-bit HARD_SWISH, whose values lie in [low, high].
struct HardSwishParams {
  int32_t in_zero, out_zero;
  int32_t low, high;
  Multiplier to_output;   // (in_scale / 128) / out_scale; its shift is not above 0
  Multiplier to_reluish;  // (in_scale / 128) / (3 / 32768): 3 becomes 2^15
};

// The table for lookup_8 (reference/lut.h): an 8-bit function is what it does to 256 values.
void build_hard_swish_lut(const HardSwishParams& p, uint8_t* lut);

}  // namespace octavo::reference
