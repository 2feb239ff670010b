#include "reference/conv.h"

#include "reference/accumulate.h"

namespace octavo::reference {
namespace {

struct Taps {
  int64_t first, count;
};

// The taps of a filter that fall inside an image of `size` elements when the filter begins at
// `origin`.
Taps taps_inside(int64_t origin, int32_t dilation, int32_t taps, int32_t size) {
  const int64_t first = origin < 0 ? (dilation - 1 - origin) / dilation : 0;
  const int64_t end = origin < size ? min<int64_t>(taps, (size - 1 - origin) / dilation + 1) : 0;
  return {first, max<int64_t>(end - first, 0)};
}

// Each operator is a struct whose image() computes one image.

struct Conv2D {
  template <class T, class W, class Out, class Finish>
  static void image(const ConvParams& p, const T* in, int32_t in_zero, const W* filter,
                    const Finish& finish, Out* out) {
    using Sum = typename Finish::Sum;
    const int32_t channels_per_group = p.out_c / (p.in_c / p.filter_c);
    const int64_t filter_size = int64_t{p.filter_h} * p.filter_w * p.filter_c;
    // Where the taps of a row see adjacent elements, they are one product of vectors.
    const bool adjacent = p.dilation_w == 1 && p.filter_c == p.in_c;
    for (int32_t y = 0; y < p.out_h; ++y) {
      const int64_t y_origin = int64_t{y} * p.stride_h - p.pad_h;
      const Taps rows = taps_inside(y_origin, p.dilation_h, p.filter_h, p.in_h);
      for (int32_t x = 0; x < p.out_w; ++x) {
        const int64_t x_origin = int64_t{x} * p.stride_w - p.pad_w;
        const Taps columns = taps_inside(x_origin, p.dilation_w, p.filter_w, p.in_w);
        const int64_t runs = adjacent ? 1 : columns.count;
        const int64_t run_length = adjacent ? columns.count * p.filter_c : p.filter_c;
        for (int32_t c = 0; c < p.out_c; ++c) {
          const T* group = in + c / channels_per_group * p.filter_c;
          Sum sum = 0;
          for (int64_t i = rows.first; i < rows.first + rows.count; ++i) {
            const int64_t in_y = y_origin + i * p.dilation_h;
            const int64_t in_x = x_origin + columns.first * p.dilation_w;
            const T* pixels = group + (in_y * p.in_w + in_x) * p.in_c;
            const W* weights =
                filter + c * filter_size + (i * p.filter_w + columns.first) * p.filter_c;
            for (int64_t run = 0; run < runs; ++run) {
              sum += dot<Sum>(run_length, pixels + run * p.dilation_w * p.in_c, in_zero,
                              weights + run * p.filter_c, p.filter_zero);
            }
          }
          *out++ = static_cast<Out>(finish(sum, c));
        }
      }
    }
  }
};

struct TransposeConv {
  template <class T, class W, class Out, class Finish>
  static void image(const ConvParams& p, const T* in, int32_t in_zero, const W* filter,
                    const Finish& finish, Out* out) {
    using Sum = typename Finish::Sum;
    const int64_t filter_size = int64_t{p.filter_h} * p.filter_w * p.in_c;
    for (int32_t y = 0; y < p.out_h; ++y) {
      const int64_t padded_y = int64_t{y} + p.pad_h;
      for (int32_t x = 0; x < p.out_w; ++x) {
        const int64_t padded_x = int64_t{x} + p.pad_w;
        for (int32_t c = 0; c < p.out_c; ++c) {
          const W* weights = filter + c * filter_size;
          Sum sum = 0;
          // in_y * stride_h + i = padded_y: the remainder gives the first tap; each further one is
          // a stride away and sees the pixel before.
          int64_t in_y = padded_y / p.stride_h;
          for (int64_t i = padded_y % p.stride_h; i < p.filter_h && in_y >= 0;
               i += p.stride_h, --in_y) {
            if (in_y >= p.in_h) continue;
            int64_t in_x = padded_x / p.stride_w;
            for (int64_t j = padded_x % p.stride_w; j < p.filter_w && in_x >= 0;
                 j += p.stride_w, --in_x) {
              if (in_x >= p.in_w) continue;
              sum += dot<Sum>(p.in_c, in + (in_y * p.in_w + in_x) * p.in_c, in_zero,
                              weights + (i * p.filter_w + j) * p.in_c, p.filter_zero);
            }
          }
          *out++ = static_cast<Out>(finish(sum, c));
        }
      }
    }
  }
};

struct DepthwiseConv2D {
  template <class T, class W, class Out, class Finish>
  static void image(const ConvParams& p, const T* in, int32_t in_zero, const W* filter,
                    const Finish& finish, Out* out) {
    using Sum = typename Finish::Sum;
    constexpr int32_t kBlock = 64;  // channels summed side by side
    for (int32_t y = 0; y < p.out_h; ++y) {
      const int64_t y_origin = int64_t{y} * p.stride_h - p.pad_h;
      const Taps rows = taps_inside(y_origin, p.dilation_h, p.filter_h, p.in_h);
      for (int32_t x = 0; x < p.out_w; ++x) {
        const int64_t x_origin = int64_t{x} * p.stride_w - p.pad_w;
        const Taps columns = taps_inside(x_origin, p.dilation_w, p.filter_w, p.in_w);
        for (int32_t first = 0; first < p.out_c; first += kBlock) {
          const int32_t count = min(kBlock, p.out_c - first);
          Sum sum[kBlock] = {};
          for (int64_t i = rows.first; i < rows.first + rows.count; ++i) {
            for (int64_t j = columns.first; j < columns.first + columns.count; ++j) {
              const int64_t in_y = y_origin + i * p.dilation_h;
              const int64_t in_x = x_origin + j * p.dilation_w;
              add_tap(p, in + (in_y * p.in_w + in_x) * p.in_c, in_zero,
                      filter + (i * p.filter_w + j) * p.out_c, first, count, sum);
            }
          }
          for (int32_t c = 0; c < count; ++c) *out++ = static_cast<Out>(finish(sum[c], first + c));
        }
      }
    }
  }

