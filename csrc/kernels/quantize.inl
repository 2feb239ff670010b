// QUANTIZE of float32 to 8 bits and DEQUANTIZE of 8 bits over the traits V, B and F;
// reference/quantize.h has their formulas. Tensors of one scale; others, and ends, are the
// reference's.

// What remains of a tensor of one scale after `done` elements.
reference::AffineParams rest_of(const reference::AffineParams& p, int64_t done) {
  return {1, 1, p.inner - done, p.scale, p.zero_point};
}

bool has_one_scale(const reference::AffineParams& p) { return p.outer == 1 && p.channels == 1; }

// Whether 1 / scale is as precise as other floats.
bool has_inverse(float scale) { return scale >= 0x1p-100f && scale <= 0x1p100f; }

// The definition divides and rounds halves away from zero, which takes several times as long as
// multiplying by 1 / scale and rounding them to even. Both quotients are within 2^-14 of each other
// where an output is not clamped (2^8 times three roundings of 2^-24), so that they round alike
// unless they are that near to the middle of two integers. A quotient that no int32 holds is far
// from what it is rounded to.
template <class T, auto kReference>
void quantize_to(const reference::AffineParams& p, const float* in, T* out) {
  if (!has_one_scale(p) || !has_inverse(*p.scale)) return kReference(p, in, out);
  constexpr int32_t kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
  const int32_t zero = *p.zero_point;
  const V::Output to = output_of<T>(zero, kLow, kHigh);
  const F::Vec scale = F::set(*p.scale), inverse = F::set(1 / *p.scale);
  const F::Vec low = F::set(static_cast<float>(kLow - zero));
  const F::Vec high = F::set(static_cast<float>(kHigh - zero));
  const F::Vec doubtful = F::set(0.5f - 0x1p-13f);
  int64_t i = 0;
  for (; i + B::kSize <= p.inner; i += B::kSize) {
    B::Vec y[4];
    F::Vec off = F::set(0);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const F::Vec x = F::load(in + i + j * V::kLanes);
      const F::Vec q = F::mul(x, inverse);
      y[j] = F::round_even(q);
      off = F::greater_distance(off, q, y[j]);
    }
    if (F::any_above(off, doubtful)) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        const F::Vec q = F::div(F::load(in + i + j * V::kLanes), scale);
        y[j] = F::round_away(F::min(F::max(q, low), high));
      }
    }
    B::store(B::in_order(V::finish(y[0], y[1], y[2], y[3], to)), out + i);
  }
  kReference(rest_of(p, i), in + i, out + i);
}

template <class T, auto kReference>
void dequantize_from(const reference::AffineParams& p, const T* in, float* out) {
  if (!has_one_scale(p)) return kReference(p, in, out);
  const V::I32 zero = V::set(*p.zero_point);
  const F::Vec scale = F::set(*p.scale);
  int64_t i = 0;
  for (; i + V::kLanes <= p.inner; i += V::kLanes) {
    const F::Vec x = F::from_int(V::sub(B::widen(in + i), zero));
    F::store(F::mul(scale, x), out + i);
  }
  kReference(rest_of(p, i), in + i, out + i);
}
