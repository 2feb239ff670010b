// Functions of one number, and powers, of float32 over the trait F: reference/lut.h, hard_swish.h,
// floor.h, unary.h and pairwise.h have their formulas. NaN and infinities go the way they go there;
// what is rounded once has the reference's bits.

// The polynomial with the greatest power first.
template <size_t n>
OCTAVO_ALWAYS_INLINE F::Vec polynomial(F::Vec x, const float (&coefficients)[n]) {
  F::Vec y = F::set(coefficients[0]);
#pragma GCC unroll 8
  for (size_t i = 1; i < n; ++i) y = F::fma(y, x, F::set(coefficients[i]));
  return y;
}

// What the kernel of the reference makes of each lane.
F::Vec by_reference(void (*kernel)(int64_t, const float*, float*), F::Vec x) {
  float lanes[F::kLanes];
  F::store(x, lanes);
  kernel(F::kLanes, lanes, lanes);
  return F::load(lanes);
}

bool is_any_outside(F::Vec x, float low, float high) {
  return F::any_above(F::set(low), x) || F::any_above(x, F::set(high));
}

constexpr float kLeastExponent = -104;              // exp of less is 0
constexpr float kLeastNormalExponent = -87.33654f;  // of less it is below the normal numbers
constexpr float kLn2 = 0x1.62e4p-1f, kLn2Rest = 0x1.7f7d1cp-20f;  // n of the first are exact

// x = n ln 2 + r with |r| <= (ln 2)/2 gives exp(x) = 2^n exp(r), exp(r) = 1 + r + r^2 series by the
// polynomial that comes nearest to it, within 4e-9. kLeastExponent <= x <= 110, or NaN.
struct ReducedExp {
  F::Vec n, r, series;

  OCTAVO_ALWAYS_INLINE explicit ReducedExp(F::Vec x) {
    n = whole_powers(x);
    r = F::fma(n, F::set(-kLn2Rest), F::fma(n, F::set(-kLn2), x));
    series = series_of(r);
  }
  // Of a b, which need not be a float.
  OCTAVO_ALWAYS_INLINE ReducedExp(F::Vec a, F::Vec b) {
    n = whole_powers(F::mul(a, b));
    r = F::fma(n, F::set(-kLn2Rest), F::fma(a, b, F::mul(n, F::set(-kLn2))));
    series = series_of(r);
  }

  OCTAVO_ALWAYS_INLINE F::Vec scaled() const {
    const F::Vec one = F::set(1);
    return F::scale(F::fma(F::fma(series, r, one), r, one), n);
  }

 private:
  OCTAVO_ALWAYS_INLINE static F::Vec whole_powers(F::Vec x) {
    constexpr float kLog2e = 0x1.715476p0f;
    const F::Vec no_fraction = F::set(0x1.8p23f);  // too large to have one
    return F::sub(F::fma(x, F::set(kLog2e), no_fraction), no_fraction);
  }
  OCTAVO_ALWAYS_INLINE static F::Vec series_of(F::Vec r) {
    constexpr float kSeries[] = {0x1.6a23dp-10f, 0x1.123a2p-7f, 0x1.5558f2p-5f, 0x1.555492p-3f,
                                 0x1.fffffcp-2f};
    return polynomial(r, kSeries);
  }
};

OCTAVO_ALWAYS_INLINE F::Vec exp_real(F::Vec x) { return ReducedExp(x).scaled(); }

void exp_f32(int64_t count, const float* in, float* out) {
  const F::Vec least = F::set(kLeastExponent), overflow = F::set(90);
  for_each_vector(count, in, out,
                  [=](F::Vec x) { return exp_real(clamp_real(x, least, overflow)); });
}

// Below 0, exp(x) - 1 = 2^n (r + r^2 series) + (2^n - 1), which is -1 up to x = -18.
void elu_f32(int64_t count, const float* in, float* out) {
  const F::Vec zero = F::set(0), one = F::set(1), least = F::set(-18);
  for_each_vector(count, in, out, [=](F::Vec x) {
    const ReducedExp e(clamp_real(x, least, zero));
    const F::Vec power = F::scale(one, e.n), rest = F::fma(F::mul(e.series, e.r), e.r, e.r);
    return F::select_above(x, zero, x, F::fma(power, rest, F::sub(power, one)));
  });
}

