// The elementwise kernels of float32 over the trait F: reference/binary.h, relu.h, lut.h,
// hard_swish.h, floor.h, unary.h, divide.h, pairwise.h and quantize.h have their formulas. NaN and
// infinities go the way they go there; what is rounded once has the reference's bits.

constexpr float kLeastExponent = -104;  // exp of less is 0

// x = n ln 2 + r with |r| <= (ln 2)/2 gives exp(x) = 2^n exp(r), exp(r) = 1 + r + r^2 series by the
// polynomial that comes nearest to it, within 4e-9. kLeastExponent <= x <= 110, or NaN.
struct ReducedExp {
  F::Vec n, r, series;

  explicit ReducedExp(F::Vec x) {
    constexpr float kLog2e = 0x1.715476p0f;
    constexpr float kLn2 = 0x1.62e43p-1f, kLn2Rest = -0x1.05c61p-29f;  // n of them matter
    constexpr float kSeries[] = {0x1.123a2p-7f, 0x1.5558f2p-5f, 0x1.555492p-3f, 0x1.fffffcp-2f};
    const F::Vec no_fraction = F::set(0x1.8p23f);  // too large to have one
    n = F::sub(F::fma(x, F::set(kLog2e), no_fraction), no_fraction);
    r = F::fma(n, F::set(-kLn2Rest), F::fma(n, F::set(-kLn2), x));
    series = F::set(0x1.6a23dp-10f);
#pragma GCC unroll 4
    for (float c : kSeries) series = F::fma(series, r, F::set(c));
  }
};

