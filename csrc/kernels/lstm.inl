// The steps of the integer LSTM over the traits V and B: reference/lstm.h, whose functions of int16
// are those of base/fixed_exp.h, here in lanes of 16 bits.

// exp(x) for x in [-1/4, 0): base/fixed_exp.cc's exp_of_quarter. No power of t is negative but the
// third, which is less than the second.
B::Vec exp_of_quarter16(B::Vec x) {
  const B::Vec exp_of_centre = B::set16(fixed_constant<int16_t>(kExpOfMinusEighth));
  const B::Vec third = B::set16(fixed_constant<int16_t>(kThird));
  const B::Vec t = B::add16(x, B::set16(1 << 12));
  const B::Vec t2 = B::mul_round16(t, t);
  const B::Vec t3 = B::mul_round16(t2, t);
  const B::Vec t4 = B::mul_round16(t2, t2);
  const B::Vec quarter = B::shift_right16(B::add16(t4, B::set16(2)), 2);
  const B::Vec tail = B::add16(B::mul_round16(B::add16(quarter, t3), third), t2);
  const B::Vec half = B::shift_right16(B::add16(tail, B::set16(1)), 1);
  return B::add_saturating16(exp_of_centre, B::mul_round16(exp_of_centre, B::add16(t, half)));
}

// exp(x) for x <= 0 of so many integer bits, 7 at most.
B::Vec exp_of_negative16(B::Vec x, int integer_bits) {
  const int quarter_bit = 13 - integer_bits;
  const B::Vec quarter = B::set16(1 << quarter_bit), zero = B::set16(0);
  const B::Vec fraction = B::sub16(B::bit_and(x, B::sub16(quarter, B::set16(1))), quarter);
  const B::Vec whole = B::sub16(fraction, x);
  B::Vec y = exp_of_quarter16(B::shift_left16(fraction, integer_bits));
  for (int i = 0; i < min(integer_bits, kMostExpBits) + 2; ++i) {
    const B::Vec is_set = B::sign16(B::shift_left16(whole, 15 - quarter_bit - i));
    const B::Vec factor = B::set16(fixed_constant<int16_t>(kExpFactors[i]));
    y = B::select(is_set, B::mul_round16(y, factor), y);
  }
  if (integer_bits > kMostExpBits) {
    const B::Vec least = B::set16(-(128 << quarter_bit));
    y = B::select(B::equal16(B::max16(x, least), x), y, zero);
  }
  return B::select(B::equal16(x, zero), B::set16(INT16_MAX), y);
}

// 2 / (1 + x) for x in [0, 1), of two integer bits.
B::Vec reciprocal_of_half16(B::Vec x) {
  const B::Vec one = B::set16(1 << 13);
  const B::Vec d = B::add16(B::shift_right16(x, 1), B::set16(1 << 14));
  const B::Vec slope = B::set16(fixed_constant<int16_t>(-k32Over17));
  B::Vec r = B::add16(B::set16(fixed_constant<int16_t>(k48Over17)), B::mul_round16(d, slope));
#pragma GCC unroll 3
  for (int i = 0; i < 3; ++i) {
    const B::Vec correction = B::mul_round16(r, B::sub16(one, B::mul_round16(d, r)));
    r = B::add16(r, B::shift_left16(correction, 2));
  }
  return r;
}

B::Vec negative_magnitude16(B::Vec x) { return B::min16(x, B::sub16(B::set16(0), x)); }

void lstm_logistic_s16(int64_t count, int16_t* x) {
  const B::Vec zero = B::set16(0), one = B::set16(INT16_MAX), half = B::set16(1 << 14);
  for_each_vector(count, x, x, [=](B::Vec v) {
    const B::Vec r = reciprocal_of_half16(exp_of_negative16(negative_magnitude16(v), 3));
    const B::Vec y = B::add_saturating16(r, r);
    const B::Vec mirrored = B::select(B::sign16(v), B::sub16(one, y), y);
    return B::select(B::equal16(v, zero), half, mirrored);
  });
}

void lstm_tanh_s16(int64_t count, int integer_bits, const int16_t* in, int16_t* out) {
  const B::Vec zero = B::set16(0), one = B::set16(1 << 13);
  for_each_vector(count, in, out, [=](B::Vec v) {
    const B::Vec e = exp_of_negative16(negative_magnitude16(v), integer_bits + 1);
    const B::Vec half = B::sub16(reciprocal_of_half16(e), one);
    const B::Vec twice = B::add_saturating16(half, half);
    const B::Vec y = B::add_saturating16(twice, twice), sign = B::sign16(v);
    const B::Vec mirrored = B::sub16(B::bit_xor(y, sign), sign);
    return B::select(B::equal16(v, zero), zero, mirrored);
  });
}

