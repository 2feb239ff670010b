#pragma once

#include <cstdint>

#include "base/shape.h"
#include "reference/combine.h"

namespace octavo::reference {

// Windows of an operand, whose places a tensor of indices lists, beside a tensor of their elements:
// what STABLEHLO_GATHER reads and STABLEHLO_SCATTER writes. Offsets and strides count elements.
struct WindowsParams {
  Shape elements;                // the windows', those within them and those that tell them apart
  int32_t dimension[kMaxRank];   // of the operand, along which this one runs; -1: tells apart
  int64_t index_step[kMaxRank];  // in the indices, where it tells apart
  int32_t numbers;               // of an index
  int64_t number_step;           // in the indices
  int32_t moves[kMaxRank];       // the dimension of the operand that each number is for
  Shape operand;
  int32_t window[kMaxRank];  // the windows' size along each of them
};

// Copies the windows from the operand. One that would reach beyond it is moved back into it.
void gather_windows_s32(const WindowsParams& p, int32_t element_bytes, const void* operand,
                        const int32_t* indices, void* out);
void gather_windows_s64(const WindowsParams& p, int32_t element_bytes, const void* operand,
                        const int64_t* indices, void* out);

// The place in the operand of element number `i` of the windows; -1: outside.
template <class Index>
int64_t window_place(const WindowsParams& p, const Index* indices, int64_t i, bool is_moved_back) {
  int64_t at[kMaxRank] = {}, within[kMaxRank] = {}, index = 0;
  for (int32_t d = p.elements.rank; d-- > 0;) {
    const int64_t k = i % p.elements[d];
    i /= p.elements[d];
    if (p.dimension[d] >= 0) {
      within[p.dimension[d]] = k;
    } else {
      index += k * p.index_step[d];
    }
  }
  for (int32_t n = 0; n < p.numbers; ++n) at[p.moves[n]] = indices[index + n * p.number_step];
  int64_t place = 0;
  for (int32_t d = 0; d < p.operand.rank; ++d) {
    if (is_moved_back) {
      const int64_t last = p.operand[d] - p.window[d];
      at[d] = at[d] < 0 ? 0 : at[d] > last ? last : at[d];
    }
    // Checked before they are added: an index may be any number.
    if (at[d] < -int64_t{INT32_MAX} || at[d] > INT32_MAX) return -1;
    const int64_t k = at[d] + within[d];
    if (k < 0 || k >= p.operand[d]) return -1;
    place = place * p.operand[d] + k;
  }
  return place;
}

// Combines each element of the windows with that at its place in `out`, which begins as a copy of
// the operand; those outside are left out.
template <class T, class Index>
void scatter_windows(const WindowsParams& p, Combine how, const Index* indices, const T* updates,
                     T* out) {
  const int64_t count = p.elements.count();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t place = window_place(p, indices, i, /*is_moved_back=*/false);
    if (place >= 0) out[place] = combine(how, out[place], updates[i]);
  }
}

}  // namespace octavo::reference