F::Vec exp_real(F::Vec x) {
  const ReducedExp e(x);
  const F::Vec one = F::set(1);
  return F::scale(F::fma(F::fma(e.series, e.r, one), e.r, one), e.n);
}

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
F::Vec odd_quotient(F::Vec x, const float (&p)[n], const float (&q)[n]) {
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
F::Vec tanh_real(F::Vec x) {
  constexpr float kP[] = {0x1.c9a048p-27f, 0x1.59546ep-16f, 0x1.c9f804p-9f, 0x1.120438p-3f, 1};
  constexpr float kQ[] = {0x1.a0b666p-21f, 0x1.584158p-12f, 0x1.a7df02p-6f, 0x1.de5766p-2f, 1};
  const F::Vec y = odd_quotient(F::min(F::set(9), F::abs(x)), kP, kQ);
  return F::with_sign(F::min(F::set(1), y), x);
}

// For 0 <= x: t exp(-x^2 + p(t)), t = 1 / (1 + x/2), of the polynomial that comes nearest to erfc,
// within 2e-7 of it; from x = 10.1 on it is 0. What rounding the exponent costs is put back.
F::Vec erfc_positive(F::Vec x) {
  constexpr float kP[] = {0x1.2336e8p-3f,  -0x1.55067ap-1f, 0x1.1f56p+0f,   -0x1.4d7168p-1f,
                          -0x1.de55b6p-4f, 0x1.4ad48ep-6f,  0x1.d09fe2p-6f, 0x1.8d3582p-2f,
                          0x1.ff3a6ap-1f,  -0x1.43f3f8p+0f};
  const F::Vec one = F::set(1), half = F::set(0.5f), zero = F::set(0);
  x = F::min(F::set(10.1f), x);
  const F::Vec t = F::quotient(one, F::fma(half, x, one));
  F::Vec p = F::set(kP[0]);
#pragma GCC unroll 9
  for (int i = 1; i < 10; ++i) p = F::fma(p, t, F::set(kP[i]));
  const F::Vec square = F::mul(x, x), square_rest = F::fma(x, x, F::sub(zero, square));
  const F::Vec exponent = F::sub(p, square);
  const F::Vec rest = F::sub(F::sub(p, F::add(exponent, square)), square_rest);
  const F::Vec e = F::mul(t, exp_real(exponent));
  return F::fma(e, rest, e);
}

void tanh_f32(int64_t count, const float* in, float* out) {
  for_each_vector(count, in, out, [](F::Vec x) { return tanh_real(x); });
}

// x/2 erfc(-x / sqrt(2)); erfc(-z) = 2 - erfc(z).
void gelu_erf_f32(int64_t count, const float* in, float* out) {
  const F::Vec zero = F::set(0), half = F::set(0.5f), two = F::set(2);
  const F::Vec root_half = F::set(0.707106769f);
  for_each_vector(count, in, out, [=](F::Vec x) {
    const F::Vec tail = erfc_positive(F::mul(F::abs(x), root_half));
    return F::mul(F::mul(half, x), F::select_above(x, zero, F::sub(two, tail), tail));
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

void sqrt_f32(int64_t count, const float* in, float* out) {
  for_each_vector(count, in, out, [](F::Vec x) { return F::sqrt(x); });
}

void rsqrt_f32(int64_t count, const float* in, float* out) {
  const F::Vec one = F::set(1);
  for_each_vector(count, in, out, [=](F::Vec x) { return F::div(one, F::sqrt(x)); });
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

void dequantize_f16(int64_t count, const Half* in, float* out) {
  for_each_vector(count, in, out, [](F::Vec x) { return x; });
}

void relu_f32(const reference::ReluF32Params& p, const float* in, float* out) {
  const F::Vec low = F::set(p.low), high = F::set(p.high);
  for_each_vector(p.count, in, out, [=](F::Vec x) { return clamp_real(x, low, high); });
}

void leaky_relu_f32(const reference::LeakyReluF32Params& p, const float* in, float* out) {
  const F::Vec zero = F::set(0), alpha = F::set(p.alpha);
  for_each_vector(p.count, in, out,
                  [=](F::Vec x) { return F::select_above(x, zero, x, F::mul(x, alpha)); });
}

void prelu_f32(const reference::Broadcast& p, const float* in, const float* alpha, float* out) {
  const F::Vec zero = F::set(0);
  compute_broadcast<F>(p, in, alpha, out, [=](F::Vec x, F::Vec a) {
    return F::select_above(zero, x, F::mul(x, a), x);
  });
}

template <F::Vec (*kOperation)(F::Vec, F::Vec)>
void plain_f32(const reference::PlainBinaryParams<float>& p, const float* a, const float* b,
               float* out) {
  const F::Vec low = F::set(p.act_min), high = F::set(p.act_max);
  compute_broadcast<F>(p.broadcast, a, b, out,
                       [=](F::Vec x, F::Vec y) { return clamp_real(kOperation(x, y), low, high); });
}

template <F::Vec (*kOperation)(F::Vec, F::Vec)>
void extreme_f32(const reference::Broadcast& p, const float* a, const float* b, float* out) {
  compute_broadcast<F>(p, a, b, out, [](F::Vec x, F::Vec y) { return kOperation(x, y); });
}

void squared_difference_f32(const reference::Broadcast& p, const float* a, const float* b,
                            float* out) {
  compute_broadcast<F>(p, a, b, out, [](F::Vec x, F::Vec y) {
    const F::Vec difference = F::sub(x, y);
    return F::mul(difference, difference);
  });
}

constexpr void fill_real(Kernels& k) {
  k.add_f32 = &plain_f32<&F::add>;
  k.sub_f32 = &plain_f32<&F::sub>;
  k.mul_f32 = &plain_f32<&F::mul>;
  k.div_f32 = &plain_f32<&F::div>;
  k.squared_difference_f32 = &squared_difference_f32;
  k.maximum_f32 = &extreme_f32<&F::max>;
  k.minimum_f32 = &extreme_f32<&F::min>;
  k.relu_f32 = &relu_f32;
  k.leaky_relu_f32 = &leaky_relu_f32;
  k.prelu_f32 = &prelu_f32;
  k.hard_swish_f32 = &hard_swish_f32;
  k.logistic_f32 = &logistic_f32;
  k.tanh_f32 = &tanh_f32;
  k.floor_f32 = &floor_f32;
  k.exp_f32 = &exp_f32;
  k.elu_f32 = &elu_f32;
  k.gelu_erf_f32 = &gelu_erf_f32;
  k.gelu_tanh_f32 = &gelu_tanh_f32;
  k.sqrt_f32 = &sqrt_f32;
  k.rsqrt_f32 = &rsqrt_f32;
  k.dequantize_f16 = &dequantize_f16;
}
