// real = (q - zero_point) * scale, per tensor or per slice along one axis.
#pragma once

#include <cstdint>

#include "base/span.h"

namespace octavo {

struct Quantization {
  Span<const float> scale;         // empty: not quantized; one: per tensor; else one per slice
  Span<const int64_t> zero_point;  // empty (all zero) or as long as scale
  int32_t axis = 0;                // the dimension that scale runs along when there are several

  bool per_tensor() const { return scale.size == 1; }
  bool per_axis() const { return scale.size > 1; }
  int64_t zero(size_t i = 0) const {
    return zero_point.empty() ? 0 : zero_point[zero_point.size == 1 ? 0 : i];
  }
};

}  // namespace octavo
