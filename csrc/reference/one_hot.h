#pragma once

#include <cstdint>

namespace octavo::reference {

struct OneHotParams {
  int64_t outer, depth, inner;
  int32_t element_bytes;
};

// out[o][d][i] is the element `on` where indices[o][i] = d, elsewhere `off`.
void one_hot(const OneHotParams& p, const int64_t* indices, const void* on, const void* off,
             void* out);

}  // namespace octavo::reference
