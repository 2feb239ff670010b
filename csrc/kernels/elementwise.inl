// ADD, SUB, SQUARED_DIFFERENCE, MUL, PRELU, LEAKY_RELU, MAXIMUM and MINIMUM of 8 and 16 bits over
// the traits V and B; binary.h, pairwise.h and relu.h of reference/ have their formulas.

// By any multiplier that does not make numbers leave 32 bits.
struct AnyRescale {
  V::I32 left, lift;
  Rescale below_one;
  V::I32 operator()(V::I32 x) const { return below_one(V::add(V::shift_left(x, left), lift)); }
};

AnyRescale rescale_by(Multiplier k) {
  return {V::set(max(k.shift, 0)), V::set(lift_of(Finish::kRescale)),
          make_rescale(Finish::kRescale, V::set(k.m), V::set(min(k.shift, 0)))};
}

bool fits_any_rescale(int32_t greatest, Multiplier k) {
  return fits_rescale(int64_t{greatest} << max(k.shift, 0), {k.m, min(k.shift, 0)});
}

// What widen() has made of an element, less the zero point: x - zero times 2^left, plus `lift`.
struct Centre {
  V::I32 right, zero;
  V::I32 operator()(V::I32 x) const { return V::sub(V::shift_right(x, right), zero); }
};
template <class T>
Centre centre_of(int32_t zero_point, int32_t left = 0, int32_t lift = 0) {
  const int32_t zero = shift_left(as_signed<T>(zero_point), left);
  return {V::set(Lanes<T>::kRoom - left), V::set(sub_wrapping(zero, lift))};
}

// The greatest magnitudes of x - zero and of a product of two. int16 has no zero points.
template <class T>
constexpr int32_t kGreatestDifference = sizeof(T) == 1 ? 255 : 1 << 15;
template <class T>
constexpr int32_t kGreatestProduct = kGreatestDifference<T> * kGreatestDifference<T>;

// What becomes of two operands in their common scale, neither of which exceeds half of `greatest`;
// it has kLift, and the result has the lift of rescaling.
struct Sum {
  static constexpr int32_t kLift = lift_of(Finish::kRescale);
  static V::I32 of(V::I32 x, V::I32 y) { return V::add(x, y); }
  static constexpr int64_t most(int64_t greatest) { return greatest; }
};
struct Difference : Sum {
  static V::I32 of(V::I32 x, V::I32 y) { return V::sub(x, y); }
};
struct SquaredDifference {
  static constexpr int32_t kLift = 0;
  static V::I32 of(V::I32 x, V::I32 y) {
    const V::I32 difference = V::sub(x, y);
    return V::add(V::mul(difference, difference), V::set(lift_of(Finish::kRescale)));
  }
  static constexpr int64_t most(int64_t greatest) { return greatest * greatest; }
};

// What makes that of two widened elements. One operand is brought to the common scale by halving
// it; it also has the lift of the combination.
template <class T, class Combine, bool kHalvesA>
struct CommonScale {
  static constexpr int32_t kLift = lift_of(Finish::kRescale);
  typename Lanes<T>::Output to;
  Centre a_centre, b_centre;
  Rescale in_scale, out_scale;

  explicit CommonScale(const reference::ScaledSumParams& p)
      : to(output_of<T>(p.out_zero, p.act_min, p.act_max)),
        a_centre(
            centre_of<T>(p.a_zero, p.left_shift - kHalvesA, kHalvesA ? Combine::kLift : kLift)),
        b_centre(
            centre_of<T>(p.b_zero, p.left_shift - !kHalvesA, kHalvesA ? kLift : Combine::kLift)),
        in_scale(rescale_by(kHalvesA ? p.b_scale : p.a_scale).below_one),
        out_scale(rescale_by(p.out_scale).below_one) {}

  V::I32 scale_a(V::I32 x) const { return kHalvesA ? a_centre(x) : in_scale(a_centre(x)); }
  V::I32 scale_b(V::I32 x) const { return kHalvesA ? in_scale(b_centre(x)) : b_centre(x); }
};

template <class T, class Combine, bool kHalvesA>
void combine_with_half(const reference::ScaledSumParams& p, const T* a, const T* b, T* out) {
  const CommonScale<T, Combine, kHalvesA> scales(p);
  for_each_vector(p.broadcast, a, b, out, [&](B::Vec i, B::Vec j) {
    return by_parts<T>(
        scales.to,
        [&](V::I32 x, V::I32 y) {
          return scales.out_scale(Combine::of(scales.scale_a(x), scales.scale_b(y)));
        },
        i, j);
  });
}

// Whether b is one row of whole vectors that all rows of a meet, such as a bias.
constexpr int64_t kLongestRow = 2048;
template <class T>
bool has_row(const reference::Broadcast& p) {
  return p.rank == 2 && p.a_strides[1] == 1 && p.b_strides[0] == 0 && p.b_strides[1] == 1 &&
         p.dims[1] <= kLongestRow && p.dims[1] % Lanes<T>::kLanes == 0;
}

