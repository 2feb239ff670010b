#include "reference/conv_3d.h"

#include "base/math.h"

namespace octavo::reference {
namespace {

// Calls f(filter offset, far) for each tap of the window at `near` that lies inside: far[d] =
// near[d] * stride - pad + tap * dilation is in [0, size[d]).
template <class F>
void for_each_tap(const Conv3DAxis (&axes)[3], const int32_t (&near)[3], const int32_t (&size)[3],
                  F f) {
  int32_t tap[3], far[3];
  int64_t offset = 0;
  for (tap[0] = 0; tap[0] < axes[0].filter; ++tap[0]) {
    for (tap[1] = 0; tap[1] < axes[1].filter; ++tap[1]) {
      for (tap[2] = 0; tap[2] < axes[2].filter; ++tap[2], ++offset) {
        bool is_inside = true;
        for (int d = 0; d < 3; ++d) {
          const int64_t at =
              int64_t{near[d]} * axes[d].stride - axes[d].pad + int64_t{tap[d]} * axes[d].dilation;
          is_inside = is_inside && at >= 0 && at < size[d];
          far[d] = static_cast<int32_t>(at);
        }
        if (is_inside) f(offset, far);
      }
    }
  }
}

// Calls f(position) for each of a volume, in order.
template <class F>
void for_each_position(const int32_t (&size)[3], F f) {
  int32_t at[3];
  for (at[0] = 0; at[0] < size[0]; ++at[0]) {
    for (at[1] = 0; at[1] < size[1]; ++at[1]) {
      for (at[2] = 0; at[2] < size[2]; ++at[2]) f(at);
    }
  }
}

int64_t offset_of(const int32_t (&at)[3], const int32_t (&size)[3]) {
  return (int64_t{at[0]} * size[1] + at[1]) * size[2] + at[2];
}

void finish(const Conv3DParams& p, const float* bias, float* pixel) {
  for (int32_t c = 0; c < p.out_c; ++c) {
    pixel[c] = clamp(pixel[c] + (bias != nullptr ? bias[c] : 0), p.act_min, p.act_max);
  }
}

}  // namespace

// Without input channels input and filter have no elements, and may be of any size.
void conv_3d_f32(const Conv3DParams& p, AddRowProduct add_product, const float* in,
                 const float* filter, const float* bias, float* out) {
  const int32_t in_size[] = {p.axes[0].in, p.axes[1].in, p.axes[2].in};
  const int32_t out_size[] = {p.axes[0].out, p.axes[1].out, p.axes[2].out};
  const int64_t volume = int64_t{in_size[0]} * in_size[1] * in_size[2] * p.in_c;
  for (int32_t b = 0; b < p.batch; ++b, in += volume) {
    for_each_position(out_size, [&](const int32_t (&at)[3]) {
      for (int32_t c = 0; c < p.out_c; ++c) out[c] = 0;
      if (p.in_c > 0)
        for_each_tap(p.axes, at, in_size, [&](int64_t tap, const int32_t (&far)[3]) {
          add_product(p.in_c, p.out_c, in + offset_of(far, in_size) * p.in_c,
                      filter + tap * p.in_c * p.out_c, out);
        });
      finish(p, bias, out);
      out += p.out_c;
    });
  }
}

void conv_3d_transpose_f32(const Conv3DParams& p, const float* in, const float* filter,
                           const float* bias, float* out) {
  const int32_t in_size[] = {p.axes[0].in, p.axes[1].in, p.axes[2].in};
  const int32_t out_size[] = {p.axes[0].out, p.axes[1].out, p.axes[2].out};
  const int64_t pixels = int64_t{out_size[0]} * out_size[1] * out_size[2];
  for (int32_t b = 0; b < p.batch; ++b, out += pixels * p.out_c) {
    for (int64_t i = 0; i < pixels * p.out_c; ++i) out[i] = 0;
    if (p.in_c > 0)
      for_each_position(in_size, [&](const int32_t (&at)[3]) {
        for_each_tap(p.axes, at, out_size, [&](int64_t tap, const int32_t (&far)[3]) {
          float* pixel = out + offset_of(far, out_size) * p.out_c;
          const float* weights = filter + tap * p.out_c * p.in_c;
          for (int32_t c = 0; c < p.out_c; ++c, weights += p.in_c) {
            for (int32_t i = 0; i < p.in_c; ++i) pixel[c] += in[i] * weights[i];
          }
        });
        in += p.in_c;
      });
    for (int64_t i = 0; i < pixels; ++i) finish(p, bias, out + i * p.out_c);
  }
}

}  // namespace octavo::reference
