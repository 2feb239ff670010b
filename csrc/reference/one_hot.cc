#include "reference/one_hot.h"

#include <cstring>

#include "reference/copy.h"

namespace octavo::reference {

void one_hot(const OneHotParams& p, const int64_t* indices, const void* on, const void* off,
             void* out) {
  fill(p.outer * p.depth * p.inner, p.element_bytes, off, out);
  for (int64_t o = 0; o < p.outer; ++o) {
    for (int64_t i = 0; i < p.inner; ++i) {
      const int64_t d = indices[o * p.inner + i];
      if (d < 0 || d >= p.depth) continue;
      const int64_t place = (o * p.depth + d) * p.inner + i;
      memcpy(static_cast<uint8_t*>(out) + place * p.element_bytes, on, p.element_bytes);
    }
  }
}

}  // namespace octavo::reference