// Then b is scaled once.
template <class T, class Combine>
void combine_with_row(const reference::ScaledSumParams& p, const T* a, const T* b, T* out) {
  using L = Lanes<T>;
  const CommonScale<T, Combine, true> scales(p);
  const int64_t n = p.broadcast.dims[1];
  int32_t row[kLongestRow];
  for (int64_t j = 0; j < n; j += L::kLanes) {
    const Parts<T> y = widen<T>(L::load(b + j));
    for (int k = 0; k < L::kParts; ++k) V::store(scales.scale_b(y.v[k]), row + j + k * V::kLanes);
  }
  for (int64_t i = 0; i < p.broadcast.dims[0]; ++i, a += p.broadcast.a_strides[0], out += n) {
    for (int64_t j = 0; j < n; j += L::kLanes) {
      const int32_t* y = row + j;
      const auto combine = [&](V::I32 x) {
        const V::I32 z = V::load(y);
        y += V::kLanes;
        return scales.out_scale(Combine::of(scales.scale_a(x), z));
      };
      L::store(by_parts<T>(scales.to, combine, L::load(a + j)), out + j);
    }
  }
}

// False where a number may leave 32 bits: that takes the reference.
template <class T, class Combine>
bool combine_scaled(const reference::ScaledSumParams& p, const T* a, const T* b, T* out) {
  const bool halves_a = reference::is_half(p.a_scale);
  const int32_t greatest = kGreatestDifference<T> << p.left_shift;  // of an operand
  if (!fits_rescale(greatest, halves_a ? p.b_scale : p.a_scale) ||
      !fits_rescale(Combine::most(greatest), p.out_scale)) {
    return false;
  }
  if (halves_a && has_row<T>(p.broadcast)) {
    combine_with_row<T, Combine>(p, a, b, out);
  } else if (halves_a) {
    combine_with_half<T, Combine, true>(p, a, b, out);
  } else {
    combine_with_half<T, Combine, false>(p, a, b, out);
  }
  return true;
}

template <class T, class Combine, auto kReference>
void scaled_sum(const reference::ScaledSumParams& p, const T* a, const T* b, T* out) {
  if (!combine_scaled<T, Combine>(p, a, b, out)) kReference(p, a, b, out);
}

void squared_difference_s8(const reference::SquaredDifferenceParams& p, const int8_t* a,
                           const int8_t* b, int8_t* out) {
  constexpr int kFraction = reference::kSquaredDifferenceBits;
  const reference::ScaledSumParams sum = {p.broadcast, p.a_zero,  p.b_zero,  p.out_zero,
                                          kFraction,   p.a_scale, p.b_scale, p.out_scale,
                                          INT8_MIN,    INT8_MAX};
  if (!combine_scaled<int8_t, SquaredDifference>(sum, a, b, out)) {
    reference::squared_difference_s8(p, a, b, out);
  }
}

// ADD, SUB and MUL of int16 that are plain numbers.
template <B::Vec (*kOp)(B::Vec, B::Vec)>
void plain_s16(const reference::PlainBinaryParams<int16_t>& p, const int16_t* a, const int16_t* b,
               int16_t* out) {
  const B::Vec low = B::set16(p.act_min), high = B::set16(p.act_max);
  for_each_vector(p.broadcast, a, b, out,
                  [=](B::Vec x, B::Vec y) { return B::min16(B::max16(kOp(x, y), low), high); });
}

template <bool kSubtract>
void shifted_sum(const reference::ShiftedSumParams& p, const int16_t* a, const int16_t* b,
                 int16_t* out) {
  const auto to = output_of<int16_t>(0, p.act_min, p.act_max);
  const Centre centre = centre_of<int16_t>(0);
  const V::I32 a_right = V::set(p.a_right), b_right = V::set(p.b_right);
  for_each_vector(p.broadcast, a, b, out, [&](B::Vec i, B::Vec j) {
    return by_parts<int16_t>(
        to,
        [&](V::I32 x, V::I32 y) {
          x = V::rdbp(centre(x), a_right);
          y = V::rdbp(centre(y), b_right);
          return kSubtract ? V::sub(x, y) : V::add(x, y);
        },
        i, j);
  });
}

// What is multiplied has 16 bits at most: x - zero, of bytes in the two halves that narrow() takes.
// Bytes are unsigned ones here, and so is their zero point.
template <class T>
struct Factor {
  B::Vec zero;
  explicit Factor(int32_t zero_point)
      : zero(B::set16(zero_point - std::numeric_limits<T>::min())) {}

  struct Halves {
    B::Vec v[2 / sizeof(T)];
  };
  Halves operator()(B::Vec x) const {
    if constexpr (sizeof(T) == 2) {
      return {{x}};
    } else {
      const B::Vec none = B::set8(0), y = B::bit_xor(x, B::set8(std::numeric_limits<T>::min()));
      return {{B::sub16(B::low8(y, none), zero), B::sub16(B::high8(y, none), zero)}};
    }
  }
};

// The products of two vectors' elements, rescaled, in the parts that finish() takes.
template <class T>
struct RescaledProducts {
  Factor<T> a_factor, b_factor;
  Rescale scale;
  B::Vec lift = B::set16(lift_of(Finish::kRescale) >> 16);

