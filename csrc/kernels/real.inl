// The elementwise kernels of float32 over the trait F, but for functions of one number:
// reference/binary.h, divide.h, pairwise.h, relu.h and quantize.h have their formulas. NaN and
// infinities go the way they go there; what is rounded once has the reference's bits.

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
  k.dequantize_f16 = &dequantize_f16;
}