// e / (e + 1) with e = exp(x), which is 1 from x = 30 on.
void logistic_f32(int64_t count, const float* in, float* out) {
  const F::Vec least = F::set(kLeastExponent), most = F::set(30), one = F::set(1);
  for_each_vector(count, in, out, [=](F::Vec x) {
    const F::Vec e = exp_real(clamp_real(x, least, most));
    return F::quotient(e, F::add(e, one));
  });
}

// x p(x^2) / q(x^2), of polynomials with the greatest power first.
template <size_t n>
OCTAVO_ALWAYS_INLINE F::Vec odd_quotient(F::Vec x, const float (&p)[n], const float (&q)[n]) {
  const F::Vec square = F::mul(x, x);
  F::Vec above = F::set(p[0]), below = F::set(q[0]);
#pragma GCC unroll 6
  for (size_t i = 1; i < n; ++i) {
    above = F::fma(above, square, F::set(p[i]));
    below = F::fma(below, square, F::set(q[i]));
  }
  return F::quotient(F::mul(x, above), below);
}

// The odd_quotient of |x| that comes nearest to tanh, within 3e-8 up to |x| = 9, from where on it
// is 1.
OCTAVO_ALWAYS_INLINE F::Vec tanh_real(F::Vec x) {
  constexpr float kP[] = {0x1.c9a048p-27f, 0x1.59546ep-16f, 0x1.c9f804p-9f, 0x1.120438p-3f, 1};
  constexpr float kQ[] = {0x1.a0b666p-21f, 0x1.584158p-12f, 0x1.a7df02p-6f, 0x1.de5766p-2f, 1};
  const F::Vec y = odd_quotient(F::min(F::set(9), F::abs(x)), kP, kQ);
  return F::with_sign(F::min(F::set(1), y), x);
}

// erfc(z) / 2 for 0 <= z: exp(-z^2) times the polynomial in t = 1 / (1 + 0.42 z) that comes nearest
// to the rest, within 1e-7 of it; from z = 10.2 on it is 0.
OCTAVO_ALWAYS_INLINE F::Vec half_erfc(F::Vec z) {
  constexpr float kRest[] = {0x1.3a95aap-5f,  -0x1.5aaefcp-3f, 0x1.d4c678p-3f,
                             -0x1.3a785ap-4f, 0x1.244b12p-3f,  0x1.837fcep-4f,
                             0x1.f37802p-4f,  0x1.e968f4p-4f,  0x1.ec4352p-18f};
  const F::Vec one = F::set(1);
  z = F::min(F::set(10.2f), z);
  const F::Vec t = F::quotient(one, F::fma(F::set(0.424264073f), z, one));
  const ReducedExp e(F::mul(F::set(-1), z), z);
  return F::mul(e.scaled(), polynomial(t, kRest));
}

void tanh_f32(int64_t count, const float* in, float* out) {
  for_each_vector(count, in, out, [](F::Vec x) { return tanh_real(x); });
}

// x/2 erfc(-x / sqrt(2)); erfc(-z) = 2 - erfc(z).
void gelu_erf_f32(int64_t count, const float* in, float* out) {
  const F::Vec zero = F::set(0), one = F::set(1), root_half = F::set(0.707106769f);
  for_each_vector(count, in, out, [=](F::Vec x) {
    const F::Vec tail = half_erfc(F::mul(F::abs(x), root_half));
    return F::mul(x, F::select_above(x, zero, F::sub(one, tail), tail));
  });
}

void gelu_tanh_f32(int64_t count, const float* in, float* out) {
  const F::Vec half = F::set(0.5f), root = F::set(0.797884583f), cubic = F::set(0.044715f);
  for_each_vector(count, in, out, [=](F::Vec x) {
    const F::Vec h = F::mul(half, x), square = F::mul(x, x);
    const F::Vec inner = F::mul(root, F::fma(F::mul(cubic, square), x, x));
    return F::fma(h, tanh_real(inner), h);
  });
}

void hard_swish_f32(int64_t count, const float* in, float* out) {
  const F::Vec zero = F::set(0), three = F::set(3), six = F::set(6), sixth = F::set(1.0f / 6);
  for_each_vector(count, in, out, [=](F::Vec x) {
    return F::mul(F::mul(x, clamp_real(F::add(x, three), zero, six)), sixth);
  });
}

void floor_f32(int64_t count, const float* in, float* out) {
  for_each_vector(count, in, out, [](F::Vec x) { return F::floor(x); });
}

void ceil_f32(int64_t count, const float* in, float* out) {
  const F::Vec minus = F::set(-1);
  for_each_vector(count, in, out,
                  [=](F::Vec x) { return F::mul(minus, F::floor(F::mul(minus, x))); });
}

