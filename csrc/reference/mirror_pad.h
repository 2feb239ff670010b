#pragma once

#include <cstdint>

#include "base/shape.h"

namespace octavo::reference {

struct MirrorPadParams {
  int32_t rank;         // 1 or more
  int64_t block_bytes;  // what the innermost dimension counts
  int64_t dims[kMaxRank], before[kMaxRank], after[kMaxRank];
  int64_t gap;  // 1: the edge is not repeated
};

// Continues each dimension to both sides by its mirror image, `gap` blocks behind its edges:
// before[d], after[d] <= dims[d] - gap.
void mirror_pad(const MirrorPadParams& p, const void* in, void* out);

}  // namespace octavo::reference
