// QUANTIZE of float32 to 8 and 16 bits and between integers and DEQUANTIZE of 8 and 16 bits, over
// the traits V, B and F; reference/quantize.h has the formulas. Of floats: tensors of one scale;
// others, and ends, are the reference's.

// What remains of a tensor of one scale after `done` elements.
reference::AffineParams rest_of(const reference::AffineParams& p, int64_t done) {
  return {1, 1, p.inner - done, p.scale, p.zero_point};
}

bool has_one_scale(const reference::AffineParams& p) { return p.outer == 1 && p.channels == 1; }

// Whether 1 / scale is as precise as other floats.
bool has_inverse(float scale) { return scale >= 0x1p-100f && scale <= 0x1p100f; }

// round(x / scale + inner) for a vector's outputs at a time, where finish() is to add the rest of a
// zero point and to clamp.
//
// The definition divides and rounds halves away from zero, which takes several times as long as
// multiplying by 1 / scale and rounding them to even. Both quotients are within 2^-14 of each other
// where an output is not clamped (2^8 times three roundings of 2^-24, and two of 2^7 with `inner`),
// so that they round alike unless they are that near to the middle of two integers. A quotient that
// no int32 holds is far from what it is rounded to. Outputs of 16 bits are so precise that nearly
// every vector would have doubtful ones: they are divided.
constexpr float kCertain = 0.5f - 0x1p-13f;  // distances from an integer up to this

struct Quantizer {
  F::Vec scale, inverse, inner, low, high, doubtful;
  V::I32 whole_inner;

  // What is rounded is clamped to [low, high].
  Quantizer(float scale_of_all, int32_t inner_zero, int32_t least, int32_t greatest)
      : scale(F::set(scale_of_all)),
        inverse(F::set(1 / scale_of_all)),
        inner(F::set(static_cast<float>(inner_zero))),
        low(F::set(static_cast<float>(least))),
        high(F::set(static_cast<float>(greatest))),
        doubtful(F::set(has_inverse(scale_of_all) ? kCertain : -1)),
        whole_inner(V::set(inner_zero)) {}

  // Before `inner` is added.
  template <class T>
  void quantize(const float* in, Parts<T>& y) const {
    if (sizeof(T) == 1 && quantize_by_inverse(in, y)) return;
#pragma GCC unroll 4
    for (int j = 0; j < Lanes<T>::kParts; ++j) {
      const F::Vec x = F::load(in + j * V::kLanes);
      const F::Vec q = F::add(F::div(x, scale), inner);
      const F::Vec clamped = F::min(F::max(q, low), high);
      y.v[j] = V::sub(F::round_away(clamped), whole_inner);
    }
  }

 private:
  // False where outputs may be wrong.
  template <class T>
  bool quantize_by_inverse(const float* in, Parts<T>& y) const {
    F::Vec off = F::set(0);
#pragma GCC unroll 4
    for (int j = 0; j < Lanes<T>::kParts; ++j) {
      const F::Vec q = F::mul(F::load(in + j * V::kLanes), inverse);
      y.v[j] = F::round_even(q);
      off = F::greater_distance(off, q, y.v[j]);
    }
    return !F::any_above(off, doubtful);
  }
};

template <class T, auto kReference>
void quantize_to(const reference::AffineParams& p, const float* in, T* out) {
  if (!has_one_scale(p)) return kReference(p, in, out);
  constexpr int32_t kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
  const int32_t zero = *p.zero_point;
  const auto to = output_of<T>(zero, kLow, kHigh);
  const Quantizer quantizer(*p.scale, 0, kLow - zero, kHigh - zero);
  using L = Lanes<T>;
  int64_t i = 0;
  for (; i + L::kLanes <= p.inner; i += L::kLanes) {
    Parts<T> y;
    quantizer.quantize(in + i, y);
    L::store(L::in_order(L::finish(y.v, to)), out + i);
  }
  kReference(rest_of(p, i), in + i, out + i);
}

// reference/dynamic_range.h.

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

V::I32 load_int32(const int32_t* in) { return V::load(in); }
template <class T>
V::I32 load_int32(const T* in) {
  return B::widen(in);
}

template <class In, class Out, class Scale>
void requantize_by(const reference::RequantizeParams& p, const QuantizedOutput& output, Scale scale,
                   const In* in, Out* out) {
  using L = Lanes<Out>;
  const auto to = L::make_output(output);
  const V::I32 zero = V::set(p.in_zero);
  const auto vector_at = [&](const In* from) {
    Parts<Out> y;
#pragma GCC unroll 4
    for (int j = 0; j < L::kParts; ++j) {
      y.v[j] = scale(V::sub(load_int32(from + j * V::kLanes), zero));
    }
    return L::in_order(L::finish(y.v, to));
  };
  int64_t i = 0;
  for (; i + L::kLanes <= p.count; i += L::kLanes) L::store(vector_at(in + i), out + i);
  if (i == p.count) return;
  In part[L::kLanes] = {};
  memcpy(part, in + i, static_cast<size_t>(p.count - i) * sizeof(In));
  L::store_part(vector_at(part), out + i, p.count - i);
}

template <class In, class Out>
void requantize_to(const reference::RequantizeParams& p, const In* in, Out* out) {
  const QuantizedOutput output = {as_signed<Out>(p.out_zero), as_signed<Out>(p.low),
                                  as_signed<Out>(p.high), kFlipOf<Out>};
  constexpr int32_t kGreatest = 2 * kGreatestDifference<int16_t>;
  if (sizeof(In) == 2 && fits_any_rescale(kGreatest, p.multiplier)) {
    return requantize_by(p, output, rescale_by(p.multiplier), in, out);
  }
  const Requantize scale = {V::set(p.multiplier.m), V::set(p.multiplier.shift), output};
  requantize_by(p, output, scale, in, out);
}
