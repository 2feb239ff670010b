// Tensor shapes. Every shape in octavo has at most kMaxRank dimensions and an element count that
// fits in 63 bits with room for the element size: the decoder and Shape-making operators see to it.
#pragma once

#include <cstdint>

namespace octavo {

constexpr int32_t kMaxRank = 8;

// Above this many elements a tensor is refused: below it bytes, and sums of the bytes of as many
// tensors as a file can hold, fit in 64 bits.
constexpr int64_t kMaxElements = int64_t{1} << 36;

struct Shape {
  int32_t rank = 0;
  int32_t dims[kMaxRank] = {};

  int32_t operator[](int32_t i) const { return dims[i]; }
  int32_t& operator[](int32_t i) { return dims[i]; }

  // Product of the dimensions in [first, last).
  int64_t count(int32_t first, int32_t last) const {
    int64_t n = 1;
    for (int32_t i = first; i < last; ++i) n *= dims[i];
    return n;
  }
  int64_t count() const { return count(0, rank); }
  int32_t back() const { return rank > 0 ? dims[rank - 1] : 1; }
};

inline bool operator==(const Shape& a, const Shape& b) {
  if (a.rank != b.rank) return false;
  for (int32_t i = 0; i < a.rank; ++i) {
    if (a.dims[i] != b.dims[i]) return false;
  }
  return true;
}
inline bool operator!=(const Shape& a, const Shape& b) { return !(a == b); }

// A shape of the given dimensions: make_shape(1, h, w, c).
template <class... Int>
Shape make_shape(Int... dims) {
  static_assert(sizeof...(dims) <= kMaxRank);
  return Shape{sizeof...(dims), {static_cast<int32_t>(dims)...}};
}

// False where a dimension is negative or the element count exceeds kMaxElements. Zeros are not
// counted, so that the product of any of the dimensions fits too.
inline bool is_valid(const Shape& s) {
  if (s.rank < 0 || s.rank > kMaxRank) return false;
  int64_t n = 1;
  for (int32_t i = 0; i < s.rank; ++i) {
    if (s.dims[i] < 0) return false;
    if (s.dims[i] == 0) continue;
    if (n > kMaxElements / s.dims[i]) return false;
    n *= s.dims[i];
  }
  return true;
}

// Row-major strides in elements.
inline void row_major_strides(const Shape& s, int64_t* strides) {
  int64_t n = 1;
  for (int32_t i = s.rank - 1; i >= 0; --i) {
    strides[i] = n;
    n *= s.dims[i];
  }
}

}  // namespace octavo
