#include "reference/mirror_pad.h"

#include <cstring>

namespace octavo::reference {
namespace {

// Pads dimensions from `d` on. What is within comes first, then the
// border is copied from there.
void pad_from(const MirrorPadParams& p, int32_t d, const uint8_t*& in, uint8_t* out) {
  int64_t slab = p.block_bytes;  // one index of this dimension
  for (int32_t k = d + 1; k < p.rank; ++k) slab *= p.before[k] + p.dims[k] + p.after[k];
  uint8_t* inside = out + p.before[d] * slab;
  if (d == p.rank - 1) {
    memcpy(inside, in, p.dims[d] * slab);
    in += p.dims[d] * slab;
  } else {
    for (int64_t i = 0; i < p.dims[d]; ++i) pad_from(p, d + 1, in, inside + i * slab);
  }
  const int64_t last = p.dims[d] - 1;
  for (int64_t i = 0; i < p.before[d]; ++i) {
    memcpy(inside - (i + 1) * slab, inside + (i + p.gap) * slab, slab);
  }
  for (int64_t i = 0; i < p.after[d]; ++i) {
    memcpy(inside + (last + 1 + i) * slab, inside + (last - i - p.gap) * slab, slab);
  }
}

}  // namespace

void mirror_pad(const MirrorPadParams& p, const void* in, void* out) {
  const auto* from = static_cast<const uint8_t*>(in);
  pad_from(p, 0, from, static_cast<uint8_t*>(out));
}

}  // namespace octavo::reference
