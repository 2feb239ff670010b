#include "reference/select.h"

namespace octavo::reference {
namespace {

struct Element16 {
  uint64_t halves[2];
};

template <class T>
void select_as(const SelectParams& p, const uint8_t* condition, const T* x, const T* y, T* out) {
  const int32_t last = p.rank - 1;
  const int64_t n = p.dims[last];
  const int64_t steps[3] = {p.strides[0][last], p.strides[1][last], p.strides[2][last]};
  int64_t rows = 1;
  for (int32_t d = 0; d < last; ++d) rows *= p.dims[d];
  int64_t index[kMaxRank] = {};
  for (int64_t row = 0; row < rows; ++row) {
    if (steps[0] + steps[1] + steps[2] == 3) {  // which compilers make vectors of
      for (int64_t i = 0; i < n; ++i) {
        const T a = x[i], b = y[i];
        out[i] = condition[i] != 0 ? a : b;
      }
    } else {
      for (int64_t i = 0; i < n; ++i) {
        const T a = x[i * steps[1]], b = y[i * steps[2]];
        out[i] = condition[i * steps[0]] != 0 ? a : b;
      }
    }
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
