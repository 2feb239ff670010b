// Comparisons of two quantized tensors of 8 bits: what an instruction set's table offers beside the
// reference.
//
// What b is compared as grows with b (reference/compare.h), so that for each a there is a least b
// that it does not exceed, and a least b that it is below: every comparison asks on which side of
// one of them b is, or whether it is between both. The operator finds them once.
#pragma once

#include <cstdint>

#include "kernels/image.h"
#include "reference/broadcast.h"

namespace octavo {

// b < least[a] or a > last: numbers as int8, least by a's byte. Where a > last no b is great
// enough.
struct Threshold {
  uint8_t least[256];
  int8_t last;
};

// out = (b is below the first) ^ (b is below the second, if there are two) ^ is_negated.
struct ThresholdParams {
  reference::Broadcast broadcast;
  Threshold threshold[2];
  int32_t count;
  bool is_negated;
  Flip flip;  // what makes int8 of the elements
};

using CompareThresholds8 = void (*)(const ThresholdParams& p, const uint8_t* a, const uint8_t* b,
                                    uint8_t* out);

}  // namespace octavo
