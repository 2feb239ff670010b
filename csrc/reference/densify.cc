#include "reference/densify.h"

#include <cstring>

namespace octavo::reference {
namespace {

struct Elements {
  int32_t bytes;
  const uint8_t* values;
  uint8_t* out;
};

// `place`: of what lies in the levels from here on, among the values; `offset`: in the output.
void expand(const Elements& e, const SparseLevel* level, const SparseLevel* end, int64_t place,
            int64_t offset) {
  if (level == end) {
    memcpy(e.out + offset * e.bytes, e.values + place * e.bytes, static_cast<size_t>(e.bytes));
    return;
  }
  if (level->segments == nullptr) {
    for (int64_t i = 0; i < level->count; ++i) {
      expand(e, level + 1, end, place * level->count + i, offset + i * level->step);
    }
    return;
  }
  for (int64_t i = level->segments[place]; i < level->segments[place + 1]; ++i) {
    expand(e, level + 1, end, i, offset + level->indices[i] * level->step);
  }
}

}  // namespace

void densify(const SparseLevel* levels, int32_t count, int32_t element_bytes, const void* values,
             void* out) {
  expand({element_bytes, static_cast<const uint8_t*>(values), static_cast<uint8_t*>(out)}, levels,
         levels + count, 0, 0);
}

}  // namespace octavo::reference
