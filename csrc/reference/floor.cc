#include "reference/floor.h"

#include "base/math.h"

namespace octavo::reference {

void floor_f32(int64_t count, const float* in, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(floor(in[i]));
}

}  // namespace octavo::reference
