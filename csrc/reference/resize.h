#pragma once

#include <cstdint>

#include "base/math.h"

namespace octavo::reference {

struct ResizeParams {
  int32_t batch, in_h, in_w, channels;  // in_h, in_w, out_h, out_w at least 1
  int32_t out_h, out_w;
  bool align_corners, half_pixel_centers;  // bilinear: not both
};

// Where an output coordinate lies in the input: `offset` of the way from pixel `low` to `high`, in
// units of 1 / kResizeOne pixel. Beyond the first and the last pixel low is high.
struct ResizePosition {
  int32_t low, high, offset;
};
constexpr int32_t kResizeOne = 1024;

// The positions of a dimension, for integers.
class ResizeAxis {
 public:
  ResizeAxis(int32_t in, int32_t out, const ResizeParams& p);

  ResizePosition at(int32_t i) const {
    const int64_t position = i * scale_ + first_;
    // Rounding the scale up can carry the last positions beyond the image.
    const int64_t low = clamp<int64_t>(position / kResizeOne, 0, in_ - 1);
    const int64_t high = clamp<int64_t>((position + kResizeOne - 1) / kResizeOne, 0, in_ - 1);
    const int64_t offset = low < high ? position - low * kResizeOne : 0;
    return {static_cast<int32_t>(low), static_cast<int32_t>(high), static_cast<int32_t>(offset)};
  }

 private:
  int32_t in_;
  int64_t scale_, first_;  // of the positions
};

// The same in pixels, for what is blended in float.
struct RealResizePosition {
  int32_t low, high;
  float offset;
};

class RealResizeAxis {
 public:
  RealResizeAxis(int32_t in, int32_t out, const ResizeParams& p);

  RealResizePosition at(int32_t i) const {
    const auto x = static_cast<float>(i);
    const float position = half_pixel_centers_ ? (x + 0.5f) * scale_ - 0.5f : x * scale_;
    // No position is below -1/2, so that what is cut off does not matter.
    const auto whole = static_cast<int64_t>(position);
    const int64_t next = position > static_cast<float>(whole) ? whole + 1 : whole;
    const auto low = static_cast<int32_t>(clamp<int64_t>(whole, 0, in_ - 1));
    return {low, static_cast<int32_t>(clamp<int64_t>(next, 0, in_ - 1)),
            position - static_cast<float>(low)};
  }

 private:
  int32_t in_;
  float scale_;
  bool half_pixel_centers_;
};

// Each output pixel lies at a position between four of the input, whose mean, weighted by nearness,
// it is. float32 and uint8 work in float, uint8 rounding half up (LiteRT:
// reference_ops::ResizeBilinear); int8 and int16 in integers, with positions in 1/1024 pixel and
// rounding half away from zero (ResizeBilinearInteger).
void resize_bilinear_f32(const ResizeParams& p, const float* in, float* out);
void resize_bilinear_s8(const ResizeParams& p, const int8_t* in, int8_t* out);
void resize_bilinear_u8(const ResizeParams& p, const uint8_t* in, uint8_t* out);
void resize_bilinear_s16(const ResizeParams& p, const int16_t* in, int16_t* out);

// Copies a pixel for each of the output, of any element type: `pixel_bytes` is all its channels'
// (LiteRT: GetNearestNeighbor).
void resize_nearest_neighbor(const ResizeParams& p, int64_t pixel_bytes, const void* in, void* out);

}  // namespace octavo::reference
