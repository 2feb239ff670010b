#include "reference/wide_weights.h"

namespace octavo::reference {
namespace {

// Sums are exact modulo 2^64, as LiteRT's are: unsigned arithmetic may wrap.
template <class Bias>
void multiply(const WideWeightsParams& p, const int16_t* in, const int16_t* filter,
              const Bias* bias, int16_t* out) {
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int32_t u = 0; u < p.units; ++u) {
      const int16_t* x = in + r * p.depth;
      const int16_t* w = filter + int64_t{u} * p.depth;
      uint64_t sum = bias != nullptr ? static_cast<uint64_t>(int64_t{bias[u]}) : 0;
      for (int32_t k = 0; k < p.depth; ++k) {
        sum += static_cast<uint64_t>(int64_t{x[k]} * (w[k] - p.filter_zero));
      }
      out[r * p.units + u] = static_cast<int16_t>(
          requantize(static_cast<int64_t>(sum), p.multiplier[u], /*zero=*/0, p.act_min, p.act_max));
    }
  }
}

}  // namespace

void wide_weights_s16(const WideWeightsParams& p, const int16_t* in, const int16_t* filter,
                      const int64_t* bias, int16_t* out) {
  multiply(p, in, filter, bias, out);
}

void wide_weights_s16_b32(const WideWeightsParams& p, const int16_t* in, const int16_t* filter,
                          const int32_t* bias, int16_t* out) {
  multiply(p, in, filter, bias, out);
}

}  // namespace octavo::reference
