// ADD and SUB of 8 bits as one weighted sum: what an instruction set's table offers beside the
// exact kernels.
//
// ADD's definition rounds five times (reference/binary.h). In nearly every network all but the last
// rounding are too small to matter, and with s = a_weight a + b_weight b + zeros
//   out = clamp((s + constant - (s < 0 ? away : 0)) >> right)
// is the same for each of the 65536 pairs of a and b: the operator tries them all once. Where no
// sum lies near the middle of two outputs, away can be 0, which is less work.
#pragma once

#include <cstdint>

#include "kernels/image.h"
#include "reference/broadcast.h"

namespace octavo {

// (256 a high + (256 a low >> 15)) is the product, in which low adds 15 bits to high.
struct LinearWeight {
  int16_t high, low;
};

struct LinearSumParams {
  reference::Broadcast broadcast;
  LinearWeight a, b;  // of operands as int8
  int32_t zeros, constant, away, right;
  int32_t act_min, act_max;  // as int8
  Flip flip;                 // what makes int8 of the elements
};

using LinearSum8 = void (*)(const LinearSumParams& p, const uint8_t* a, const uint8_t* b,
                            uint8_t* out);

}  // namespace octavo
