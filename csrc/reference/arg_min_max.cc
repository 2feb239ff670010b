#include "reference/arg_min_max.h"

namespace octavo::reference {
namespace {

template <class T, class Index, class Better>
void search(const ArgMinMaxParams& p, const T* in, Index* out, Better better) {
  for (int64_t o = 0; o < p.outer; ++o) {
    for (int64_t i = 0; i < p.inner; ++i) {
      const T* column = in + o * p.axis * p.inner + i;
      int32_t k = 0;  // of the first that is no NaN, if there is one
      while (k + 1 < p.axis && column[k * p.inner] != column[k * p.inner]) ++k;
      T best = column[k * p.inner];
      Index index = best == best ? k : 0;
      for (++k; k < p.axis; ++k) {
        const T x = column[k * p.inner];
        const bool wins = better(x, best);
        best = wins ? x : best;
        index = wins ? k : index;
      }
      *out++ = index;
    }
  }
}

template <class T, class Index>
void arg_min_max(const ArgMinMaxParams& p, const T* in, Index* out) {
  if (p.minimum) {
    search(p, in, out, [](T a, T b) { return a < b; });
  } else {
    search(p, in, out, [](T a, T b) { return a > b; });
  }
}

}  // namespace

void arg_min_max_f32_s32(const ArgMinMaxParams& p, const float* in, int32_t* out) {
  arg_min_max(p, in, out);
}

void arg_min_max_f32_s64(const ArgMinMaxParams& p, const float* in, int64_t* out) {
  arg_min_max(p, in, out);
}

void arg_min_max_s8_s32(const ArgMinMaxParams& p, const int8_t* in, int32_t* out) {
  arg_min_max(p, in, out);
}

void arg_min_max_s8_s64(const ArgMinMaxParams& p, const int8_t* in, int64_t* out) {
  arg_min_max(p, in, out);
}

void arg_min_max_u8_s32(const ArgMinMaxParams& p, const uint8_t* in, int32_t* out) {
  arg_min_max(p, in, out);
}

void arg_min_max_u8_s64(const ArgMinMaxParams& p, const uint8_t* in, int64_t* out) {
  arg_min_max(p, in, out);
}

void arg_min_max_s32_s32(const ArgMinMaxParams& p, const int32_t* in, int32_t* out) {
  arg_min_max(p, in, out);
}

void arg_min_max_s32_s64(const ArgMinMaxParams& p, const int32_t* in, int64_t* out) {
  arg_min_max(p, in, out);
}

}  // namespace octavo::reference