  // Adds what one tap contributes to output channels first ... first + count.
  template <class T, class W, class Sum>
  static void add_tap(const ConvParams& p, const T* pixel, int32_t in_zero, const W* weights,
                      int32_t first, int32_t count, Sum* sum) {
    const int32_t multiplier = p.out_c / p.in_c;
    const int32_t filter_zero = p.filter_zero;
    weights += first;
    if (multiplier == 1) {
      pixel += first;
      for (int32_t c = 0; c < count; ++c) {
        sum[c] += static_cast<Sum>(product(pixel[c], in_zero, weights[c], filter_zero));
      }
    } else {
      for (int32_t c = 0; c < count; ++c) {
        const T x = pixel[(first + c) / multiplier];
        sum[c] += static_cast<Sum>(product(x, in_zero, weights[c], filter_zero));
      }
    }
  }
};

template <class Operator, class Finish, class T, class W, class Bias>
void run(const ConvParams& p, const T* in, const W* filter, const Bias* bias, T* out) {
  const int64_t in_size = int64_t{p.in_h} * p.in_w * p.in_c;
  const int64_t out_size = int64_t{p.out_h} * p.out_w * p.out_c;
  for (int32_t b = 0; b < p.batch; ++b) {
    Operator::image(p, in + b * in_size, p.in_zero, filter, Finish{p, bias}, out + b * out_size);
  }
}

template <class Operator>
void run_hybrid(const ConvParams& p, const int8_t* in, const float* in_scale,
                const int32_t* in_zero, const int8_t* filter, const float* bias, float* out) {
  const int64_t in_size = int64_t{p.in_h} * p.in_w * p.in_c;
  const int64_t out_size = int64_t{p.out_h} * p.out_w * p.out_c;
  for (int32_t b = 0; b < p.batch; ++b) {
    Operator::image(p, in + b * in_size, in_zero[b], filter,
                    Hybrid<ConvParams>{p, bias, in_scale[b]}, out + b * out_size);
  }
}

using FloatOut = Float<ConvParams>;
using Fixed32 = FixedPoint<ConvParams, int32_t>;
using Fixed64 = FixedPoint<ConvParams, int64_t>;

}  // namespace

void conv_2d_f32(const ConvParams& p, const float* in, const float* filter, const float* bias,
                 float* out) {
  run<Conv2D, FloatOut>(p, in, filter, bias, out);
}

void conv_2d_s16(const ConvParams& p, const int16_t* in, const int8_t* filter, const int64_t* bias,
                 int16_t* out) {
  run<Conv2D, Fixed64>(p, in, filter, bias, out);
}

void conv_2d_s16_b32(const ConvParams& p, const int16_t* in, const int8_t* filter,
                     const int32_t* bias, int16_t* out) {
  run<Conv2D, Fixed32>(p, in, filter, bias, out);
}

void conv_2d_s8(const ConvParams& p, const int8_t* in, const int8_t* filter, const int32_t* bias,
                int8_t* out) {
  run<Conv2D, Fixed32>(p, in, filter, bias, out);
}

void conv_2d_u8(const ConvParams& p, const uint8_t* in, const uint8_t* filter, const int32_t* bias,
                uint8_t* out) {
  run<Conv2D, Fixed32>(p, in, filter, bias, out);
}

void conv_2d_hybrid(const ConvParams& p, const int8_t* in, const float* in_scale,
                    const int32_t* in_zero, const int8_t* filter, const float* bias, float* out) {
  run_hybrid<Conv2D>(p, in, in_scale, in_zero, filter, bias, out);
}

void transpose_conv_f32(const ConvParams& p, const float* in, const float* filter,
                        const float* bias, float* out) {
  run<TransposeConv, FloatOut>(p, in, filter, bias, out);
}

void transpose_conv_s16(const ConvParams& p, const int16_t* in, const int8_t* filter,
                        const int64_t* bias, int16_t* out) {
  run<TransposeConv, Fixed64>(p, in, filter, bias, out);
}

void transpose_conv_s16_b32(const ConvParams& p, const int16_t* in, const int8_t* filter,
                            const int32_t* bias, int16_t* out) {
  run<TransposeConv, Fixed32>(p, in, filter, bias, out);
}

void transpose_conv_s8(const ConvParams& p, const int8_t* in, const int8_t* filter,
                       const int32_t* bias, int8_t* out) {
  run<TransposeConv, Fixed32>(p, in, filter, bias, out);
}

void transpose_conv_u8(const ConvParams& p, const uint8_t* in, const uint8_t* filter,
                       const int32_t* bias, uint8_t* out) {
  run<TransposeConv, Fixed32>(p, in, filter, bias, out);
}

void transpose_conv_hybrid(const ConvParams& p, const int8_t* in, const float* in_scale,
                           const int32_t* in_zero, const int8_t* filter, const float* bias,
                           float* out) {
  run_hybrid<TransposeConv>(p, in, in_scale, in_zero, filter, bias, out);
}

void depthwise_conv_2d_f32(const ConvParams& p, const float* in, const float* filter,
                           const float* bias, float* out) {
  run<DepthwiseConv2D, FloatOut>(p, in, filter, bias, out);
}

void depthwise_conv_2d_s16(const ConvParams& p, const int16_t* in, const int8_t* filter,
                           const int64_t* bias, int16_t* out) {
  run<DepthwiseConv2D, Fixed64>(p, in, filter, bias, out);
}

void depthwise_conv_2d_s8(const ConvParams& p, const int8_t* in, const int8_t* filter,
                          const int32_t* bias, int8_t* out) {
  run<DepthwiseConv2D, Fixed32>(p, in, filter, bias, out);
}

void depthwise_conv_2d_u8(const ConvParams& p, const uint8_t* in, const uint8_t* filter,
                          const int32_t* bias, uint8_t* out) {
  run<DepthwiseConv2D, Fixed32>(p, in, filter, bias, out);
}

void depthwise_conv_2d_hybrid(const ConvParams& p, const float* in, const int8_t* filter,
                              const float* bias, float* out) {
  const int64_t in_size = int64_t{p.in_h} * p.in_w * p.in_c;
  const int64_t out_size = int64_t{p.out_h} * p.out_w * p.out_c;
  for (int32_t b = 0; b < p.batch; ++b) {
    DepthwiseConv2D::image(p, in + b * in_size, 0, filter, Hybrid<ConvParams, float>{p, bias, 1},
                           out + b * out_size);
  }
}

}  // namespace octavo::reference
