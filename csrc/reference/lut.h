// Functions of one variable: in floating point, and by table where the input is quantized.
#pragma once

#include <cstdint>

namespace octavo::reference {

// 1 / (1 + exp(-x)).
float logistic(float x);

void logistic_f32(int64_t count, const float* in, float* out);
void tanh_f32(int64_t count, const float* in, float* out);

// One entry for each value of an 8-bit input, at the value's bits taken as unsigned.
constexpr int32_t kLut8Size = 256;

// How an 8-bit function's input and output are quantized; [low, high] are the values of their type.
struct Lut8Params {
  float in_scale, out_scale;
  int32_t in_zero, out_zero;
  int32_t low, high;
};

// Tabulates `function`, wholly in float32 as LiteRT does:
// lut[q] = clamp(round(function(in_scale * (q - in_zero)) * (1 / out_scale)) + out_zero).
void build_lut_8(const Lut8Params& p, float (*function)(float), uint8_t* lut);

// out[i] = lut[in[i]], for int8 and uint8 alike.
void lookup_8(int64_t count, const uint8_t* lut, const uint8_t* in, uint8_t* out);

// A function of int16 at 512 equal steps and at the end, between which lookup_16 interpolates.
constexpr int32_t kLut16Size = 513;

// How an int16 function's input and output are quantized: real = scale * (q - zero).
template <class Real>
struct Lut16Params {
  Real in_scale, out_scale;
  int32_t in_zero, out_zero;
};

// Tabulates `function`, in the arithmetic of Real, each entry moved by half the error that
// interpolation would make in the middle of its step. Infinity is the greatest real of the output,
// minus infinity and NaN the least.
void build_lut_16(const Lut16Params<float>& p, float (*function)(float), int16_t* lut);
void build_lut_16(const Lut16Params<double>& p, double (*function)(double), int16_t* lut);

inline int16_t lookup_16(int16_t x, const int16_t* lut) {
  const int16_t* step = lut + 256 + (x >> 7);
  const auto slope = static_cast<int16_t>(step[1] - step[0]);
  return static_cast<int16_t>(step[0] + ((slope * (x & 127) + 64) >> 7));
}

// out[i] = lookup_16(in[i], lut)
void lookup_s16(int64_t count, const int16_t* lut, const int16_t* in, int16_t* out);

// LOGISTIC and TANH of int16 read one table of 1 / (1 + exp(-k / 24)), k = 0 ... 255, times 2^16.
constexpr int32_t kSigmoidLutSize = 256;
void build_sigmoid_lut(uint16_t* lut);

// The input in units of 1 / 12288: (x * multiplier + 2^(right - 1)) >> right.
struct SigmoidParams {
  int32_t multiplier, right;
  const uint16_t* lut;
};

// Scale of the output: 2^-15.
void logistic_s16(const SigmoidParams& p, int64_t count, const int16_t* in, int16_t* out);
void tanh_s16(const SigmoidParams& p, int64_t count, const int16_t* in, int16_t* out);

}  // namespace octavo::reference
