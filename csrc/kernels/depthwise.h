// Depthwise convolution of int8 by dot-product instructions, channels across lanes: what an
// instruction set's table offers. Weights and all that an output needs are packed once, in blocks
// of as many channels as a vector of int8 holds.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"

namespace octavo {

struct DepthwiseFilter {
  int32_t channels, taps;
  const int8_t* weights;  // [taps][channels]
  const int32_t* bias;    // [channels], or null
  int32_t in_zero;
  const Multiplier* multiplier;  // [channels]
};

struct DepthwiseS8 {
  // Each output reads this multiple of taps: those beyond the filter's need a pointer to any
  // readable channels.
  int32_t taps_multiple;
  int64_t (*packed_bytes)(int32_t channels, int32_t taps);
  void (*pack)(const DepthwiseFilter& filter, void* packed);
  // One output pixel. inputs[t] points to the channels of the pixel that tap t sees.
  void (*run)(const int8_t* const* inputs, const void* packed, int32_t channels, int32_t taps,
              const QuantizedOutput& output, int8_t* out);
};

}  // namespace octavo
