// Float inputs of operators whose weights are integers ("hybrid"): they become int8 while running,
// each row, which may be a whole image, by its own range.
#pragma once

#include <cstdint>

#include "ops/op.h"

namespace octavo {

// Of an input of `rows` rows of `size` floats. 0 rows: it is no such input.
struct InputRanges {
  int64_t rows, size;
  bool asymmetric;

  // The least int8.
  int32_t low() const { return asymmetric ? -128 : -127; }
};

// Adds scratch buffers 1 and 2, for find_ranges.
Status add_range_scratch(PrepareContext& c, const InputRanges& ranges);

// How each row becomes int8; null where none does.
reference::RowQuantization* find_ranges(const Step& s, const Workspace& w,
                                        const InputRanges& ranges, const float* in);

}  // namespace octavo
