#pragma once

#include <cstdint>

#include "base/math.h"

namespace octavo::reference {

struct Pool2DParams {
  int32_t batch, in_h, in_w, channels;
  int32_t out_h, out_w;
  int32_t filter_h, filter_w, stride_h, stride_w;
  int32_t pad_top, pad_left;       // every window holds at least one pixel of the image
  int32_t act_min, act_max;        // of the integer types
  float act_min_f32, act_max_f32;  // of float32
};

// What of a window lies inside the image along one dimension: pixels [first, last).
struct PoolExtent {
  int32_t first, last;
};
inline PoolExtent pool_extent(int32_t output, int32_t stride, int32_t pad, int32_t filter,
                              int32_t in) {
  const int64_t origin = int64_t{output} * stride - pad;
  return {static_cast<int32_t>(max<int64_t>(origin, 0)),
          static_cast<int32_t>(min<int64_t>(origin + filter, in))};
}

// The mean of each window's pixels that lie inside the image. Integers: round(sum / count), half
// away from zero; the input's quantization is taken to be the output's (LiteRT:
// reference_integer_ops::AveragePool).
void average_pool_2d_f32(const Pool2DParams& p, const float* in, float* out);
void average_pool_2d_s8(const Pool2DParams& p, const int8_t* in, int8_t* out);
void average_pool_2d_u8(const Pool2DParams& p, const uint8_t* in, uint8_t* out);
void average_pool_2d_s16(const Pool2DParams& p, const int16_t* in, int16_t* out);

// The greatest of each window's pixels; a NaN is passed over.
void max_pool_2d_f32(const Pool2DParams& p, const float* in, float* out);
void max_pool_2d_s8(const Pool2DParams& p, const int8_t* in, int8_t* out);
void max_pool_2d_u8(const Pool2DParams& p, const uint8_t* in, uint8_t* out);
void max_pool_2d_s16(const Pool2DParams& p, const int16_t* in, int16_t* out);

}  // namespace octavo::reference
