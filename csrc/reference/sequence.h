#pragma once

#include <cstdint>

namespace octavo::reference {

// out[0] = start, and each further element is `step` more than the one before it: in float32 the
// roundings add up. Integers wrap.
void sequence_f32(int64_t count, const float* start, const float* step, float* out);
void sequence_s32(int64_t count, const int32_t* start, const int32_t* step, int32_t* out);
void sequence_s64(int64_t count, const int64_t* start, const int64_t* step, int64_t* out);

}  // namespace octavo::reference
