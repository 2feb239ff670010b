// DIV of 8 bits over the traits V, B and F; reference/divide.h has its formula.

// The exponent of x from 0 to 2^24, that of 0 being -1.
V::I32 exponent_of(V::I32 x) {
  const V::I32 biased = V::shift_right_logical(F::bits(F::from_int(x)), V::set(23));
  return V::max(V::sub(biased, V::set(127)), V::set(-1));
}

template <class T>
void scaled_quotient(const reference::ScaledQuotientParams& p, const T* a, const T* b, T* out) {
  const Centre a_centre = centre_of<T>(p.a_zero), b_centre = centre_of<T>(p.b_zero);
  const V::I32 multiplier = V::set(p.multiplier.m), top = V::set(30);
  const V::I32 shift = V::set(p.multiplier.shift);
  const V::I32 most_shift = V::set(31), least_shift = V::set(-31), one = V::set(1);
  // As requantize() of the reference, whose sum with the zero point may wrap, is clamped.
  const V::I32 zero = V::set(p.out_zero), low = V::set(p.act_min), high = V::set(p.act_max);
  const auto to = output_of<T>(0);
  for_each_vector(p.broadcast, a, b, out, [&](B::Vec i, B::Vec j) {
    return by_parts<T>(
        to,
        [&](V::I32 x, V::I32 y) {
          x = a_centre(x);
          y = b_centre(y);
          const V::I32 sign = LanesOf<4>::sign(y);
          x = V::sub(B::bit_xor(x, sign), sign);
          y = V::sub(B::bit_xor(y, sign), sign);
          const V::I32 magnitude = B::bit_xor(x, LanesOf<4>::sign(x));  // or one less
          const V::I32 headroom = V::sub(top, exponent_of(magnitude));
          const V::I32 reciprocal = B::gather_pairs(p.reciprocals, V::shift_left(y, one));
          const V::I32 quotient = V::srdhm(V::shift_left(x, headroom), reciprocal);
          const V::I32 by = V::sub(V::sub(shift, exponent_of(y)), headroom);
          const V::I32 bounded = V::min(V::max(by, least_shift), most_shift);
          const V::I32 z = V::add(requantize(quotient, multiplier, bounded), zero);
          return V::min(V::max(z, low), high);
        },
        i, j);
  });
}
