#include "reference/fully_connected.h"

#include "reference/accumulate.h"

namespace octavo::reference {
namespace {

template <class T, class W, class Finish, class Out>
void row(const FullyConnectedParams& p, const T* in, int32_t in_zero, const W* filter,
         const Finish& finish, Out* out) {
  using Sum = typename Finish::Sum;
  for (int32_t u = 0; u < p.units; ++u) {
    const Sum sum = dot<Sum>(p.depth, in, in_zero, filter + int64_t{u} * p.depth, p.filter_zero);
    out[u] = static_cast<Out>(finish(sum, u));
  }
}

template <class Finish, class T, class W, class Bias, class Out>
void run(const FullyConnectedParams& p, const T* in, const W* filter, const Bias* bias, Out* out) {
  for (int64_t r = 0; r < p.rows; ++r) {
    row(p, in + r * p.depth, p.in_zero, filter, Finish{p, bias}, out + r * p.units);
  }
}

struct Sums {
  using Sum = uint32_t;
  const FullyConnectedParams& p;
  const int32_t* bias;

  int32_t operator()(uint32_t sum, int32_t unit) const {
    if (bias != nullptr) sum += static_cast<uint32_t>(bias[unit]);
    return static_cast<int32_t>(sum);
  }
};

using FloatOut = Float<FullyConnectedParams>;
using Double32 = DoublePrecision<FullyConnectedParams, int32_t>;
using Double64 = DoublePrecision<FullyConnectedParams, int64_t>;

}  // namespace

void fully_connected_f32(const FullyConnectedParams& p, const float* in, const float* filter,
                         const float* bias, float* out) {
  run<FloatOut>(p, in, filter, bias, out);
}

void fully_connected_s16(const FullyConnectedParams& p, const int16_t* in, const int8_t* filter,
                         const int64_t* bias, int16_t* out) {
  run<Double64>(p, in, filter, bias, out);
}

void fully_connected_s16_b32(const FullyConnectedParams& p, const int16_t* in, const int8_t* filter,
                             const int32_t* bias, int16_t* out) {
  run<Double32>(p, in, filter, bias, out);
}

void fully_connected_s8(const FullyConnectedParams& p, const int8_t* in, const int8_t* filter,
                        const int32_t* bias, int8_t* out) {
  run<Double32>(p, in, filter, bias, out);
}

void fully_connected_u8(const FullyConnectedParams& p, const uint8_t* in, const uint8_t* filter,
                        const int32_t* bias, uint8_t* out) {
  run<Double32>(p, in, filter, bias, out);
}

void fully_connected_sums_s8(const FullyConnectedParams& p, const int8_t* in, const int8_t* filter,
                             const int32_t* bias, int32_t* out) {
  run<Sums>(p, in, filter, bias, out);
}

void fully_connected_sums_u8(const FullyConnectedParams& p, const uint8_t* in,
                             const uint8_t* filter, const int32_t* bias, int32_t* out) {
  run<Sums>(p, in, filter, bias, out);
}

void fully_connected_hybrid(const FullyConnectedParams& p, const int8_t* in, const float* in_scale,
                            const int32_t* in_zero, const int8_t* filter, const float* bias,
                            float* out) {
  for (int64_t r = 0; r < p.rows; ++r) {
    row(p, in + r * p.depth, in_zero[r], filter, Hybrid<FullyConnectedParams>{p, bias, in_scale[r]},
        out + r * p.units);
  }
}

void fully_connected_hybrid_blocks(const FullyConnectedParams& p, const int8_t* in,
                                   const float* in_scale, const int32_t* in_zero,
                                   const int8_t* filter, const float* bias, float* out) {
  for (int64_t r = 0; r < p.rows; ++r, in += p.depth) {
    const int8_t* weights = filter;
    const Half* scale = p.block_scale;
    for (int32_t u = 0; u < p.units; ++u) {
      float y = 0;
      for (int32_t k = 0; k < p.depth; k += p.block, weights += p.block, ++scale) {
        const auto sum = dot<uint32_t>(p.block, in + k, in_zero[r], weights, 0);
        y += static_cast<float>(static_cast<int32_t>(sum)) * to_float(*scale);
      }
      y *= in_scale[r];
      *out++ = clamp(bias != nullptr ? y + bias[u] : y, p.float_min, p.float_max);
    }
  }
}

}  // namespace octavo::reference
