// The elementwise kernels of float32 over the trait F: reference/binary.h, relu.h, lut.h,
// hard_swish.h, floor.h and quantize.h have their formulas. NaN and infinities go the way they go
// there; what is rounded once has the reference's bits.

// out[i] = function(in[i])
template <class In, class Function>
void map(int64_t count, const In* in, float* out, Function function) {
  int64_t i = 0;
  for (; i + F::kLanes <= count; i += F::kLanes) F::store(function(F::load(in + i)), out + i);
  if (i == count) return;
  F::store_part(function(F::load_part(in + i, count - i)), out + i, count - i);
}

// base/math.h's clamp: NaN stays.
F::Vec clamp_real(F::Vec x, F::Vec low, F::Vec high) { return F::min(high, F::max(low, x)); }

// exp(x) - 1 = 2^n p + (2^n - 1), where x = n ln 2 + r, |r| <= (ln 2)/2, and p = exp(r) - 1 by its
// series, which is cut off where floats do not see it. -110 <= x <= 110, or NaN.
struct ReducedExpm1 {
  F::Vec p;
  F::I32 n;

  explicit ReducedExpm1(F::Vec x) {
    // The product by the first part is not rounded before the difference is.
    constexpr float kLog2e = 0x1.715476p0f, kLn2High = 0x1.62e43p-1f, kLn2Low = -0x1.05c61p-29f;
    constexpr float kTaylor[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f};
    n = F::round_even(F::mul(x, F::set(kLog2e)));
    const F::Vec whole = F::from_int(n);
    F::Vec r = F::fma(whole, F::set(-kLn2High), x);
    r = F::fma(whole, F::set(-kLn2Low), r);
    F::Vec series = F::set(1.0f / 5040);
#pragma GCC unroll 5
    for (float c : kTaylor) series = F::fma(series, r, F::set(c));
    p = F::fma(F::mul(r, r), series, r);
  }
};

// Infinity from FLT_MAX on, 0 below half the least float.
F::Vec exp_real(F::Vec x) {
  const ReducedExpm1 e(clamp_real(x, F::set(-104), F::set(90)));
  return F::scale(F::add(F::set(1), e.p), e.n);
}

void logistic_f32(int64_t count, const float* in, float* out) {
  const F::Vec zero = F::set(0), one = F::set(1);
  map(count, in, out,
      [=](F::Vec x) { return F::div(one, F::add(one, exp_real(F::sub(zero, x)))); });
}

// t / (t + 2) with t = exp(2 |x|) - 1, which is 1 from |x| = 10 on.
void tanh_f32(int64_t count, const float* in, float* out) {
  const F::Vec one = F::set(1), two = F::set(2), most = F::set(10);
  map(count, in, out, [=](F::Vec x) {
    const ReducedExpm1 e(F::mul(two, F::min(most, F::abs(x))));
    const F::Vec power = F::scale(one, e.n);
    const F::Vec t = F::fma(power, e.p, F::sub(power, one));
    return F::with_sign(F::div(t, F::add(t, two)), x);
  });
}

void hard_swish_f32(int64_t count, const float* in, float* out) {
  const F::Vec zero = F::set(0), three = F::set(3), six = F::set(6), sixth = F::set(1.0f / 6);
  map(count, in, out,
      [=](F::Vec x) { return F::mul(F::mul(x, clamp_real(F::add(x, three), zero, six)), sixth); });
}

void floor_f32(int64_t count, const float* in, float* out) {
  map(count, in, out, [](F::Vec x) { return F::floor(x); });
}

void dequantize_f16(int64_t count, const Half* in, float* out) {
  map(count, in, out, [](F::Vec x) { return x; });
}

void relu_f32(const reference::ReluF32Params& p, const float* in, float* out) {
  const F::Vec low = F::set(p.low), high = F::set(p.high);
  map(p.count, in, out, [=](F::Vec x) { return clamp_real(x, low, high); });
}

void leaky_relu_f32(const reference::LeakyReluF32Params& p, const float* in, float* out) {
  const F::Vec zero = F::set(0), alpha = F::set(p.alpha);
  map(p.count, in, out, [=](F::Vec x) { return F::select_above(x, zero, x, F::mul(x, alpha)); });
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
  compute_broadcast<F>(p, a, b, out, kOperation);
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
