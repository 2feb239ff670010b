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

template <class Real>
void build_lut_of(const Lut16Params<Real>& p, Real (*function)(Real), int16_t* lut) {
  constexpr int kSteps = kLut16Size - 1;
  const auto round = [](Real x) { return static_cast<Real>(round_away(x)); };
  const Real in_min = p.in_scale * static_cast<Real>(Int16::min() - p.in_zero);
  const Real in_max = p.in_scale * static_cast<Real>(Int16::max() - p.in_zero);
  const Real out_min = p.out_scale * static_cast<Real>(Int16::min() - p.out_zero);
  const Real out_max = p.out_scale * static_cast<Real>(Int16::max() - p.out_zero);
  const Real step = (in_max - in_min) / kSteps, half_step = step / 2;
  const Real inverse = 65536 / (out_max - out_min);
  const auto value = [=](Real x) {
    const Real y = function(x);
    return (is_finite(y) ? y : (y > 0 ? out_max : out_min)) * inverse;
  };
  const auto entry = [](Real y) {
    return static_cast<int16_t>(quantize(y, 0, Int16::min(), Int16::max()));
  };
  for (int i = 0; i < kSteps; ++i) {
    const Real x = in_min + static_cast<Real>(i) * step;
    const Real y = round(value(x));
    const Real y_next = value(in_min + static_cast<Real>(i + 1) * step);
    const Real error = round((y_next + y) / 2) - round(value(x + half_step));
    lut[i] = entry(y - round(error / 2));
  }
  lut[kSteps] = entry(value(in_max));
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

void build_lut_16(const Lut16Params<float>& p, float (*function)(float), int16_t* lut) {
  build_lut_of(p, function, lut);
}
void build_lut_16(const Lut16Params<double>& p, double (*function)(double), int16_t* lut) {
  build_lut_of(p, function, lut);
}

void lookup_s16(int64_t count, const int16_t* lut, const int16_t* in, int16_t* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = lookup_16(in[i], lut);
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
