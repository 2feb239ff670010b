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

// round(x / scale + zero) as int8, a vector of bytes at a time.
//
// The definition divides and rounds halves away from zero, which takes several times as long as
// multiplying by 1 / scale and rounding them to even. Where an output is not clamped both sums are
// within 2^-14 of each other (2^8 times two roundings of 2^-24, and two of 2^7), so that they round
// alike unless they are that near to the middle of two integers. Outputs of 16 bits are so precise
// that nearly every vector would have doubtful ones: they are divided.
constexpr float kCertain = 0.5f - 0x1p-14f;  // distances from an integer up to this

class QuantizerByInverse {
 public:
  QuantizerByInverse(float scale, int32_t zero)
      : inverse_(F::set(1 / scale)),
        zero_(F::set(static_cast<float>(zero))),
        certain_(F::set(has_inverse(scale) ? kCertain : -1)),
        overflow_(B::set16(INT16_MIN)) {}

  // False where outputs may be wrong.
  bool quantize(const float* in, B::Vec& out) const {
    using L = Lanes<int8_t>;
    F::Vec off[L::kParts];
    V::I32 y[L::kParts];
#pragma GCC unroll 4
    for (int j = 0; j < L::kParts; ++j) {
      const F::Vec q = F::fma(F::load(in + j * V::kLanes), inverse_, zero_);
      y[j] = F::round_even(q);
      off[j] = F::distance(q, y[j]);
    }
    const F::Vec most = F::greater_distance(F::greater_distance(off[0], off[1]),
                                            F::greater_distance(off[2], off[3]));
    // What no int32 holds has become the least one, and here the least int16.
    const B::Vec low = B::narrow32(y[0], y[1]), high = B::narrow32(y[2], y[3]);
    if (F::any_above(most, certain_) || B::any_equal16(B::min16(low, high), overflow_))
      return false;
    out = B::in_order(B::narrow16(low, high));
    return true;
  }

 private:
  F::Vec inverse_, zero_, certain_;
  B::Vec overflow_;
};

// The same for any type, as defined and slower, where finish() is to add the rest of a zero point
// and to clamp.
struct Quantizer {
  F::Vec scale, inner, low, high;
  V::I32 whole_inner;

  // What is rounded is clamped to [low, high].
  Quantizer(float scale_of_all, int32_t inner_zero, int32_t least, int32_t greatest)
      : scale(F::set(scale_of_all)),
        inner(F::set(static_cast<float>(inner_zero))),
        low(F::set(static_cast<float>(least))),
        high(F::set(static_cast<float>(greatest))),
        whole_inner(V::set(inner_zero)) {}

  // Before `inner` is added.
  template <class T>
  void quantize(const float* in, Parts<T>& y) const {
#pragma GCC unroll 4
    for (int j = 0; j < Lanes<T>::kParts; ++j) {
      const F::Vec x = F::load(in + j * V::kLanes);
      const F::Vec q = F::add(F::div(x, scale), inner);
      const F::Vec clamped = F::min(F::max(q, low), high);
      y.v[j] = V::sub(F::round_away(clamped), whole_inner);
    }
  }
};

template <class T, auto kReference>
void quantize_to(const reference::AffineParams& p, const float* in, T* out) {
  if (!has_one_scale(p)) return kReference(p, in, out);
  constexpr int32_t kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
  const int32_t zero = *p.zero_point;
  const auto to = output_of<T>(zero, kLow, kHigh);
  const Quantizer quantizer(*p.scale, 0, kLow - zero, kHigh - zero);
  const QuantizerByInverse by_inverse(*p.scale, as_signed<T>(zero));
  using L = Lanes<T>;
  int64_t i = 0;
  for (; i + L::kLanes <= p.inner; i += L::kLanes) {
    B::Vec bytes;
    if (sizeof(T) == 1 && by_inverse.quantize(in + i, bytes)) {
      L::store(B::bit_xor(bytes, L::flip()), out + i);
      continue;
    }
    Parts<T> y;
    quantizer.quantize(in + i, y);
    L::store(L::in_order(L::finish(y.v, to)), out + i);
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