  RescaledProducts(int32_t a_zero, int32_t b_zero, Multiplier k)
      : a_factor(a_zero), b_factor(b_zero), scale(rescale_by(k).below_one) {}

  // Of a's negative numbers alone, if kNegative: 0 for the others.
  template <bool kNegative>
  Parts<T> of(B::Vec i, B::Vec j) const {
    const auto x = a_factor(i), y = b_factor(j);
    const B::Vec zero = B::set16(0);
    Parts<T> z;
#pragma GCC unroll 2
    for (int h = 0; h < Lanes<T>::kParts / 2; ++h) {
      const B::Vec a = kNegative ? B::min16(x.v[h], zero) : x.v[h];
      const B::Vec low = B::mul16(a, y.v[h]);
      const B::Vec high = B::bit_xor(B::mul_high16(a, y.v[h]), lift);
      z.v[2 * h] = scale(B::low16(low, high));
      z.v[2 * h + 1] = scale(B::high16(low, high));
    }
    return z;
  }
};

template <class T, auto kReference>
void product(const reference::ScaledProductParams& p, const T* a, const T* b, T* out) {
  if (!fits_rescale(kGreatestProduct<T>, p.multiplier)) return kReference(p, a, b, out);
  const auto to = output_of<T>(p.out_zero, p.act_min, p.act_max);
  const RescaledProducts<T> products(p.a_zero, p.b_zero, p.multiplier);
  for_each_vector(p.broadcast, a, b, out, [&](B::Vec i, B::Vec j) {
    return Lanes<T>::finish(products.template of<false>(i, j).v, to);
  });
}

// What PRELU's output is less than its zero point for each byte; 0 for negative numbers.
template <class T>
B::Table tabulate_positive(const reference::PreluParams& p) {
  constexpr int32_t kValues = 256;
  uint8_t lut[kValues];
  T values[kValues];
  for (int32_t i = 0; i < kValues; ++i) values[i] = static_cast<T>(i);
  const auto to = output_of<T>(p.out_zero);
  const Centre centre = centre_of<T>(p.in_zero);
  const AnyRescale above = rescale_by(p.identity);
  const V::I32 none = V::set(0);
  const B::Vec zero = B::set8(p.out_zero);
  for (int32_t i = 0; i < kValues; i += B::kSize) {
    const auto output = [&](V::I32 x) { return above(V::max(centre(x), none)); };
    B::store(B::sub8(zero, by_parts<T>(to, output, B::load(values + i))), lut + i);
  }
  return B::load_table(lut);
}

// What is not negative depends on one byte alone, and becomes the zero point as a product.
template <class T, auto kReference>
void prelu(const reference::PreluParams& p, const T* in, const T* alpha, T* out) {
  if (!fits_any_rescale(kGreatestDifference<T>, p.identity) ||
      !fits_rescale(kGreatestProduct<T>, p.alpha)) {
    return kReference(p, in, alpha, out);
  }
  const auto to = output_of<T>(p.out_zero);
  const B::Table positive = tabulate_positive<T>(p);
  const RescaledProducts<T> products(p.in_zero, p.alpha_zero, p.alpha);
  for_each_vector(p.broadcast, in, alpha, out, [&](B::Vec i, B::Vec j) {
    const B::Vec negative = Lanes<T>::finish(products.template of<true>(i, j).v, to);
    return B::sub8(negative, B::look_up(positive, i));
  });
}

// The same with one slope, whose sign comes last. Of int16: 8 bits are tabulated.
void leaky_relu_s16(const reference::LeakyReluParams& p, const int16_t* in, int16_t* out) {
  constexpr int32_t kGreatest = kGreatestDifference<int16_t>;
  if (!fits_any_rescale(kGreatest, p.identity) || !fits_any_rescale(kGreatest, p.alpha)) {
    return reference::leaky_relu_s16(p, in, out);
  }
  const auto to = output_of<int16_t>(0);
  const Centre centre = centre_of<int16_t>(0);
  const V::I32 zero = V::set(0), sign = V::set(p.alpha_is_negative ? -1 : 0);
  const AnyRescale above = rescale_by(p.identity), below = rescale_by(p.alpha);
  for_each_vector(p.count, in, out, [&](B::Vec i) {
    return by_parts<int16_t>(
        to,
        [&](V::I32 x) {
          x = centre(x);
          const V::I32 y = below(V::min(x, zero));
          return V::add(above(V::max(x, zero)), V::sub(B::bit_xor(y, sign), sign));
        },
        i);
  });
}

template <class T, bool kGreater>
void extreme(const reference::Broadcast& p, const T* a, const T* b, T* out) {
  using L = Lanes<T>;
  const B::Vec flip = L::flip();
  for_each_vector(p, a, b, out, [=](B::Vec x, B::Vec y) {
    x = B::bit_xor(x, flip);
    y = B::bit_xor(y, flip);
    return B::bit_xor(kGreater ? L::max(x, y) : L::min(x, y), flip);
  });
}