// A vector of the `count` elements at p, or what there is of one, with zeros; count may be
// negative.
template <class T>
B::Vec load_rest(const T* p, int64_t count) {
  using L = Lanes<T>;
  if (count >= L::kLanes) return L::load(p);
  return count > 0 ? L::load_part(p, count) : B::set8(0);
}
template <class T>
void store_rest(B::Vec x, T* p, int64_t count) {
  using L = Lanes<T>;
  if (count >= L::kLanes) return L::store(x, p);
  if (count > 0) L::store_part(x, p, count);
}

// As many int32 as a vector has int16, requantized, in their order.
Parts<int16_t> requantize_rest(const int32_t* p, int64_t count, Multiplier k) {
  const V::I32 m = V::set(k.m), shift = V::set(k.shift);
  return {{requantize(load_rest(p, count), m, shift),
           requantize(load_rest(p + V::kLanes, count - V::kLanes), m, shift)}};
}

// The products of two vectors of int16, as finish() takes them.
Parts<int16_t> products16(B::Vec a, B::Vec b) {
  const B::Vec low = B::mul16(a, b), high = B::mul_high16(a, b);
  return {{B::low16(low, high), B::high16(low, high)}};
}

// sat16(x + y) of x that may be any int32 and y in the range of int16: beyond twice that range x
// alone decides.
V::I32 add_bounded(V::I32 x, V::I32 y) {
  const V::I32 most = V::set(1 << 17), least = V::set(-(1 << 17));
  return V::add(V::min(V::max(x, least), most), y);
}

void lstm_gate_s16(const reference::LstmGateS16& g, int32_t cells, int16_t* out) {
  using L = Lanes<int16_t>;
  const V::I32 low = V::set(INT16_MIN), high = V::set(INT16_MAX);
  const V::I32 peephole_m = V::set(g.peephole_scale.m);
  const V::I32 peephole_shift = V::set(g.peephole_scale.shift);
  const Centre centre = centre_of<int16_t>(0);
  for (int32_t i = 0; i < cells; i += L::kLanes) {
    const int32_t rest = cells - i;
    Parts<int16_t> x = requantize_rest(g.input + i, rest, g.input_scale);
    const Parts<int16_t> y = requantize_rest(g.recurrent + i, rest, g.recurrent_scale);
    for (int k = 0; k < L::kParts; ++k) {
      x.v[k] = add_bounded(y.v[k], V::min(V::max(x.v[k], low), high));
    }
    B::Vec sum = L::in_order(L::narrow(x.v[0], x.v[1]));
    if (g.peephole != nullptr) {
      Parts<int16_t> p = products16(load_rest(g.peephole + i, rest), load_rest(g.cell + i, rest));
      const Parts<int16_t> z = widen<int16_t>(sum);
      for (int k = 0; k < L::kParts; ++k) {
        p.v[k] = add_bounded(requantize(p.v[k], peephole_m, peephole_shift), centre(z.v[k]));
      }
      sum = L::narrow(p.v[0], p.v[1]);
    }
    store_rest(sum, out + i, rest);
  }
}

// One vector of int32's elements.
struct LstmNorm {
  static constexpr int kBits = reference::kLstmNormBits;
  V::I32 mean, inverse_m, inverse_shift, m, shift;

  void operator()(const int16_t* weights, const int32_t* bias, int16_t* x) const {
    const V::I32 y = V::sub(V::shift_left(B::widen(x), V::set(kBits)), mean);
    const V::I32 z = V::mul(requantize(y, inverse_m, inverse_shift), B::widen(weights));
    const V::I32 sum = V::add(z, V::load(bias)), sign = LanesOf<4>::sign(sum);
    // Half away from zero, of magnitudes, which may be 2^31.
    const V::I32 magnitude = V::add(LanesOf<4>::abs(sum), V::set(1 << (kBits - 1)));
    const V::I32 rounded = V::shift_right_logical(magnitude, V::set(kBits));
    const V::I32 signed_sum = V::sub(B::bit_xor(rounded, sign), sign);
    const V::I32 out = requantize(signed_sum, m, shift);
    int32_t words[V::kLanes];
    V::store(V::min(V::max(out, V::set(INT16_MIN)), V::set(INT16_MAX)), words);
    for (int i = 0; i < V::kLanes; ++i) x[i] = static_cast<int16_t>(words[i]);
  }
};