// Adding 2^23 leaves no fraction, rounded half to even.
void round_f32(int64_t count, const float* in, float* out) {
  const F::Vec no_fraction = F::set(0x1p23f);
  for_each_vector(count, in, out, [=](F::Vec x) {
    const F::Vec y = F::abs(x), rounded = F::sub(F::add(y, no_fraction), no_fraction);
    return F::select_above(no_fraction, y, F::with_sign(rounded, x), x);
  });
}

void sign_f32(int64_t count, const float* in, float* out) {
  const F::Vec zero = F::set(0), one = F::set(1), minus = F::set(-1);
  for_each_vector(count, in, out, [=](F::Vec x) {
    return F::select_above(x, zero, one, F::select_above(zero, x, minus, x));
  });
}

void neg_f32(int64_t count, const float* in, float* out) {
  const F::Vec minus = F::set(-1);
  for_each_vector(count, in, out, [=](F::Vec x) { return F::mul(minus, x); });
}

void square_f32(int64_t count, const float* in, float* out) {
  for_each_vector(count, in, out, [](F::Vec x) { return F::mul(x, x); });
}

// Between these a reciprocal root and its square are normal numbers.
constexpr float kLeastRooted = 0x1p-100f, kGreatestRooted = 0x1p100f;

// The estimate of 1 / sqrt(x) and what it lacks: x r^2 = 1 - d leaves r (1 + d/2 + 3/8 d^2).
OCTAVO_ALWAYS_INLINE F::Vec inverse_root(F::Vec x) {
  const F::Vec r = F::inverse_root_estimate(x);
  const F::Vec d = F::fma(F::mul(x, r), F::mul(F::set(-1), r), F::set(1));
  return F::fma(F::mul(r, d), F::fma(F::set(0.375f), d, F::set(0.5f)), r);
}

void rsqrt_f32(int64_t count, const float* in, float* out) {
  for_each_vector(count, in, out, [](F::Vec x) {
    if (is_any_outside(x, kLeastRooted, kGreatestRooted)) return F::div(F::set(1), F::sqrt(x));
    return inverse_root(x);
  });
}

void sqrt_f32(int64_t count, const float* in, float* out) {
  const F::Vec half = F::set(0.5f), minus = F::set(-1);
  for_each_vector(count, in, out, [=](F::Vec x) {
    if (is_any_outside(x, kLeastRooted, kGreatestRooted)) return F::sqrt(x);
    const F::Vec r = inverse_root(x), y = F::mul(x, r);
    return F::fma(F::fma(F::mul(minus, y), y, x), F::mul(half, r), y);
  });
}

// x = 2^n (1 + f), 1 + f from sqrt(1/2) to sqrt(2): log(x) = n ln 2 + f - f^2/2 + f^3 series(f), of
// the polynomial that comes nearest to it, within 1e-9. x is positive and normal.
struct LogTerms {
  F::Vec n, f, square, series;

  OCTAVO_ALWAYS_INLINE explicit LogTerms(F::Vec x) {
    constexpr float kSeries[] = {0x1.1b410ep-4f,  -0x1.e2e944p-4f, 0x1.e65132p-4f,
                                 -0x1.fb4348p-4f, 0x1.2332b8p-3f,  -0x1.5562e2p-3f,
                                 0x1.99a546p-3f,  -0x1.ffffeep-3f, 0x1.555546p-2f};
    f = F::sub(F::split(x, &n), F::set(1));
    square = F::mul(f, f);
    series = polynomial(f, kSeries);
  }
};

OCTAVO_ALWAYS_INLINE F::Vec log_real(F::Vec x) {
  const LogTerms t(x);
  const F::Vec second = F::fma(t.series, t.f, F::set(-0.5f));
  const F::Vec rest = F::fma(t.n, F::set(kLn2Rest), F::mul(second, t.square));
  return F::fma(t.n, F::set(kLn2), F::add(t.f, rest));
}

void log_f32(int64_t count, const float* in, float* out) {
  constexpr float kLeastNormal = std::numeric_limits<float>::min();
  constexpr float kGreatest = std::numeric_limits<float>::max();
  for_each_vector(count, in, out, [](F::Vec x) {
    if (is_any_outside(x, kLeastNormal, kGreatest)) return by_reference(&reference::log_f32, x);
    return F::add(log_real(x), F::sub(x, x));  // NaN stays
  });
}

