// Shapes as the values of tensors.
#pragma once

#include "ops/op.h"

namespace octavo {

// Makes a shape the known value of output 0, a vector of int32 or int64.
Status make_known_shape(const PrepareContext& c, const Shape& shape);
// Reads a shape of a known vector of int32 or int64.
Status read_shape(const PrepareContext& c, const char* role, const Tensor& t, Shape& shape);

}  // namespace octavo