void lstm_norm_s16(const reference::LstmNormS16& p, int32_t cells, int16_t* x) {
  const reference::LstmStatistics of = reference::lstm_statistics(p, cells, x);
  const LstmNorm norm = {V::set(of.mean), V::set(of.inverse.m), V::set(of.inverse.shift),
                         V::set(p.scale.m), V::set(p.scale.shift)};
  int32_t i = 0;
  for (; i + V::kLanes <= cells; i += V::kLanes) norm(p.norm + i, p.bias + i, x + i);
  int16_t weights[V::kLanes] = {}, elements[V::kLanes] = {};
  int32_t bias[V::kLanes] = {};
  const auto rest = static_cast<size_t>(cells - i);
  memcpy(weights, p.norm + i, rest * sizeof(int16_t));
  memcpy(bias, p.bias + i, rest * sizeof(int32_t));
  memcpy(elements, x + i, rest * sizeof(int16_t));
  norm(weights, bias, elements);
  memcpy(x + i, elements, rest * sizeof(int16_t));
}

void lstm_cell_s16(int64_t count, const int16_t* input, const int16_t* forget,
                   const int16_t* update, int cell_exponent, int16_t clip, int16_t* cell) {
  using L = Lanes<int16_t>;
  const B::Vec one = B::set16(INT16_MAX);
  const B::Vec high = B::set16(clip > 0 ? clip : INT16_MAX);
  const B::Vec low = B::set16(clip > 0 ? -clip : INT16_MIN);
  const V::I32 kept_bits = V::set(15), added_bits = V::set(30 + cell_exponent);
  const auto product = [](B::Vec a, B::Vec b, V::I32 bits) {
    const Parts<int16_t> p = products16(a, b);
    return L::narrow(V::rdbp(p.v[0], bits), V::rdbp(p.v[1], bits));
  };
  for (int64_t i = 0; i < count; i += L::kLanes) {
    const int64_t rest = count - i;
    const B::Vec kept = load_rest(forget + i, rest);
    const B::Vec in = input != nullptr ? load_rest(input + i, rest) : B::sub16(one, kept);
    const B::Vec sum = B::add_saturating16(product(kept, load_rest(cell + i, rest), kept_bits),
                                           product(in, load_rest(update + i, rest), added_bits));
    store_rest(B::min16(B::max16(sum, low), high), cell + i, rest);
  }
}

void lstm_hidden_s8(int64_t count, const int16_t* a, const int16_t* b, Multiplier scale,
                    int32_t zero_point, int8_t* out) {
  constexpr int64_t kHalf = Lanes<int16_t>::kLanes;
  const V::I32 m = V::set(scale.m), shift = V::set(scale.shift), zero = V::set(zero_point);
  const V::Output to = V::make_output({0, INT8_MIN, INT8_MAX, Flip::kNo});
  for (int64_t i = 0; i < count; i += 2 * kHalf) {
    V::I32 y[4];
    for (int h = 0; h < 2; ++h) {
      const int64_t at = i + h * kHalf, rest = count - at;
      const Parts<int16_t> p = products16(load_rest(a + at, rest), load_rest(b + at, rest));
      for (int k = 0; k < 2; ++k) y[2 * h + k] = V::add(requantize(p.v[k], m, shift), zero);
    }
    // narrow32 has put halves back where they came from.
    store_rest(B::in_order16(V::finish(y[0], y[1], y[2], y[3], to)), out + i, count - i);
  }
}

void lstm_projection_s8(int64_t count, const int32_t* sums, Multiplier scale, int32_t zero_point,
                        int8_t clip, int8_t* out) {
  const V::I32 m = V::set(scale.m), shift = V::set(scale.shift), zero = V::set(zero_point);
  const int32_t most = clip > 0 ? clip : INT8_MAX, least = clip > 0 ? -clip : INT8_MIN;
  const V::Output to = V::make_output({0, least, most, Flip::kNo});
  for (int64_t i = 0; i < count; i += B::kSize) {
    V::I32 y[4];
    for (int k = 0; k < 4; ++k) {
      const int64_t at = i + k * V::kLanes;
      y[k] = V::add(requantize(load_rest(sums + at, count - at), m, shift), zero);
    }
    store_rest(B::in_order(V::finish(y[0], y[1], y[2], y[3], to)), out + i, count - i);
  }
}
