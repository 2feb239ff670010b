#pragma once

#include <cstdint>

#include "base/shape.h"

namespace octavo::reference {

// How many of the elements are not 0. Integers of any sign go by their size.
int64_t count_nonzero_f32(int64_t count, const void* in);
int64_t count_nonzero_8(int64_t count, const void* in);
int64_t count_nonzero_32(int64_t count, const void* in);
int64_t count_nonzero_64(int64_t count, const void* in);

// The indices of those elements, in row-major order, shape.rank numbers each.
void find_nonzero_f32(const Shape& shape, const void* in, int64_t* out);
void find_nonzero_8(const Shape& shape, const void* in, int64_t* out);
void find_nonzero_32(const Shape& shape, const void* in, int64_t* out);
void find_nonzero_64(const Shape& shape, const void* in, int64_t* out);

}  // namespace octavo::reference
