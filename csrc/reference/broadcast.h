// Walking two operands that broadcast against each other, as numpy defines it: shapes are aligned
// at their last dimension, and a dimension of 1 repeats.
#pragma once

#include <cstdint>

#include "base/shape.h"

namespace octavo::reference {

// The walk with as few dimensions as it can have: neighbours along which the same operands repeat
// are one dimension. Operands of one shape, or with a single element, come down to one row.
struct Broadcast {
  int32_t rank;  // 1 or more
  int64_t dims[kMaxRank];
  int64_t a_strides[kMaxRank], b_strides[kMaxRank];  // in elements; 0 where the operand repeats
};

// False where a and b do not broadcast.
bool broadcast_shapes(const Shape& a, const Shape& b, Shape& out);

// `out` is what broadcast_shapes gave.
Broadcast plan_broadcast(const Shape& a, const Shape& b, const Shape& out);

// out[i] = f(a[..], b[..]) over one row. At most one of the strides is 0, else they are 1.
template <class A, class B, class Out, class F>
void broadcast_row(int64_t n, const A* a, int64_t a_stride, const B* b, int64_t b_stride, Out* out,
                   F f) {
  if (a_stride == 0) {
    const A x = *a;
    for (int64_t i = 0; i < n; ++i) out[i] = f(x, b[i]);
  } else if (b_stride == 0) {
    const B y = *b;
    for (int64_t i = 0; i < n; ++i) out[i] = f(a[i], y);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
  }
}

// Calls row(n, a, a_stride, b, b_stride, out) for each row of the walk; the strides are as in
// broadcast_row.
template <class A, class B, class Out, class Row>
void for_each_row(const Broadcast& p, const A* a, const B* b, Out* out, Row row) {
  const int32_t last = p.rank - 1;
  const int64_t n = p.dims[last];
  int64_t rows = 1;
  for (int32_t d = 0; d < last; ++d) rows *= p.dims[d];
  int64_t index[kMaxRank] = {}, a_offset = 0, b_offset = 0;
  for (int64_t i = 0; i < rows; ++i) {
    row(n, a + a_offset, p.a_strides[last], b + b_offset, p.b_strides[last], out);
    out += n;
    for (int32_t d = last - 1; d >= 0; --d) {
      a_offset += p.a_strides[d];
      b_offset += p.b_strides[d];
      if (++index[d] < p.dims[d]) break;
      a_offset -= p.dims[d] * p.a_strides[d];
      b_offset -= p.dims[d] * p.b_strides[d];
      index[d] = 0;
    }
  }
}

// out = f(a, b), elementwise. f must not refer to memory that `out` could change.
template <class A, class B, class Out, class F>
void for_each_broadcast(const Broadcast& p, const A* a, const B* b, Out* out, F f) {
  for_each_row(p, a, b, out,
               [&](int64_t n, const A* x, int64_t x_stride, const B* y, int64_t y_stride, Out* to) {
                 broadcast_row(n, x, x_stride, y, y_stride, to, f);
               });
}

}  // namespace octavo::reference
