#include "reference/resize.h"

#include <cstring>
#include <limits>

#include "base/math.h"

namespace octavo::reference {
namespace {

// Input pixels to an output pixel.
float scale_of(int32_t in, int32_t out, bool align_corners) {
  if (align_corners && out > 1) return static_cast<float>(in - 1) / static_cast<float>(out - 1);
  return static_cast<float>(in) / static_cast<float>(out);
}

// The pixel at a position that may lie outside.
int32_t inside(double position, int32_t in) {
  return static_cast<int32_t>(clamp<double>(position, 0, in - 1));
}

// Int holds a blend: 20 bits more than an element.
template <class Int>
struct FixedAxis : ResizeAxis {
  using Real = Int;
  static constexpr Real kOne = kResizeOne;
  using ResizeAxis::ResizeAxis;
};

struct RealAxis : RealResizeAxis {
  using Real = float;
  static constexpr Real kOne = 1;
  using RealResizeAxis::RealResizeAxis;
};

template <class T>
T round_blend(float x) {
  // A weighted mean of uint8: x + 0.5 is between 0 and 256.
  return std::numeric_limits<T>::is_integer ? static_cast<T>(x + 0.5f) : static_cast<T>(x);
}

template <class T, class Int>
T round_blend(Int x) {
  constexpr Int kUnit = 1 << 20;
  return static_cast<T>((x > 0 ? x + kUnit / 2 : x - kUnit / 2) / kUnit);
}

template <class Axis, class T>
void resize_bilinear(const ResizeParams& p, const T* in, T* out) {
  using Real = typename Axis::Real;
  const Axis y_axis(p.in_h, p.out_h, p);
  const Axis x_axis(p.in_w, p.out_w, p);
  const int32_t channels = p.channels;
  for (int32_t b = 0; b < p.batch; ++b) {
    for (int32_t out_y = 0; out_y < p.out_h; ++out_y) {
      const auto y = y_axis.at(out_y);
      const T* upper = in + (int64_t{b} * p.in_h + y.low) * p.in_w * channels;
      const T* lower = in + (int64_t{b} * p.in_h + y.high) * p.in_w * channels;
      for (int32_t out_x = 0; out_x < p.out_w; ++out_x) {
        const auto x = x_axis.at(out_x);
        const Real y_offset = y.offset, x_offset = x.offset;
        const int64_t left = int64_t{x.low} * channels;
        const int64_t right = int64_t{x.high} * channels;
        for (int32_t c = 0; c < channels; ++c) {
          // The order of these products and sums decides the last bit of a float.
          const Real blend = upper[left + c] * (Axis::kOne - y_offset) * (Axis::kOne - x_offset) +
                             lower[left + c] * y_offset * (Axis::kOne - x_offset) +
                             upper[right + c] * (Axis::kOne - y_offset) * x_offset +
                             lower[right + c] * y_offset * x_offset;
          out[c] = round_blend<T>(blend);
        }
        out += channels;
      }
    }
  }
}

int32_t nearest(int32_t i, int32_t in, float scale, const ResizeParams& p) {
  const float position = (static_cast<float>(i) + (p.half_pixel_centers ? 0.5f : 0.0f)) * scale;
  return inside(p.align_corners ? round_away(position) : floor(position), in);
}

}  // namespace

RealResizeAxis::RealResizeAxis(int32_t in, int32_t out, const ResizeParams& p)
    : in_(in),
      scale_(scale_of(in, out, p.align_corners)),
      half_pixel_centers_(p.half_pixel_centers) {}

ResizeAxis::ResizeAxis(int32_t in, int32_t out, const ResizeParams& p) : in_(in) {
  const int32_t corner = p.align_corners && out > 1 ? 1 : 0;
  scale_ = (int64_t{kResizeOne} * (in - corner) + (out - corner) / 2) / (out - corner);
  first_ = p.half_pixel_centers ? scale_ / 2 - kResizeOne / 2 : 0;
}

void resize_bilinear_f32(const ResizeParams& p, const float* in, float* out) {
  resize_bilinear<RealAxis>(p, in, out);
}

void resize_bilinear_s8(const ResizeParams& p, const int8_t* in, int8_t* out) {
  resize_bilinear<FixedAxis<int32_t>>(p, in, out);
}

void resize_bilinear_u8(const ResizeParams& p, const uint8_t* in, uint8_t* out) {
  resize_bilinear<RealAxis>(p, in, out);
}

void resize_bilinear_s16(const ResizeParams& p, const int16_t* in, int16_t* out) {
  resize_bilinear<FixedAxis<int64_t>>(p, in, out);
}

void resize_nearest_neighbor(const ResizeParams& p, int64_t pixel_bytes, const void* in,
                             void* out) {
  const float y_scale = scale_of(p.in_h, p.out_h, p.align_corners);
  const float x_scale = scale_of(p.in_w, p.out_w, p.align_corners);
  const auto* image = static_cast<const uint8_t*>(in);
  auto* pixel = static_cast<uint8_t*>(out);
  const int64_t row_bytes = p.out_w * pixel_bytes;
  for (int32_t b = 0; b < p.batch; ++b) {
    int32_t before = -1;
    for (int32_t y = 0; y < p.out_h; ++y) {
      const int32_t in_y = nearest(y, p.in_h, y_scale, p);
      if (in_y == before) {
        memcpy(pixel, pixel - row_bytes, static_cast<size_t>(row_bytes));
        pixel += row_bytes;
        continue;
      }
      before = in_y;
      const uint8_t* row = image + (int64_t{b} * p.in_h + in_y) * p.in_w * pixel_bytes;
      for (int32_t x = 0; x < p.out_w; ++x, pixel += pixel_bytes) {
        memcpy(pixel, row + nearest(x, p.in_w, x_scale, p) * pixel_bytes,
               static_cast<size_t>(pixel_bytes));
      }
    }
  }
}

}  // namespace octavo::reference
