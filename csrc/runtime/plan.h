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

// Sets every offset and returns the bytes that the whole arena takes. `order` is room for as many
// numbers.
int64_t plan_memory(Span<PlannedBuffer> buffers, Span<int32_t> order);

}  // namespace octavo
