// Requantization over a vector trait V: base/fixed_point.h for lanes.

// Any sum, any multiplier.
V::I32 requantize(V::I32 x, V::I32 multiplier, V::I32 shift) {
  const V::I32 zero = V::set(0);
  const V::I32 left = V::max(shift, zero), right = V::max(V::sub(zero, shift), zero);
  return V::rdbp(V::srdhm(V::shift_left(x, left), multiplier), right);
}

// The same in half the instructions for a sum that stays below 2^30 when it is shifted left:
// srdhm(x, m) = floor((2 x m + 2^31) / 2^32) is the upper half of a product, and
// rdbp(y, r) = (y + 2^(r - 1) - (y < 0)) >> r, but y where r = 0.
struct Rescale {
  V::I32 left;      // to shift a sum by, the doubling included
  V::I32 m, m_odd;  // m_odd: of the odd lanes, in the even ones
  V::I32 half;      // 2^(r - 1), or 0
  V::I32 sign;      // the logical shift that leaves 1 of a negative number, or nothing where r = 0
  V::I32 right;

  V::I32 operator()(V::I32 x) const {
    const V::I32 y = V::product_high(V::shift_left(x, left), m, m_odd);
    return V::shift_right(V::sub(V::add(y, half), V::shift_right_logical(y, sign)), right);
  }
};
constexpr int32_t kRescaleWords = 6;  // a lane

bool fits_rescale(int64_t greatest_sum, Multiplier k) {
  return greatest_sum << max(k.shift, 0) < int64_t{1} << 30;
}

Rescale make_rescale(V::I32 multiplier, V::I32 shift) {
  const V::I32 zero = V::set(0), one = V::set(1);
  const V::I32 right = V::max(V::sub(zero, shift), zero);
  return {V::add(V::max(shift, zero), one),
          multiplier,
          V::odd_lanes(multiplier),
          V::shift_right_logical(V::shift_left(one, right), one),
          V::sub(V::set(32), V::min(right, one)),
          right};
}

// requantize for an output from which the zero point is still to come. It may wrap when that is
// added, as the reference does, to whom the zero point is the file's.
V::I32 requantize_clamped(V::I32 x, V::I32 multiplier, V::I32 shift, const QuantizedOutput& to) {
  const int32_t unflip = static_cast<int32_t>(to.flip);
  const V::I32 zero = V::set(to.out_zero + unflip);
  const V::I32 y = V::add(requantize(x, multiplier, shift), zero);
  const V::I32 low = V::set(to.act_min + unflip), high = V::set(to.act_max + unflip);
  return V::sub(V::min(V::max(y, low), high), zero);
}
