#include "reference/tile.h"

#include <cstring>

#include "reference/copy.h"

namespace octavo::reference {
namespace {

// Tiles dimensions from `d` on, moving `in` and `out` to the end of what is read and written.
void tile_from(const TileParams& p, int32_t d, const uint8_t*& in, uint8_t*& out) {
  if (d == p.rank) {
    memcpy(out, in, p.block_bytes);
    in += p.block_bytes;
    out += p.block_bytes;
    return;
  }
  uint8_t* first = out;
  if (d == p.rank - 1) {
    const int64_t bytes = p.dims[d] * p.block_bytes;
    memcpy(out, in, bytes);
    in += bytes;
    out += bytes;
  } else {
    for (int64_t i = 0; i < p.dims[d]; ++i) tile_from(p, d + 1, in, out);
  }
  const int64_t bytes = out - first;
  repeat(bytes, p.multiples[d], first);
  out = first + bytes * p.multiples[d];
}

}  // namespace

void tile(const TileParams& p, const void* in, void* out) {
  const auto* from = static_cast<const uint8_t*>(in);
  auto* to = static_cast<uint8_t*>(out);
  tile_from(p, 0, from, to);
}

}  // namespace octavo::reference
