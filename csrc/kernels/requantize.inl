// Requantization over a vector trait V: base/fixed_point.h for lanes.

// Any sum, any multiplier.
V::I32 requantize(V::I32 x, V::I32 multiplier, V::I32 shift) {
  const V::I32 zero = V::set(0);
  const V::I32 left = V::max(shift, zero), right = V::max(V::sub(zero, shift), zero);
  return V::rdbp(V::srdhm(V::shift_left(x, left), multiplier), right);
}

// How the sums of a layer become outputs, of the cheapest kind that gives what requantize does.
// Each is a struct below, whose words, kFinishWords for a lane at most, are packed beforehand.
enum class Finish : int32_t {
  kRequantize,
  kRescale,
  kRescalePositive,
  kRescaleOnce,  // as an int64 accumulator is rounded: once, by a multiplier of 15 bits
  kDouble
};

// requantize for an output from which the zero point is still to come. It may wrap when that is
// added, as the reference does, to whom the zero point is the file's.
V::I32 requantize_clamped(V::I32 x, V::I32 multiplier, V::I32 shift, const QuantizedOutput& to) {
  const int32_t unflip = static_cast<int32_t>(to.flip);
  const V::I32 zero = V::set(to.out_zero + unflip);
  const V::I32 y = V::add(requantize(x, multiplier, shift), zero);
  const V::I32 low = V::set(to.act_min + unflip), high = V::set(to.act_max + unflip);
  return V::sub(V::min(V::max(y, low), high), zero);
}

// Where nothing is known of the sums.
struct Requantize {
  V::I32 m, shift;
  const QuantizedOutput& output;

  V::I32 operator()(V::I32 x) const { return requantize_clamped(x, m, shift, output); }
  // Words follow each other at a distance of `stride`.
  static Requantize load(const int32_t* words, int32_t stride, const QuantizedOutput& output) {
    return {V::load(words), V::load(words + stride), output};
  }
};

// base/fixed_point.h's narrow_multiplier, of what is not negative.
V::I32 narrow_multipliers(V::I32 m) {
  const V::I32 rounded = V::shift_right_logical(V::add(m, V::set(1 << 15)), V::set(16));
  return V::min(rounded, V::set(INT16_MAX));
}
