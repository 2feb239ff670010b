#pragma once

#include <cstdint>

#include "base/fixed_point.h"

namespace octavo::reference {

// Of CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV.
struct ConvParams {
  int32_t batch, in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t filter_h, filter_w;
  int32_t filter_c;  // input channels that an output channel sees: in_c / groups; depthwise: 1
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;  // transposed: 1
  int32_t pad_h, pad_w;  // rows and columns before the image (transposed: before the output)

  // Integers. The input and the weights are 8 bits wide, or the input is 16 and in_zero 0.
  int32_t in_zero, filter_zero, out_zero;
  int32_t act_min, act_max;
  const Multiplier* multiplier;  // for each output channel

  // Float outputs.
  float float_min, float_max;
  const float* filter_scale;  // hybrid: for each output channel
};

// CONV_2D: out[b, y, x, c] = finish(sum over the taps (i, j) inside the image, and k < filter_c, of
// (in[b, y * stride_h - pad_h + i * dilation_h, x * stride_w - pad_w + j * dilation_w,
// filter_c * group(c) + k] - in_zero) * (filter[c, i, j, k] - filter_zero)), where group(c) =
// c / (out_c / groups) and finish adds the bias (null: none), scales to the output and clamps.
// Defined in LiteRT's reference/conv.h and reference/integer_ops/conv.h.
void conv_2d_f32(const ConvParams& p, const float* in, const float* filter, const float* bias,
                 float* out);
void conv_2d_s16(const ConvParams& p, const int16_t* in, const int8_t* filter, const int64_t* bias,
                 int16_t* out);
void conv_2d_s16_b32(const ConvParams& p, const int16_t* in, const int8_t* filter,
                     const int32_t* bias, int16_t* out);
void conv_2d_s8(const ConvParams& p, const int8_t* in, const int8_t* filter, const int32_t* bias,
                int8_t* out);
void conv_2d_u8(const ConvParams& p, const uint8_t* in, const uint8_t* filter, const int32_t* bias,
                uint8_t* out);
// The float input quantized, each image b by its own in_scale[b] and in_zero[b].
void conv_2d_hybrid(const ConvParams& p, const int8_t* in, const float* in_scale,
                    const int32_t* in_zero, const int8_t* filter, const float* bias, float* out);

// TRANSPOSE_CONV: the sum is over the input's pixels (y', x') and taps (i, j) with
// y' * stride_h - pad_h + i = y and x' * stride_w - pad_w + j = x, and over all input channels.
// Defined in LiteRT's reference/transpose_conv.h and reference/integer_ops/transpose_conv.h, which
// scatter each pixel into the output instead.
void transpose_conv_f32(const ConvParams& p, const float* in, const float* filter,
                        const float* bias, float* out);
void transpose_conv_s16(const ConvParams& p, const int16_t* in, const int8_t* filter,
                        const int64_t* bias, int16_t* out);
void transpose_conv_s16_b32(const ConvParams& p, const int16_t* in, const int8_t* filter,
                            const int32_t* bias, int16_t* out);
void transpose_conv_s8(const ConvParams& p, const int8_t* in, const int8_t* filter,
                       const int32_t* bias, int8_t* out);
void transpose_conv_u8(const ConvParams& p, const uint8_t* in, const uint8_t* filter,
                       const int32_t* bias, uint8_t* out);
void transpose_conv_hybrid(const ConvParams& p, const int8_t* in, const float* in_scale,
                           const int32_t* in_zero, const int8_t* filter, const float* bias,
                           float* out);

// DEPTHWISE_CONV_2D: out[b, y, x, c] = finish(sum over the taps (i, j) inside the image of
// (in[b, y', x', c / (out_c / in_c)] - in_zero) * (filter[0, i, j, c] - filter_zero)), y' and x' as
// in CONV_2D. Defined in LiteRT's reference/depthwiseconv_float.h, depthwiseconv_uint8.h and
// integer_ops/depthwise_conv.h.
void depthwise_conv_2d_f32(const ConvParams& p, const float* in, const float* filter,
                           const float* bias, float* out);
void depthwise_conv_2d_s16(const ConvParams& p, const int16_t* in, const int8_t* filter,
                           const int64_t* bias, int16_t* out);
void depthwise_conv_2d_s8(const ConvParams& p, const int8_t* in, const int8_t* filter,
                          const int32_t* bias, int8_t* out);
void depthwise_conv_2d_u8(const ConvParams& p, const uint8_t* in, const uint8_t* filter,
                          const int32_t* bias, uint8_t* out);
// The input stays float: each of its elements meets so few weights that quantizing it would cost
// more than it saves, and precision too.
void depthwise_conv_2d_hybrid(const ConvParams& p, const float* in, const int8_t* filter,
                              const float* bias, float* out);

}  // namespace octavo::reference
