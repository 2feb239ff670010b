#include "reference/broadcast.h"

#include "base/math.h"

namespace octavo::reference {
namespace {

// Dimension i of a shape as if it were preceded by ones to `rank` dimensions.
int32_t padded_dim(const Shape& s, int32_t rank, int32_t i) {
  const int32_t own = i - (rank - s.rank);
  return own < 0 ? 1 : s[own];
}

}  // namespace

bool broadcast_shapes(const Shape& a, const Shape& b, Shape& out) {
  out = {};
  out.rank = max(a.rank, b.rank);
  for (int32_t i = 0; i < out.rank; ++i) {
    const int32_t m = padded_dim(a, out.rank, i), n = padded_dim(b, out.rank, i);
    if (m != n && m != 1 && n != 1) return false;
    out[i] = m == 1 ? n : m;
  }
  return true;
}

Broadcast plan_broadcast(const Shape& a, const Shape& b, const Shape& out) {
  if (out.count() == 0) return {1, {0}, {1}, {1}};
  // Built from the last dimension outwards, then turned around.
  Broadcast p = {0, {}, {}, {}};
  int64_t a_size = 1, b_size = 1;  // elements in the dimensions so far
  for (int32_t i = out.rank - 1; i >= 0; --i) {
    if (out[i] == 1) continue;
    const int32_t m = padded_dim(a, out.rank, i), n = padded_dim(b, out.rank, i);
    const int64_t a_stride = m == 1 ? 0 : a_size, b_stride = n == 1 ? 0 : b_size;
    const int32_t inner = p.rank - 1;
    if (p.rank > 0 && (a_stride == 0) == (p.a_strides[inner] == 0) &&
        (b_stride == 0) == (p.b_strides[inner] == 0)) {
      p.dims[inner] *= out[i];
    } else {
      p.dims[p.rank] = out[i];
      p.a_strides[p.rank] = a_stride;
      p.b_strides[p.rank] = b_stride;
      ++p.rank;
    }
    a_size *= m;
    b_size *= n;
  }
  if (p.rank == 0) return {1, {1}, {1}, {1}};
  Broadcast q = p;
  for (int32_t i = 0; i < p.rank; ++i) {
    q.dims[i] = p.dims[p.rank - 1 - i];
    q.a_strides[i] = p.a_strides[p.rank - 1 - i];
    q.b_strides[i] = p.b_strides[p.rank - 1 - i];
  }
  return q;
}

}  // namespace octavo::reference
