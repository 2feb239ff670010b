// Sparse constants.
#pragma once

#include "ops/derived.h"
#include "ops/op.h"

namespace octavo {

// The elements of a sparse constant as they lie in a dense tensor, made once for all interpreters
// of a model.
Status make_dense(const TensorInfo& info, const DerivedStore& store, Arena& memory, void** out);

}  // namespace octavo
