// Axes and other integers that operators take as operands.
#pragma once

#include <cstdint>

#include "ops/op.h"

namespace octavo {

// `t` holds `count` int32 or int64 that are known while preparing.
Status expect_integers(const PrepareContext& c, const char* role, const Tensor& t, int64_t count);
// One element of a known tensor of int8, int16, int32 or int64.
int64_t integer_at(const Tensor& t, int64_t i);

Shape insert_dimension(const Shape& shape, int32_t axis, int32_t size);
Shape remove_dimension(const Shape& shape, int32_t axis);

// `axis`, which counts from the end where it is negative, as an index below `rank`.
Status normalize_axis(const PrepareContext& c, int64_t axis, int32_t rank, int32_t& out);

}  // namespace octavo
