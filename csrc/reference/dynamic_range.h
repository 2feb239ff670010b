#pragma once

#include <cstdint>

namespace octavo::reference {

// Quantizes each of `rows` rows of `size` floats to int8, by its own range: in = (out - zero[r]) *
// scale[r], nearly. Asymmetric: the range, widened to hold 0, is spread over [-128, 127].
// Symmetric: the greatest magnitude becomes 127, zero[r] is 0. A row of zeros has scale 1. Defined
// in LiteRT's reference/portable_tensor_utils.cc.
void quantize_rows_s8(int64_t rows, int64_t size, bool asymmetric, const float* in, int8_t* out,
                      float* scale, int32_t* zero);

}  // namespace octavo::reference
