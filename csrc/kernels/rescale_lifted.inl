// Requantization where an instruction multiplies unsigned lanes of 32 bits to 64: by
// V::product_high, over a vector trait V that has it. Included between requantize.inl and
// finish.inl.

constexpr int kFinishWords = 6;

// What sums begin with beside their bias: rescaling takes them as unsigned numbers, 2^31 more,
// whose products with twice a multiplier no signed instruction could hold.
constexpr int32_t kLift = INT32_MIN;

// For multipliers below 1: with r = -shift,
// srdhm(x, m) = floor((2 m x + 2^31) / 2^32) is the upper half of a product, and
// rdbp(y, r) = (y + 2^(r - 1) - (y < 0)) >> r, but y where r = 0.
// The summands that do not depend on the sign are added before the product is cut. It is x's sign
// that is looked at, which differs from y's only where both ways give 0.
struct Rescale {
  V::I32 m, m_second;  // twice the multiplier, as product_high takes it
  V::I32 c, c_second;  // the summands, of 64 bits, for the first and for the second half of lanes
  V::I32 sign;         // the logical shift that leaves 1 of what is not negative, or 0 where r = 0
  V::I32 right;

  // Of x + 2^31.
  V::I32 operator()(V::I32 lifted) const {
    const V::I32 y = V::product_high(lifted, m, m_second, c, c_second);
    return V::shift_right(V::add(y, V::shift_right_logical(lifted, sign)), right);
  }
  static Rescale load(const int32_t* words, int32_t stride, const QuantizedOutput&) {
    auto word = [&](int i) { return V::load(words + i * stride); };
    return {word(0), word(1), word(2), word(3), word(5), word(4)};
  }
  void store(int32_t* words, int32_t stride) const {
    const V::I32 list[kFinishWords] = {m, m_second, c, c_second, right, sign};
    for (int i = 0; i < kFinishWords; ++i) V::store(list[i], words + i * stride);
  }
};

// Where outputs are clamped to the zero point from below, or rounding is that of kRescaleOnce, the
// sign is of no matter.
struct RescalePositive {
  V::I32 m, m_second, c, c_second, right;

  V::I32 operator()(V::I32 lifted) const {
    return V::shift_right(V::product_high(lifted, m, m_second, c, c_second), right);
  }
  static RescalePositive load(const int32_t* words, int32_t stride, const QuantizedOutput&) {
    auto word = [&](int i) { return V::load(words + i * stride); };
    return {word(0), word(1), word(2), word(3), word(4)};
  }
};
using RescaleOnce = RescalePositive;

// What both take, of twice a multiplier: `low` and `nudge` are the halves of what is added to the
// product, and the lift adds to it what is to be subtracted.
Rescale make_rescale(V::I32 m, V::I32 low, V::I32 nudge, V::I32 right) {
  const V::I32 one = V::set(1), high = V::sub(nudge, V::shift_right_logical(m, one));
  return {m,
          V::second_factor(m),
          V::first_wide(low, high),
          V::second_wide(low, high),
          V::sub(V::set(32), V::min(right, one)),
          right};
}

Rescale make_rescale(Finish finish, V::I32 multiplier, V::I32 shift) {
  const V::I32 one = V::set(1), right = V::sub(V::set(0), shift), is_shifted = V::min(right, one);
  const V::I32 half = V::shift_right_logical(V::shift_left(one, right), one);
  if (finish == Finish::kRescaleOnce) {
    // 2^17 of it is twice a multiplier; half of what is rounded away is 2^(31 - shift).
    const V::I32 m = V::shift_left(narrow_multipliers(multiplier), V::set(17));
    return make_rescale(m, V::shift_left(V::set(INT32_MIN), is_shifted), half, right);
  }
  // srdhm's half is the lower one, rdbp's the upper one, as if x were negative if any may be.
  const V::I32 nudge = finish == Finish::kRescale ? V::sub(half, is_shifted) : half;
  return make_rescale(V::add(multiplier, multiplier), V::set(INT32_MIN), nudge, right);
}
