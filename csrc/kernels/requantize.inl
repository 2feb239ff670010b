// Requantization over a vector trait V: base/fixed_point.h for lanes.

// Any sum, any multiplier.
V::I32 requantize(V::I32 x, V::I32 multiplier, V::I32 shift) {
  const V::I32 zero = V::set(0);
  const V::I32 left = V::max(shift, zero), right = V::max(V::sub(zero, shift), zero);
  return V::rdbp(V::srdhm(V::shift_left(x, left), multiplier), right);
}

// How the sums of a layer become outputs, of the cheapest kind that gives what requantize does.
// Each has kFinishWords words for a lane, packed beforehand.
enum class Finish : int32_t {
  kRequantize,
  kRescale,
  kRescalePositive,
  kRescaleOnce,  // as an int64 accumulator is rounded: once, by a multiplier of 15 bits
  kDouble
};
constexpr int kFinishWords = 6;

// What sums begin with beside their bias: rescaling takes them as unsigned numbers, 2^31 more,
// whose products with twice a multiplier no signed instruction could hold.
constexpr int32_t lift_of(Finish finish) {
  const bool is_rescaled = finish != Finish::kRequantize && finish != Finish::kDouble;
  return is_rescaled ? INT32_MIN : 0;
}

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
};

// Where outputs are clamped to the zero point from below, or rounding is that of kRescaleOnce, the
// sign is of no matter.
struct RescalePositive {
  V::I32 m, m_second, c, c_second, right;

  V::I32 operator()(V::I32 lifted) const {
    return V::shift_right(V::product_high(lifted, m, m_second, c, c_second), right);
  }
};

// No sum and none of the numbers that it becomes leaves 32 bits.
bool fits_rescale(int64_t greatest_sum, Multiplier k) {
  const int64_t half = k.shift < 0 ? int64_t{1} << (-k.shift - 1) : 0;
  return k.shift <= 0 && greatest_sum + half < INT32_MAX;
}

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
    // narrow_multiplier(m) = min((m + 2^15) >> 16, 2^15 - 1), and 2^17 of it is twice a multiplier;
    // half of what is rounded away is 2^(31 - shift).
    const V::I32 rounded = V::shift_right_logical(V::add(multiplier, V::set(1 << 15)), V::set(16));
    const V::I32 m = V::shift_left(V::min(rounded, V::set(INT16_MAX)), V::set(17));
    return make_rescale(m, V::shift_left(V::set(INT32_MIN), is_shifted), half, right);
  }
  // srdhm's half is the lower one, rdbp's the upper one, as if x were negative if any may be.
  const V::I32 nudge = finish == Finish::kRescale ? V::sub(half, is_shifted) : half;
  return make_rescale(V::add(multiplier, multiplier), V::set(INT32_MIN), nudge, right);
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
  if (lift_of(finish) == 0) return;
  const Rescale r = make_rescale(finish, V::load(words), V::load(words + stride));
  const V::I32 list[kFinishWords] = {r.m, r.m_second, r.c, r.c_second, r.right, r.sign};
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

// clamp(round(x * scale) + out_zero) - out_zero, half away from zero, of the doubles x.
V::Double scale_round(V::Double x, const double* scale, const QuantizedOutput& to) {
  const V::Double y = V::round_away(V::mul(x, V::load(scale)));
  return V::clamp(y, to.act_min - to.out_zero, to.act_max - to.out_zero);
}
V::I32 scale_round(V::I32 x, const double* scale, const QuantizedOutput& to) {
  return V::to_int32(scale_round(V::low_half(x), scale, to),
                     scale_round(V::high_half(x), scale + V::kLanes / 2, to));
}

// Sums become outputs, still of 32 bits and before the zero point is added. Always inline, or the
// sums leave their registers.
template <class Kind, int kRows, int kVectors>
[[gnu::always_inline]] inline void finish_sums_by(const QuantizedOutput& output,
                                                  const int32_t* words, int32_t stride,
                                                  V::I32 (&sum)[kRows][kVectors]) {
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const Kind finish = load_finish<Kind>(words + j * V::kLanes, stride, output);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) sum[i][j] = finish(sum[i][j]);
  }
}
template <int kRows, int kVectors>
[[gnu::always_inline]] inline void finish_sums(Finish finish, const QuantizedOutput& output,
                                               const int32_t* words, int32_t stride,
                                               V::I32 (&sum)[kRows][kVectors]) {
  switch (finish) {
    case Finish::kRescaleOnce:
    case Finish::kRescalePositive:
      return finish_sums_by<RescalePositive>(output, words, stride, sum);
    case Finish::kRescale:
      return finish_sums_by<Rescale>(output, words, stride, sum);
    case Finish::kRequantize:
      return finish_sums_by<Requantize>(output, words, stride, sum);
    case Finish::kDouble: {
      const auto* scale = reinterpret_cast<const double*>(words);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          sum[i][j] = scale_round(sum[i][j], scale + j * V::kLanes, output);
        }
      }
    }
  }
}
