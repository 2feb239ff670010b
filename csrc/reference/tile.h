#pragma once

#include <cstdint>

#include "base/shape.h"

namespace octavo::reference {

struct TileParams {
  int32_t rank;
  int64_t block_bytes;                          // what the innermost dimension counts
  int64_t dims[kMaxRank], multiples[kMaxRank];  // above 0
};

// out[i] = in[i % dims], an index for each dimension; out has dims[d] * multiples[d] in dimension
// d.
void tile(const TileParams& p, const void* in, void* out);

}  // namespace octavo::reference
