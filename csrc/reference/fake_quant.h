#pragma once

#include <cstdint>

namespace octavo::reference {

struct FakeQuantParams {
  int64_t count;
  float scale, min, max;  // between the 2^bits values; the ends of their range
};

// The params for a range and so many bits, at most 16: the range is moved so that 0 is one of its
// values.
FakeQuantParams fake_quant_params(int64_t count, float min, float max, int32_t bits);

// out[i] = in[i], clamped to the range, at the nearest of its values.
void fake_quant_f32(const FakeQuantParams& p, const float* in, float* out);

}  // namespace octavo::reference
