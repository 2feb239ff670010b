#include "reference/lut.h"

#include <limits>

#include "base/fixed_point.h"
#include "base/math.h"

namespace octavo::reference {
namespace {

using Int16 = std::numeric_limits<int16_t>;

// The table's value at magnitude / 2^bits, times 2^bits; `saturated` from the last entry on.
int32_t interpolate(const uint16_t* lut, int64_t magnitude, int bits, int32_t saturated) {
  const int64_t i = magnitude >> bits;
  if (i >= kSigmoidLutSize - 1) return saturated;
  const auto rest = static_cast<int32_t>(magnitude & ((1 << bits) - 1));
  return (lut[i] << bits) + rest * (lut[i + 1] - lut[i]);
}

int64_t scaled_input(const SigmoidParams& p, int16_t x) {
  const int64_t half = p.right > 0 ? int64_t{1} << (p.right - 1) : 0;
  return (static_cast<int64_t>(x) * p.multiplier + half) >> p.right;
}

}  // namespace

float logistic(float x) { return 1.0f / (1.0f + static_cast<float>(exp(-x))); }

void logistic_f32(int64_t count, const float* in, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = logistic(in[i]);
}

void tanh_f32(int64_t count, const float* in, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(tanh(in[i]));
}

void build_lut_8(const Lut8Params& p, float (*function)(float), uint8_t* lut) {
  const float inverse_scale = 1 / p.out_scale;
  for (int32_t q = p.low; q <= p.high; ++q) {
    const float y = function(p.in_scale * static_cast<float>(q - p.in_zero));
    const int32_t quantized = quantize(y * inverse_scale, p.out_zero, p.low, p.high);
    lut[static_cast<uint8_t>(q)] = static_cast<uint8_t>(quantized);
  }
}

void lookup_8(int64_t count, const uint8_t* lut, const uint8_t* in, uint8_t* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = lut[in[i]];
}

void build_lut_16(const Lut16Params& p, double (*function)(double), int16_t* lut) {
  constexpr int kSteps = kLut16Size - 1;
  const double in_min = p.in_scale * (Int16::min() - p.in_zero);
  const double in_max = p.in_scale * (Int16::max() - p.in_zero);
  const double out_min = p.out_scale * (Int16::min() - p.out_zero);
  const double out_max = p.out_scale * (Int16::max() - p.out_zero);
  const double step = (in_max - in_min) / kSteps;
  const double inverse = 65536 / (out_max - out_min);
  for (int i = 0; i < kSteps; ++i) {
    const double x = in_min + i * step;
    const double y = round_away(function(x) * inverse);
    const double y_next = function(in_min + (i + 1) * step) * inverse;
    const double error =
        round_away((y_next + y) / 2) - round_away(function(x + step / 2) * inverse);
    lut[i] =
        static_cast<int16_t>(quantize(y - round_away(error / 2), 0, Int16::min(), Int16::max()));
  }
  lut[kSteps] =
      static_cast<int16_t>(quantize(function(in_max) * inverse, 0, Int16::min(), Int16::max()));
}

void build_sigmoid_lut(uint16_t* lut) {
  const auto sigmoid = [](double k) { return 65536 / (1 + exp(-k / 24)); };
  for (int k = 0; k < kSigmoidLutSize - 1; ++k) {
    // Moved by half the error that interpolation would make in the middle of the step.
    const double here = sigmoid(k);
    const double error = (here + sigmoid(k + 1)) / 2 - sigmoid(k + 0.5);
    lut[k] = static_cast<uint16_t>(round_away(here - error / 2));
  }
  lut[kSigmoidLutSize - 1] = 65535;
}

void logistic_s16(const SigmoidParams& p, int64_t count, const int16_t* in, int16_t* out) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t x = scaled_input(p, in[i]);
    // Q0.25; logistic(-x) = 1 - logistic(x).
    const int32_t y = interpolate(p.lut, x < 0 ? -x : x, 9, 0x7fff << 10);
    out[i] = static_cast<int16_t>((x >= 0 ? y + (1 << 9) : (1 << 25) - y + (1 << 9) - 1) >> 10);
  }
}

void tanh_s16(const SigmoidParams& p, int64_t count, const int16_t* in, int16_t* out) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t x = scaled_input(p, in[i]);
    // tanh(x) = 2 logistic(2x) - 1: Q0.24 of the logistic is read as Q0.23 of twice its value.
    const int32_t y = interpolate(p.lut, x < 0 ? -x : x, 8, 0xffff << 8) - (1 << 23);
    out[i] = static_cast<int16_t>((x >= 0 ? y + (1 << 7) : -y + (1 << 7) - 1) >> 8);
  }
}

}  // namespace octavo::reference
