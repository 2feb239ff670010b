// Kernels that move elements without looking at them.
#pragma once

#include <cstdint>

#include "base/shape.h"

namespace octavo::reference {

// Nested loops, outermost first, around the copy of one contiguous block. Offsets and strides are
// in bytes and may be negative.
struct StridedCopyParams {
  int64_t block_bytes;
  int32_t rank;  // number of loops; 0: the block is copied once
  int64_t dims[kMaxRank];
  int64_t in_offset, in_strides[kMaxRank];
  int64_t out_offset, out_strides[kMaxRank];
};

// Copies `count` blocks of so many bytes; strides are in bytes, too.
void copy_blocks(int64_t bytes, int64_t count, const uint8_t* in, int64_t in_stride, uint8_t* out,
                 int64_t out_stride);

// For every index i with 0 <= i[d] < dims[d]: copies the block at in_offset + sum(i[d] *
// in_strides[d]) to out_offset + sum(i[d] * out_strides[d]). `in` and `out` do not overlap.
void strided_copy(const StridedCopyParams& p, const void* in, void* out);

// Repeats the first `bytes` of `out`, `times` in all.
void repeat(int64_t bytes, int64_t times, void* out);

// Writes the element at `value` `count` times.
void fill(int64_t count, int32_t element_bytes, const void* value, void* out);

}  // namespace octavo::reference