// The sine of x + shift quarter turns, within 6e-8. x = n pi/2 + r, |r| <= pi/4; beyond kMostTurned
// n has too many digits.
constexpr float kMostTurned = 8192;
OCTAVO_ALWAYS_INLINE F::Vec sin_shifted(F::Vec x, int32_t shift) {
  constexpr float kSin[] = {-0x1.992c2ep-13f, 0x1.1106fcp-7f, -0x1.555544p-3f};
  constexpr float kCos[] = {0x1.99e36p-16f, -0x1.6c0c22p-10f, 0x1.55554ap-5f};
  constexpr float kHalfPi[] = {0x1.921fb6p+0f, -0x1.777a5cp-25f, -0x1.ee59dap-50f};
  // The sum has n in its lowest bits.
  const F::Vec no_fraction = F::set(0x1.8p23f);
  const F::Vec sum = F::fma(x, F::set(0x1.45f306p-1f), no_fraction), n = F::sub(sum, no_fraction);
  F::Vec r = x;
#pragma GCC unroll 3
  for (float part : kHalfPi) r = F::fma(n, F::set(-part), r);
  const F::Vec square = F::mul(r, r);
  const F::Vec sine = F::fma(F::mul(polynomial(square, kSin), square), r, r);
  const F::Vec cosine =
      F::fma(F::fma(polynomial(square, kCos), square, F::set(-0.5f)), square, F::set(1));
  const V::I32 turned = V::add(F::bits(sum), V::set(shift));
  const V::I32 is_odd = V::sub(V::set(0), B::bit_and(turned, V::set(1)));
  const V::I32 sign = V::shift_left(B::bit_and(turned, V::set(2)), V::set(30));
  const V::I32 y = B::select(is_odd, F::bits(cosine), F::bits(sine));
  return F::from_bits(B::bit_xor(y, sign));
}

void sin_f32(int64_t count, const float* in, float* out) {
  for_each_vector(count, in, out, [](F::Vec x) {
    if (F::any_above(F::abs(x), F::set(kMostTurned))) return by_reference(&reference::sin_f32, x);
    return sin_shifted(x, 0);
  });
}

void cos_f32(int64_t count, const float* in, float* out) {
  for_each_vector(count, in, out, [](F::Vec x) {
    if (F::any_above(F::abs(x), F::set(kMostTurned))) return by_reference(&reference::cos_f32, x);
    return sin_shifted(x, 1);
  });
}

// The logarithm of x, positive and normal, as two numbers whose sum has some 30 bits. Sums of a
// greater and a smaller number are kept with what they lose.
struct LogParts {
  F::Vec high, low;

  explicit LogParts(F::Vec x) {
    const LogTerms t(x);
    const F::Vec whole = F::mul(t.n, F::set(kLn2));
    const F::Vec half_square = F::mul(F::set(0.5f), t.square);
    const F::Vec square_rest = F::fma(t.f, t.f, F::sub(F::set(0), t.square));
    const F::Vec sum = F::add(whole, t.f), sum_rest = F::sub(t.f, F::sub(sum, whole));
    const F::Vec most = F::sub(sum, half_square);
    const F::Vec most_rest = F::sub(F::sub(sum, most), half_square);
    const F::Vec cubic = F::mul(F::mul(t.series, t.f), t.square);
    const F::Vec rest = F::fma(t.n, F::set(kLn2Rest), F::fma(F::set(-0.5f), square_rest, cubic));
    const F::Vec little = F::add(F::add(sum_rest, most_rest), rest);
    high = F::add(most, little);
    low = F::sub(little, F::sub(high, most));
  }
};

// x^y as exp(y log |x|), with the sign that odd powers have. What this is not made for goes by the
// reference: NaN and infinities, |y| >= 2^20, subnormal x, zeros but to positive powers, and
// negative x but to whole powers.
F::Vec power(F::Vec x, F::Vec y) {
  constexpr float kLeastNormal = std::numeric_limits<float>::min();
  const F::Vec zero = F::set(0), one = F::set(1), a = F::abs(x), below = F::floor(y);
  F::Vec can = F::select_above(F::set(std::numeric_limits<float>::infinity()), a, one, zero);
  can = F::select_above(F::set(0x1p20f), F::abs(y), can, zero);
  const F::Vec of_zero = F::select_above(a, zero, zero, F::select_above(y, zero, can, zero));
  can = F::select_above(F::set(kLeastNormal), a, of_zero, can);
  const F::Vec of_negative = F::select_above(y, below, zero, can);
  can = F::select_above(zero, x, of_negative, can);
  if (F::any_above(one, can)) {
    float bases[F::kLanes], exponents[F::kLanes];
    F::store(x, bases);
    F::store(y, exponents);
    reference::pow_f32({1, {F::kLanes}, {1}, {1}}, bases, exponents, bases);
    return F::load(bases);
  }
  const LogParts log(a);
  const F::Vec product = F::mul(y, log.high);
  const F::Vec rest = F::fma(y, log.low, F::fma(y, log.high, F::sub(zero, product)));
  const F::Vec little = F::set(0x1p-10f);  // more than the rest of any power that is a float
  const F::Vec e = exp_real(clamp_real(product, F::set(kLeastExponent), F::set(90)));
  const F::Vec magnitude = F::mul(e, F::add(one, clamp_real(rest, F::sub(zero, little), little)));
  const F::Vec odd = F::fma(F::floor(F::mul(y, F::set(0.5f))), F::set(-2), y);
  const F::Vec signed_power =
      F::select_above(odd, F::set(0.5f), F::with_sign(magnitude, x), magnitude);
  return F::select_above(a, zero, signed_power, zero);
}

