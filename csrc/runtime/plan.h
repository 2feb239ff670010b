// Where in the arena each buffer lies: buffers that are alive at the same time do not overlap.
#pragma once

#include <cstdint>

#include "base/span.h"

namespace octavo {

struct PlannedBuffer {
  int64_t bytes = 0;
  int32_t first = 0, last = 0;  // the steps from and to which it is alive, both included
  int64_t offset = 0;           // the answer, a multiple of Arena::kAlignment
};

constexpr int64_t kPlanNumbers = 4;  // what plan_memory needs room for, for each buffer

// Sets every offset and returns the bytes that the whole arena takes.
int64_t plan_memory(Span<PlannedBuffer> buffers, Span<int32_t> room);

}  // namespace octavo
