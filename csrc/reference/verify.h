#pragma once

#include <cstdint>

namespace octavo::reference {

// values[i] -= wanted[i], up to the first difference beyond `limit`: its place, or `count`.
int64_t subtract_within(int64_t count, const float* wanted, float limit, float* values);

}  // namespace octavo::reference