void pow_f32(const reference::Broadcast& p, const float* a, const float* b, float* out) {
  compute_broadcast<F>(p, a, b, out, [](F::Vec x, F::Vec y) { return power(x, y); });
}

// t + t^3 p(t^2) of the polynomial that comes nearest to the arc tangent, within 2e-8; 0 <= t <= 1.
OCTAVO_ALWAYS_INLINE F::Vec atan_to_1(F::Vec t) {
  constexpr float kSeries[] = {0x1.7ecee2p-9f, -0x1.0c2a8cp-6f, 0x1.61fcb6p-5f, -0x1.355646p-4f,
                               0x1.b4e0fcp-4f, -0x1.230ad6p-3f, 0x1.9978f4p-3f, -0x1.5554dcp-2f};
  const F::Vec square = F::mul(t, t);
  return F::fma(F::mul(t, square), polynomial(square, kSeries), t);
}

// The angle of the lesser of |x| and |y| over the greater, reflected at the diagonal and at the
// axis where (x, y) is beyond. Equal ones, infinities too, have the diagonal's, zeros the axis's.
F::Vec atan2_real(F::Vec y, F::Vec x) {
  constexpr float kHalfPi = 0x1.921fb6p+0f, kHalfPiRest = -0x1.777a5cp-25f;
  const F::Vec zero = F::set(0), one = F::set(1), a = F::abs(x), b = F::abs(y);
  const F::Vec most = F::max(a, b), least = F::min(a, b);
  const F::Vec t = F::select_above(most, least, F::div(least, most), one);
  F::Vec angle = atan_to_1(F::select_above(most, zero, t, zero));
  const auto reflect = [&](float axis, float rest) {
    return F::add(F::sub(F::set(axis), angle), F::set(rest));
  };
  angle = F::select_above(b, a, reflect(kHalfPi, kHalfPiRest), angle);
  const F::Vec is_left = F::with_sign(one, x);  // or -0
  angle = F::select_above(zero, is_left, reflect(2 * kHalfPi, 2 * kHalfPiRest), angle);
  const F::Vec sum = F::add(a, b);  // no number where one of them is none
  return F::select_above(sum, F::set(-1), F::with_sign(angle, y), sum);
}

void atan2_f32(const reference::Broadcast& p, const float* y, const float* x, float* out) {
  compute_broadcast<F>(p, y, x, out, [](F::Vec b, F::Vec a) { return atan2_real(b, a); });
}

constexpr void fill_functions(Kernels& k) {
  k.atan2_f32 = &atan2_f32;
  k.ceil_f32 = &ceil_f32;
  k.cos_f32 = &cos_f32;
  k.elu_f32 = &elu_f32;
  k.exp_f32 = &exp_f32;
  k.floor_f32 = &floor_f32;
  k.gelu_erf_f32 = &gelu_erf_f32;
  k.gelu_tanh_f32 = &gelu_tanh_f32;
  k.hard_swish_f32 = &hard_swish_f32;
  k.log_f32 = &log_f32;
  k.logistic_f32 = &logistic_f32;
  k.neg_f32 = &neg_f32;
  k.pow_f32 = &pow_f32;
  k.round_f32 = &round_f32;
  k.rsqrt_f32 = &rsqrt_f32;
  k.sign_f32 = &sign_f32;
  k.sin_f32 = &sin_f32;
  k.sqrt_f32 = &sqrt_f32;
  k.square_f32 = &square_f32;
  k.tanh_f32 = &tanh_f32;
}
