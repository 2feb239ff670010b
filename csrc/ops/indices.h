// Indices that come with the data.
#pragma once

#include <cstdint>

#include "ops/op.h"

namespace octavo {

// Dimensions that a row of `depth` indices goes into, and how far a step along each leads.
struct IndexSpace {
  int32_t depth;
  int64_t dims[kMaxRank], strides[kMaxRank];
};

// The first `depth` dimensions of a shape, with strides in blocks of the remaining ones.
IndexSpace leading_dimensions(const Shape& shape, int32_t depth);

// The elements of a tensor of int16, int32 or int64.
void widen(const Tensor& t, int64_t* out);

// Scratch memory for widen() and read_places().
inline Status add_places(PrepareContext& c, const Tensor& indices) {
  return c.add_scratch(indices.shape.count() * static_cast<int64_t>(sizeof(int64_t)));
}

// Reads an input as rows of indices and gives the place that each leads to: sum(index[d] *
// strides[d]). Fails where one is not in [0, dims[d]).
Status read_places(const Step& step, int32_t input, const IndexSpace& space, int64_t* places);

}  // namespace octavo
