#pragma once

#include <cstdint>

namespace octavo::reference {

// out[i] = the greatest integer not above in[i].
void floor_f32(int64_t count, const float* in, float* out);

}  // namespace octavo::reference
