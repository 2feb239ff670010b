// ADD, SUB and MUL of int8 over a vector trait V; reference/binary.h has their formulas. Included
// after gemm.inl, whose requantize it uses.

V::I32 requantize(V::I32 x, Multiplier k) { return requantize(x, V::set(k.m), V::set(k.shift)); }

// One operand of a row: its elements, or one that repeats.
struct Operand {
  const int8_t* data;
  bool repeats;
  V::I32 zero;

  V::I32 at(int64_t i, int32_t lanes) const {
    const V::I32 x = repeats ? V::set(*data) : V::load_s8(data + i, lanes);
    return V::sub(x, zero);
  }
};

// out = clamp(compute(a - a_zero, b - b_zero) + out_zero)
template <class Params, class Compute>
void binary_s8(const Params& p, const int8_t* a, const int8_t* b, int8_t* out, Compute compute) {
  const V::I32 out_zero = V::set(p.out_zero), low = V::set(p.act_min), high = V::set(p.act_max);
  const V::I32 a_zero = V::set(p.a_zero), b_zero = V::set(p.b_zero);
  reference::for_each_row(
      p.broadcast, a, b, out,
      [&](int64_t n, const int8_t* x, int64_t x_stride, const int8_t* y, int64_t y_stride,
          int8_t* to) {
        const Operand first = {x, x_stride == 0, a_zero}, second = {y, y_stride == 0, b_zero};
        for (int64_t i = 0; i < n; i += V::kLanes) {
          const auto lanes = static_cast<int32_t>(n - i < V::kLanes ? n - i : V::kLanes);
          const V::I32 z = compute(first.at(i, lanes), second.at(i, lanes));
          V::store_s8(V::min(V::max(V::add(z, out_zero), low), high), to + i, lanes);
        }
      });
}

template <bool kSubtract>
void scaled_sum_s8(const reference::ScaledSumParams& p, const int8_t* a, const int8_t* b,
                   int8_t* out) {
  const V::I32 left = V::set(p.left_shift);
  binary_s8(p, a, b, out, [&](V::I32 x, V::I32 y) {
    x = requantize(V::shift_left(x, left), p.a_scale);
    y = requantize(V::shift_left(y, left), p.b_scale);
    return requantize(kSubtract ? V::sub(x, y) : V::add(x, y), p.out_scale);
  });
}

void mul_s8(const reference::ScaledProductParams& p, const int8_t* a, const int8_t* b,
            int8_t* out) {
  binary_s8(p, a, b, out,
            [&](V::I32 x, V::I32 y) { return requantize(V::mul(x, y), p.multiplier); });
}
