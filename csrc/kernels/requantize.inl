// Requantization over a vector trait V: base/fixed_point.h for lanes.

// Any sum, any multiplier.
V::I32 requantize(V::I32 x, V::I32 multiplier, V::I32 shift) {
  const V::I32 zero = V::set(0);
  const V::I32 left = V::max(shift, zero), right = V::max(V::sub(zero, shift), zero);
  return V::rdbp(V::srdhm(V::shift_left(x, left), multiplier), right);
}

// How the sums of a layer become outputs, of the cheapest kind that gives what requantize does.
// Each has kFinishWords words for a lane, packed beforehand.
enum class Finish : int32_t { kRequantize, kRescale, kRescalePositive, kDouble };
constexpr int kFinishWords = 6;

// What sums begin with beside their bias: rescaling takes them as unsigned numbers, 2^31 more,
// whose products with twice a multiplier no signed instruction could hold.
constexpr int32_t lift_of(Finish finish) {
  return finish == Finish::kRescale || finish == Finish::kRescalePositive ? INT32_MIN : 0;
}

// For multipliers below 1: with r = -shift,
// srdhm(x, m) = floor((2 m x + 2^31) / 2^32) is the upper half of a product, and
// rdbp(y, r) = (y + 2^(r - 1) - (y < 0)) >> r, but y where r = 0.
// The summands that do not depend on the sign are added before the product is cut. It is x's sign
// that is looked at, which differs from y's only where both ways give 0.
struct Rescale {
  V::I32 m, m_odd;  // twice the multiplier; m_odd: of the odd lanes, in the even ones
  V::I32 c, c_odd;  // the summands, of 64 bits, for even and for odd lanes
  V::I32 sign;      // the logical shift that leaves 1 of what is not negative, or 0 where r = 0
  V::I32 right;

  // Of x + 2^31.
  V::I32 operator()(V::I32 lifted) const {
    const V::I32 y = V::product_high(lifted, m, m_odd, c, c_odd);
    return V::shift_right(V::add(y, V::shift_right_logical(lifted, sign)), right);
  }
};

// Where outputs are clamped to the zero point from below, the sign is of no matter.
struct RescalePositive {
  V::I32 m, m_odd, c, c_odd, right;

  V::I32 operator()(V::I32 lifted) const {
    return V::shift_right(V::product_high(lifted, m, m_odd, c, c_odd), right);
  }
};

// No sum and none of the numbers that it becomes leaves 32 bits.
bool fits_rescale(int64_t greatest_sum, Multiplier k) {
  const int64_t half = k.shift < 0 ? int64_t{1} << (-k.shift - 1) : 0;
  return k.shift <= 0 && greatest_sum + half < INT32_MAX;
}

// `any_sign`: for Rescale, not for RescalePositive, which takes its words but that of the sign.
Rescale make_rescale(V::I32 multiplier, V::I32 shift, bool any_sign) {
  const V::I32 one = V::set(1), right = V::sub(V::set(0), shift), is_shifted = V::min(right, one);
  const V::I32 half = V::shift_right_logical(V::shift_left(one, right), one);
  const V::I32 m = V::add(multiplier, multiplier);
  // Of the summands the lower half is srdhm's, the upper one rdbp's, as if x were negative if any
  // may be, less what the lift adds to the product.
  const V::I32 nudge = any_sign ? V::sub(half, is_shifted) : half;
  const V::I32 low = V::set(INT32_MIN), high = V::sub(nudge, multiplier);
  return {m,
          V::odd_lanes(m),
          V::join_lanes(low, V::even_to_odd(high)),
          V::join_lanes(low, high),
          V::sub(V::set(32), is_shifted),
          right};
}

// What is known of a layer before it runs decides how its sums are finished.
class FinishChooser {
 public:
  FinishChooser(bool is_double, const QuantizedOutput& output)
      : is_double_(is_double), is_clamped_at_zero_(output.act_min == output.out_zero) {}

  // A column's sums are `greatest` at most.
  void add(int64_t greatest, Multiplier k) { all_fit_ = all_fit_ && fits_rescale(greatest, k); }
  Finish choose() const {
    if (is_double_) return Finish::kDouble;
    if (!all_fit_) return Finish::kRequantize;
    return is_clamped_at_zero_ ? Finish::kRescalePositive : Finish::kRescale;
  }

 private:
  bool is_double_, is_clamped_at_zero_, all_fit_ = true;
};

// The words of kLanes lanes; word i lies at words + i * stride. Replaces multipliers and shifts,
// which are words 0 and 1.
void pack_finish(Finish finish, int32_t* words, int32_t stride) {
  if (finish != Finish::kRescale && finish != Finish::kRescalePositive) return;
  const Rescale r =
      make_rescale(V::load(words), V::load(words + stride), finish == Finish::kRescale);
  const V::I32 list[kFinishWords] = {r.m, r.m_odd, r.c, r.c_odd, r.right, r.sign};
  for (int i = 0; i < kFinishWords; ++i) V::store(list[i], words + i * stride);
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

// Each kind of Finish from its words, which follow each other at a distance of `stride`.
template <class Kind>
Kind load_finish(const int32_t* words, int32_t stride, const QuantizedOutput& output);

template <>
Rescale load_finish(const int32_t* words, int32_t stride, const QuantizedOutput&) {
  auto word = [&](int i) { return V::load(words + i * stride); };
  return {word(0), word(1), word(2), word(3), word(5), word(4)};
}

template <>
RescalePositive load_finish(const int32_t* words, int32_t stride, const QuantizedOutput&) {
  auto word = [&](int i) { return V::load(words + i * stride); };
  return {word(0), word(1), word(2), word(3), word(4)};
}

struct Requantize {
  V::I32 m, shift;
  const QuantizedOutput& output;
  V::I32 operator()(V::I32 x) const { return requantize_clamped(x, m, shift, output); }
};
template <>
Requantize load_finish(const int32_t* words, int32_t stride, const QuantizedOutput& output) {
  return {V::load(words), V::load(words + stride), output};
}
