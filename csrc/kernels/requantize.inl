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

// For sums that stay below 2^30 when they are shifted left:
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

bool fits_rescale(int64_t greatest_sum, Multiplier k) {
  return greatest_sum < int64_t{1} << (30 - max(k.shift, 0));
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

// For sums of 32 bits of which none is shifted left, where outputs below the zero point are clamped
// to it, so that a negative sum may as well be 0. Then 2^(r - 1) can be added before the product is
// cut: rdbp(srdhm(x, m), r) = floor((2 m x + 2^31 + 2^(31 + r)) / 2^32) >> r; where r = 0 the last
// summand is 0.
struct RescalePositive {
  V::I32 m, m_odd;        // twice the multiplier
  V::I32 half, half_odd;  // the two summands, of 64 bits, for even and for odd lanes
  V::I32 right;

  V::I32 operator()(V::I32 x) const {
    const V::I32 positive = V::max(x, V::set(0));
    const V::I32 y = V::product_high_unsigned(positive, m, m_odd, half, half_odd);
    return V::shift_right_logical(y, right);
  }
};

// What is known of a layer before it runs decides how its sums are finished.
class FinishChooser {
 public:
  FinishChooser(bool is_double, const QuantizedOutput& output)
      : is_double_(is_double), is_clamped_at_zero_(output.act_min >= output.out_zero) {}

  // A column's sums are `greatest` at most.
  void add(int64_t greatest, Multiplier k) {
    all_fit_ = all_fit_ && fits_rescale(greatest, k);
    // Networks have channels that are nothing but a bias, of 2^30 where a quantizer limits it.
    all_fit_positive_ = all_fit_positive_ && k.shift <= 0 && greatest <= INT32_MAX - 255;
  }
  Finish choose() const {
    if (is_double_) return Finish::kDouble;
    if (is_clamped_at_zero_ && all_fit_positive_) return Finish::kRescalePositive;
    return all_fit_ ? Finish::kRescale : Finish::kRequantize;
  }

 private:
  bool is_double_, is_clamped_at_zero_, all_fit_ = true, all_fit_positive_ = true;
};

// The words of kLanes lanes; word i lies at words + i * stride. Replaces multipliers and shifts,
// which are words 0 and 1.
void pack_finish(Finish finish, int32_t* words, int32_t stride) {
  if (finish != Finish::kRescale && finish != Finish::kRescalePositive) return;
  const Rescale r = make_rescale(V::load(words), V::load(words + stride));
  auto store = [&](const V::I32(&list)[kFinishWords]) {
    for (int i = 0; i < kFinishWords; ++i) V::store(list[i], words + i * stride);
  };
  if (finish == Finish::kRescale) {
    store({r.left, r.m, r.m_odd, r.half, r.sign, r.right});
  } else {
    const V::I32 twice = V::add(r.m, r.m), low = V::set(INT32_MIN);
    store({twice, V::odd_lanes(twice), V::join_lanes(low, V::even_to_odd(r.half)),
           V::join_lanes(low, r.half), r.right, V::set(0)});
  }
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
  return {word(0), word(1), word(2), word(3), word(4), word(5)};
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
