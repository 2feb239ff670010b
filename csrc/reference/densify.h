#pragma once

#include <cstdint>

namespace octavo::reference {

// One level of a compressed tensor, whose levels are nested loops. A dense one has all indices
// below `count`, a sparse one those in indices[segments[p] .. segments[p + 1]), where p is the
// number of the loop before.
struct SparseLevel {
  int64_t count;
  const int32_t* segments;  // null: dense
  const int32_t* indices;
  int64_t step;  // elements of the dense tensor that an index stands for
};

constexpr int32_t kMaxLevels = 16;

// Copies each value to its place in `out`, which is zero elsewhere.
void densify(const SparseLevel* levels, int32_t count, int32_t element_bytes, const void* values,
             void* out);

}  // namespace octavo::reference
