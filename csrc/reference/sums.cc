#include "reference/sums.h"

#include <limits>
#include <type_traits>

namespace octavo::reference {
namespace {

// Integers are computed without sign, whose overflow C++ does not define.
template <class T>
T add(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  } else {
    return a + b;
  }
}

template <class T>
T multiply(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
  } else {
    return a * b;
  }
}

template <class T>
T greater(T a, T b) {
  return a < b ? b : a;
}

template <class T>
T lesser(T a, T b) {
  return b < a ? b : a;
}

// Of a row, whose sum need not come back from memory.
template <class T>
void cumsum_of_row(const CumsumParams& p, const T* in, T* out) {
  const int64_t step = p.reverse ? -1 : 1;
  int64_t at = p.reverse ? p.depth - 1 : 0;
  T sum = p.exclusive ? T{0} : in[at];
  out[at] = sum;
  for (int64_t d = 1; d < p.depth; ++d) {
    const T term = in[p.exclusive ? at : at + step];
    at += step;
    sum = add(sum, term);
    out[at] = sum;
  }
}

template <class T>
void cumsum(const CumsumParams& p, const T* in, T* out) {
  if (p.inner == 1 && p.depth > 0) {
    for (int64_t o = 0; o < p.outer; ++o) cumsum_of_row(p, in + o * p.depth, out + o * p.depth);
    return;
  }
  const int64_t step = p.reverse ? -p.inner : p.inner;
  for (int64_t o = 0; o < p.outer; ++o) {
    int64_t at = (o * p.depth + (p.reverse ? p.depth - 1 : 0)) * p.inner;
    for (int64_t i = 0; i < p.inner; ++i) out[at + i] = p.exclusive ? T{0} : in[at + i];
    for (int64_t d = 1; d < p.depth; ++d) {
      const T *sum = out + at, *term = in + at + (p.exclusive ? 0 : step);
      at += step;
      for (int64_t i = 0; i < p.inner; ++i) out[at + i] = add(sum[i], term[i]);
    }
  }
}

template <class T>
void reduce_segments(const SegmentParams& p, const int32_t* ids, const T* in, T* out, T start,
                     T (*join)(T, T)) {
  for (int64_t i = 0; i < p.segments * p.block; ++i) out[i] = start;
  for (int64_t r = 0; r < p.rows; ++r) {
    if (ids[r] < 0) continue;
    T* to = out + ids[r] * p.block;
    for (int64_t i = 0; i < p.block; ++i) to[i] = join(to[i], in[r * p.block + i]);
  }
}

}  // namespace

void cumsum_f32(const CumsumParams& p, const float* in, float* out) { cumsum(p, in, out); }
void cumsum_s32(const CumsumParams& p, const int32_t* in, int32_t* out) { cumsum(p, in, out); }
void cumsum_s64(const CumsumParams& p, const int64_t* in, int64_t* out) { cumsum(p, in, out); }

void segment_sum_f32(const SegmentParams& p, const int32_t* ids, const float* in, float* out) {
  reduce_segments(p, ids, in, out, 0.0f, &add<float>);
}
void segment_sum_s32(const SegmentParams& p, const int32_t* ids, const int32_t* in, int32_t* out) {
  reduce_segments(p, ids, in, out, 0, &add<int32_t>);
}
void segment_prod_f32(const SegmentParams& p, const int32_t* ids, const float* in, float* out) {
  reduce_segments(p, ids, in, out, 1.0f, &multiply<float>);
}
void segment_prod_s32(const SegmentParams& p, const int32_t* ids, const int32_t* in, int32_t* out) {
  reduce_segments(p, ids, in, out, 1, &multiply<int32_t>);
}
void segment_max_f32(const SegmentParams& p, const int32_t* ids, const float* in, float* out) {
  reduce_segments(p, ids, in, out, std::numeric_limits<float>::lowest(), &greater<float>);
}
void segment_max_s32(const SegmentParams& p, const int32_t* ids, const int32_t* in, int32_t* out) {
  reduce_segments(p, ids, in, out, INT32_MIN, &greater<int32_t>);
}
void segment_min_f32(const SegmentParams& p, const int32_t* ids, const float* in, float* out) {
  reduce_segments(p, ids, in, out, std::numeric_limits<float>::max(), &lesser<float>);
}
void segment_min_s32(const SegmentParams& p, const int32_t* ids, const int32_t* in, int32_t* out) {
  reduce_segments(p, ids, in, out, INT32_MAX, &lesser<int32_t>);
}

}  // namespace octavo::reference
