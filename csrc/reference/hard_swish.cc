#include "reference/hard_swish.h"

#include <limits>

#include "base/math.h"

namespace octavo::reference {
namespace {

int16_t saturating_shift_left(int16_t x, int n) {
  const int64_t shifted = static_cast<int64_t>(x) * (int64_t{1} << n);
  return static_cast<int16_t>(clamp<int64_t>(shifted, std::numeric_limits<int16_t>::min(),
                                             std::numeric_limits<int16_t>::max()));
}

// x * real for the gate: saturates at [-1, 1) as Q0.15, whatever the shift. The last bit of a left
// shift comes after the multiplication, so that only it saturates to effect.
int16_t scale_gate(int16_t x, Multiplier k) {
  const int left = max(k.shift, 0);
  const int16_t shifted = saturating_shift_left(x, max(left - 1, 0));
  const int16_t scaled = srdhm16(shifted, narrow_multiplier(k.m));
  return rdbp16(saturating_shift_left(scaled, min(left, 1)), max(-k.shift, 0));
}

// LiteRT's fixed point (internal/reference/hard_swish.h): with x = 128 (q - in_zero),
// gate = (saturate(x * to_reluish) + 2^15) / 2, which is (x + 3) / 6 as Q0.15, and
// y = trunc(gate * x * to_output / 2^15), each product in 16 bits and shifted last.
int32_t hard_swish(const HardSwishParams& p, int32_t q) {
  const auto x = static_cast<int16_t>((q - p.in_zero) * 128);
  const int16_t scaled = srdhm16(x, narrow_multiplier(p.to_output.m));
  const int32_t gate = (scale_gate(x, p.to_reluish) + (1 << 15)) >> 1;
  const auto product = static_cast<int16_t>(gate * scaled / (1 << 15));
  return clamp(rdbp16(product, -p.to_output.shift) + p.out_zero, p.low, p.high);
}

}  // namespace

void hard_swish_f32(int64_t count, const float* in, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = in[i] * clamp(in[i] + 3, 0.0f, 6.0f) / 6;
}

void build_hard_swish_lut(const HardSwishParams& p, uint8_t* lut) {
  for (int32_t q = p.low; q <= p.high; ++q) {
    lut[static_cast<uint8_t>(q)] = static_cast<uint8_t>(hard_swish(p, q));
  }
}

}  // namespace octavo::reference
