// The elementwise kernels of float32 over the trait F: reference/binary.h, relu.h, lut.h,
// hard_swish.h, floor.h and quantize.h have their formulas. NaN and infinities go the way they go
// there; what is rounded once has the reference's bits.

constexpr float kLeastExponent = -104;  // exp of less is 0

// exp(x) = 2^n exp(r) with x = n ln 2 + r, |r| <= (ln 2)/2; exp(r) by the polynomial that comes
// nearest to it, within 4e-9. kLeastExponent <= x <= 110, or NaN.
F::Vec exp_real(F::Vec x) {
  constexpr float kLog2e = 0x1.715476p0f;
  constexpr float kLn2 = 0x1.62e43p-1f, kLn2Rest = -0x1.05c61p-29f;  // n of them matter
  constexpr float kSeries[] = {0x1.123a2p-7f, 0x1.5558f2p-5f, 0x1.555492p-3f, 0x1.fffffcp-2f, 1, 1};
  const F::Vec no_fraction = F::set(0x1.8p23f);  // too large to have one
  const F::Vec n = F::sub(F::fma(x, F::set(kLog2e), no_fraction), no_fraction);
  const F::Vec r = F::fma(n, F::set(-kLn2Rest), F::fma(n, F::set(-kLn2), x));
  F::Vec series = F::set(0x1.6a23dp-10f);
#pragma GCC unroll 6
  for (float c : kSeries) series = F::fma(series, r, F::set(c));
  return F::scale(series, n);
}

// e / (e + 1) with e = exp(x), which is 1 from x = 30 on.
void logistic_f32(int64_t count, const float* in, float* out) {
  const F::Vec least = F::set(kLeastExponent), most = F::set(30), one = F::set(1);
  for_each_vector(count, in, out, [=](F::Vec x) {
    const F::Vec e = exp_real(clamp_real(x, least, most));
    return F::quotient(e, F::add(e, one));
  });
}

// The quotient of two polynomials that comes nearest to tanh: |x| p(x^2) / q(x^2), within 3e-8 up
// to |x| = 9, from where on it is 1.
void tanh_f32(int64_t count, const float* in, float* out) {
  constexpr float kP[] = {0x1.c9a048p-27f, 0x1.59546ep-16f, 0x1.c9f804p-9f, 0x1.120438p-3f, 1};
  constexpr float kQ[] = {0x1.a0b666p-21f, 0x1.584158p-12f, 0x1.a7df02p-6f, 0x1.de5766p-2f, 1};
  const F::Vec one = F::set(1), most = F::set(9);
  for_each_vector(count, in, out, [=](F::Vec x) {
    const F::Vec positive = F::min(most, F::abs(x)), square = F::mul(positive, positive);
    F::Vec p = F::set(kP[0]), q = F::set(kQ[0]);
#pragma GCC unroll 4
    for (int i = 1; i < 5; ++i) {
      p = F::fma(p, square, F::set(kP[i]));
      q = F::fma(q, square, F::set(kQ[i]));
    }
    return F::with_sign(F::min(one, F::quotient(F::mul(positive, p), q)), x);
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

constexpr void fill_real(Kernels& k) {
  k.add_f32 = &plain_f32<&F::add>;
  k.sub_f32 = &plain_f32<&F::sub>;
  k.mul_f32 = &plain_f32<&F::mul>;
  k.maximum_f32 = &extreme_f32<&F::max>;
  k.minimum_f32 = &extreme_f32<&F::min>;
  k.relu_f32 = &relu_f32;
  k.leaky_relu_f32 = &leaky_relu_f32;
  k.prelu_f32 = &prelu_f32;
  k.hard_swish_f32 = &hard_swish_f32;
  k.logistic_f32 = &logistic_f32;
  k.tanh_f32 = &tanh_f32;
  k.floor_f32 = &floor_f32;
  k.dequantize_f16 = &dequantize_f16;
}
