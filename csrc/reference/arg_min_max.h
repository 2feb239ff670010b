#pragma once

#include <cstdint>

namespace octavo::reference {

struct ArgMinMaxParams {
  int64_t outer;  // the product of the dimensions before the axis
  int32_t axis;   // elements along it, at least 1
  int64_t inner;  // the product of the dimensions after it
  bool minimum;   // else the maximum
};

// The index along the axis of the greatest (least) element, of equals the first. A NaN is chosen
// only where nothing else is. The second suffix is the index's type.
void arg_min_max_f32_s32(const ArgMinMaxParams& p, const float* in, int32_t* out);
void arg_min_max_f32_s64(const ArgMinMaxParams& p, const float* in, int64_t* out);
void arg_min_max_s8_s32(const ArgMinMaxParams& p, const int8_t* in, int32_t* out);
void arg_min_max_s8_s64(const ArgMinMaxParams& p, const int8_t* in, int64_t* out);
void arg_min_max_u8_s32(const ArgMinMaxParams& p, const uint8_t* in, int32_t* out);
void arg_min_max_u8_s64(const ArgMinMaxParams& p, const uint8_t* in, int64_t* out);
void arg_min_max_s32_s32(const ArgMinMaxParams& p, const int32_t* in, int32_t* out);
void arg_min_max_s32_s64(const ArgMinMaxParams& p, const int32_t* in, int64_t* out);

}  // namespace octavo::reference
