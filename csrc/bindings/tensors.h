// Tensors in Python's form.
#pragma once

#include "bindings/common.h"
#include "ops/op.h"

namespace octavo {

// Its details, as _core.pyi says.
py::dict details_of(const Tensor& t);

// The type of its elements; raises ValueError where numpy does not have it.
py::dtype numpy_type(const Tensor& t);

// Its value, which is in memory. int2 and int4 become int8, uint4 uint8.
py::array copy_of(const Tensor& t);

// Copies an array of exactly its type and shape into its memory. A message begins `has type ...`.
Status copy_into(const Tensor& t, const py::array& value);

}  // namespace octavo
