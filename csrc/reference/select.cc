#include "reference/select.h"

namespace octavo::reference {
namespace {

struct Element16 {
  uint64_t halves[2];
};

// One row, of which each operand repeats an element or not: known while compiling, so that the
// loops become vectors.
template <class T, int kStep, int kStepX, int kStepY>
void select_row(int64_t n, const uint8_t* condition, const T* x, const T* y, T* out) {
  for (int64_t i = 0; i < n; ++i) {
    const T a = x[i * kStepX], b = y[i * kStepY];
    out[i] = condition[i * kStep] != 0 ? a : b;
  }
}

template <class T>
void select_as(const SelectParams& p, const uint8_t* condition, const T* x, const T* y, T* out) {
  using Row = void (*)(int64_t, const uint8_t*, const T*, const T*, T*);
  constexpr Row kRows[2][2][2] = {
      {{&select_row<T, 0, 0, 0>, &select_row<T, 0, 0, 1>},
       {&select_row<T, 0, 1, 0>, &select_row<T, 0, 1, 1>}},
      {{&select_row<T, 1, 0, 0>, &select_row<T, 1, 0, 1>},
       {&select_row<T, 1, 1, 0>, &select_row<T, 1, 1, 1>}},
  };
  const int32_t last = p.rank - 1;
  const int64_t n = p.dims[last];
  const Row row = kRows[p.strides[0][last]][p.strides[1][last]][p.strides[2][last]];
  int64_t rows = 1;
  for (int32_t d = 0; d < last; ++d) rows *= p.dims[d];
  int64_t index[kMaxRank] = {};
  for (int64_t r = 0; r < rows; ++r) {
    row(n, condition, x, y, out);
    out += n;
    for (int32_t d = last - 1; d >= 0; --d) {
      const bool turns = ++index[d] == p.dims[d];
      const int64_t step = turns ? 1 - p.dims[d] : 1;
      condition += step * p.strides[0][d];
      x += step * p.strides[1][d];
      y += step * p.strides[2][d];
      if (!turns) break;
      index[d] = 0;
    }
  }
}

template <class T>
void select_as(const SelectParams& p, const uint8_t* condition, const void* x, const void* y,
               void* out) {
  select_as(p, condition, static_cast<const T*>(x), static_cast<const T*>(y), static_cast<T*>(out));
}

}  // namespace

void select(const SelectParams& p, const uint8_t* condition, const void* x, const void* y,
            void* out) {
  switch (p.element_bytes) {
    case 1:
      return select_as<uint8_t>(p, condition, x, y, out);
    case 2:
      return select_as<uint16_t>(p, condition, x, y, out);
    case 4:
      return select_as<uint32_t>(p, condition, x, y, out);
    case 8:
      return select_as<uint64_t>(p, condition, x, y, out);
    default:
      return select_as<Element16>(p, condition, x, y, out);
  }
}

}  // namespace octavo::reference
