// Float inputs of operators whose weights are integers ("hybrid"): they become int8 while running,
// each row, which may be a whole image, by its own range.
#pragma once

#include <cstdint>

#include "ops/op.h"

namespace octavo {

// Of an input of `rows` rows of `size` floats. 0 rows: it is no such input.
struct InputRanges {
  int64_t rows, size;
  bool by_pixel;  // rows are the pixels of one image, not images
  bool asymmetric;
};

// Adds scratch buffers 1 and 2, for find_ranges.
Status add_range_scratch(PrepareContext& c, const InputRanges& ranges);

// How rows become int8 of `low` or more, from a certain row on; null where none do.
struct FoundRanges {
  const reference::RowQuantization* rows = nullptr;
  bool by_pixel = false;
  int32_t low = 0;

  // Distance from one pixel's to the next one's.
  int32_t step() const { return by_pixel ? 1 : 0; }
};

FoundRanges find_ranges(const Step& s, const Workspace& w, const InputRanges& ranges,
                        const float* in);

}  // namespace octavo
