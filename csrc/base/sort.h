// Sorting without a heap allocation.
#pragma once

#include <cstdint>

#include "base/math.h"

namespace octavo {

// Merges two sorted runs; equals keep their order, those of `a` first.
template <class T, class Less>
void merge(const T* a, int64_t a_count, const T* b, int64_t b_count, T* out, Less less) {
  while (a_count > 0 || b_count > 0) {
    const bool take_b = a_count == 0 || (b_count > 0 && less(*b, *a));
    *out++ = take_b ? *b++ : *a++;
    --(take_b ? b_count : a_count);
  }
}

// Sorts; equals keep their order. `spare` has room for as many elements.
template <class T, class Less>
void stable_sort(T* items, T* spare, int64_t count, Less less) {
  T *from = items, *to = spare;
  for (int64_t run = 1; run < count; run *= 2) {
    for (int64_t i = 0; i < count; i += 2 * run) {
      const int64_t middle = min(i + run, count), end = min(i + 2 * run, count);
      merge(from + i, middle - i, from + middle, end - middle, to + i, less);
    }
    T* const sorted = to;
    to = from;
    from = sorted;
  }
  for (int64_t i = 0; from != items && i < count; ++i) items[i] = from[i];
}

}  // namespace octavo
