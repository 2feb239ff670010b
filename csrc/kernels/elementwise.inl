// ADD, SUB, MUL, PRELU, MAXIMUM and MINIMUM of 8 bits over the traits V and B; reference/binary.h
// and reference/relu.h have their formulas.

template <class T>
V::Output output_of(int32_t zero, int32_t low, int32_t high) {
  return V::make_output({as_s8<T>(zero), as_s8<T>(low), as_s8<T>(high), kFlipOf<T>});
}

// By any multiplier that does not make numbers leave 32 bits.
struct AnyRescale {
  V::I32 left, lift;
  Rescale below_one;
  V::I32 operator()(V::I32 x) const { return below_one(V::add(V::shift_left(x, left), lift)); }
};

AnyRescale rescale_by(Multiplier k) {
  return {V::set(max(k.shift, 0)), V::set(lift_of(Finish::kRescale)),
          make_rescale(V::set(k.m), V::set(min(k.shift, 0)), /*any_sign=*/true)};
}

bool fits_any_rescale(int32_t greatest, Multiplier k) {
  return fits_rescale(int64_t{greatest} << max(k.shift, 0), {k.m, min(k.shift, 0)});
}

// All multipliers are below 1.
template <class T, bool kSubtract>
void scaled_sum(const reference::ScaledSumParams& p, const T* a, const T* b, T* out) {
  const V::Output to = output_of<T>(p.out_zero, p.act_min, p.act_max);
  const V::I32 lift = V::set(lift_of(Finish::kRescale));
  const V::I32 a_zero = V::sub(V::set(shift_left(as_s8<T>(p.a_zero), p.left_shift)), lift);
  const V::I32 b_zero = V::sub(V::set(shift_left(as_s8<T>(p.b_zero), p.left_shift)), lift);
  const V::I32 right = V::set(24 - p.left_shift);
  const Rescale a_scale = rescale_by(p.a_scale).below_one,
                b_scale = rescale_by(p.b_scale).below_one;
  const AnyRescale out_scale = rescale_by(p.out_scale);
  const B::Vec flip = B::set8(static_cast<int32_t>(kFlipOf<T>));
  for_each_vector(p.broadcast, a, b, out, [&](B::Vec i, B::Vec j) {
    return by_quarters(B::bit_xor(i, flip), B::bit_xor(j, flip), to, [&](V::I32 x, V::I32 y) {
      x = a_scale(V::sub(V::shift_right(x, right), a_zero));
      y = b_scale(V::sub(V::shift_right(y, right), b_zero));
      return out_scale(kSubtract ? V::sub(x, y) : V::add(x, y));
    });
  });
}

constexpr int32_t kGreatestDifference = 255, kGreatestProduct = 255 * 255;

template <class T, auto kReference>
void product(const reference::ScaledProductParams& p, const T* a, const T* b, T* out) {
  if (!fits_any_rescale(kGreatestProduct, p.multiplier)) return kReference(p, a, b, out);
  const V::Output to = output_of<T>(p.out_zero, p.act_min, p.act_max);
  const V::I32 a_zero = V::set(as_s8<T>(p.a_zero)), b_zero = V::set(as_s8<T>(p.b_zero));
  const V::I32 right = V::set(24);
  const AnyRescale scale = rescale_by(p.multiplier);
  const B::Vec flip = B::set8(static_cast<int32_t>(kFlipOf<T>));
  for_each_vector(p.broadcast, a, b, out, [&](B::Vec i, B::Vec j) {
    return by_quarters(B::bit_xor(i, flip), B::bit_xor(j, flip), to, [&](V::I32 x, V::I32 y) {
      return scale(V::mul(V::sub(V::shift_right(x, right), a_zero),
                          V::sub(V::shift_right(y, right), b_zero)));
    });
  });
}

// What is 0 stays 0 when it is rescaled, so that the two branches add up.
template <class T, auto kReference>
void prelu(const reference::PreluParams& p, const T* in, const T* alpha, T* out) {
  if (!fits_any_rescale(kGreatestDifference, p.identity) ||
      !fits_any_rescale(kGreatestProduct, p.alpha)) {
    return kReference(p, in, alpha, out);
  }
  const V::Output to =
      output_of<T>(p.out_zero, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  const V::I32 in_zero = V::set(as_s8<T>(p.in_zero)), alpha_zero = V::set(as_s8<T>(p.alpha_zero));
  const V::I32 right = V::set(24), zero = V::set(0);
  const AnyRescale above = rescale_by(p.identity), below = rescale_by(p.alpha);
  const B::Vec flip = B::set8(static_cast<int32_t>(kFlipOf<T>));
  for_each_vector(p.broadcast, in, alpha, out, [&](B::Vec i, B::Vec j) {
    return by_quarters(B::bit_xor(i, flip), B::bit_xor(j, flip), to, [&](V::I32 x, V::I32 y) {
      x = V::sub(V::shift_right(x, right), in_zero);
      y = V::sub(V::shift_right(y, right), alpha_zero);
      return V::add(above(V::max(x, zero)), below(V::mul(V::min(x, zero), y)));
    });
  });
}

template <class T, bool kGreater>
void extreme(const reference::Broadcast& p, const T* a, const T* b, T* out) {
  const B::Vec flip = B::set8(static_cast<int32_t>(kFlipOf<T>));
  for_each_vector(p, a, b, out, [=](B::Vec x, B::Vec y) {
    x = B::bit_xor(x, flip);
    y = B::bit_xor(y, flip);
    return B::bit_xor(kGreater ? B::max8(x, y) : B::min8(x, y), flip);
  });
}
