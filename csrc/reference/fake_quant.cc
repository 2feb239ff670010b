#include "reference/fake_quant.h"

#include "base/math.h"

namespace octavo::reference {

FakeQuantParams fake_quant_params(int64_t count, float low, float high, int32_t bits) {
  const auto last = static_cast<float>((1 << bits) - 1);
  const float scale = (high - low) / last;
  const float zero = static_cast<float>(round_away(clamp(-low / scale, 0.0f, last)));
  return {count, scale, -zero * scale, (last - zero) * scale};
}

void fake_quant_f32(const FakeQuantParams& p, const float* in, float* out) {
  const float inverse = 1 / p.scale;
  for (int64_t i = 0; i < p.count; ++i) {
    const float steps = (min(p.max, max(p.min, in[i])) - p.min) * inverse;
    out[i] = static_cast<float>(round_away(steps)) * p.scale + p.min;
  }
}

}  // namespace octavo::reference
