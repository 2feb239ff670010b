#include "reference/verify.h"

namespace octavo::reference {

int64_t subtract_within(int64_t count, const float* wanted, float limit, float* values) {
  for (int64_t i = 0; i < count; ++i) {
    values[i] -= wanted[i];
    if (values[i] > limit || -values[i] > limit) return i;
  }
  return count;
}

}  // namespace octavo::reference
