// SOFTMAX of 8 and 16 bits over the traits V and B; reference/softmax.h has its steps. An output of
// 8 bits depends on how far its input is from the row's greatest alone, which has 256 values: a row
// is a table of them and lookups.

// The output for each distance from the row's greatest.
template <class T>
void tabulate_quotients(const reference::SoftmaxQuotient& quotient, const int32_t* exponentials,
                        uint8_t* lut) {
  const V::I32 factor = V::set(quotient.factor), right = V::set(quotient.right);
  const V::Output to = V::make_output({-128, -128, 127, kFlipOf<T>});
  const auto output = [&](const int32_t* e) {
    return V::rdbp(V::srdhm(factor, V::load(e)), right);
  };
  for (int32_t i = 0; i < reference::kSoftmaxSteps; i += B::kSize) {
    const int32_t* e = exponentials + i;
    const V::I32 a = output(e), b = output(e + V::kLanes);
    const V::I32 c = output(e + 2 * V::kLanes), d = output(e + 3 * V::kLanes);
    B::store(B::in_order(V::finish(a, b, c, d, to)), lut + i);
  }
}

template <class T, auto kReference>
void softmax(const reference::Softmax8Params& p, const T* in, T* out) {
  const int32_t depth = p.shape.depth;
  if (depth < B::kSize) return kReference(p, in, out);
  const B::Vec flip = B::set8(static_cast<int32_t>(kFlipOf<T>));
  for (int64_t row = 0; row < p.shape.rows; ++row, in += depth, out += depth) {
    const int32_t most = greatest_of_row(in, depth, flip) + static_cast<int32_t>(kFlipOf<T>);
    const int32_t* terms = p.terms + most;
    int64_t sum = 0;
    for (int32_t i = 0; i < depth; ++i) sum += terms[-in[i]];
    uint8_t lut[reference::kSoftmaxSteps];
    tabulate_quotients<T>(reference::softmax_quotient(sum, 8), p.exponentials, lut);
    const B::Table table = B::load_table(lut);
    const B::Vec greatest = B::set8(most);
    int32_t i = 0;
    for (; i + B::kSize <= depth; i += B::kSize) {
      B::store(B::look_up(table, B::sub8(greatest, B::load(in + i))), out + i);
    }
    for (; i < depth; ++i) out[i] = static_cast<T>(lut[most - in[i]]);
  }
}

// The sum of a row's exponentials is to stay an int32.
constexpr int32_t kLongestSoftmax = 1 << 16;

void softmax_s16(const reference::Softmax16Params& p, const int16_t* in, int16_t* out) {
  using L = Lanes<int16_t>;
  const int32_t depth = p.shape.depth;
  if (depth < L::kLanes || depth > kLongestSoftmax) return reference::softmax_s16(p, in, out);
  const auto to = output_of<int16_t>(0), to_quotient = output_of<int16_t>(0, 0, INT16_MAX);
  const V::I32 low = V::set(INT16_MIN), high = V::set(INT16_MAX), right = V::set(16);
  const V::I32 multiplier = V::set(p.to_exponent.m), shift = V::set(p.to_exponent.shift);
  for (int64_t row = 0; row < p.shape.rows; ++row, in += depth, out += depth) {
    const Centre from_greatest = centre_of<int16_t>(greatest_of_row(in, depth, L::flip()));
    for_each_vector(depth, in, out, [&](B::Vec elements) {
      return by_parts<int16_t>(
          to,
          [&](V::I32 x) {
            const V::I32 y = V::add(requantize(from_greatest(x), multiplier, shift), high);
            return lookup_16(p.exp_lut, V::min(V::max(y, low), high));
          },
          elements);
    });
    const auto quotient = reference::softmax_quotient_16(sum_of_row(out, depth), p.reciprocal_lut);
    const V::I32 factor = V::set(quotient.factor), bits = V::set(quotient.right);
    const V::I32 half = V::set(1 << (quotient.right - 1));
    for_each_vector(depth, out, out, [&](B::Vec elements) {
      return by_parts<int16_t>(
          to_quotient,
          [&](V::I32 x) {
            const V::I32 y = B::dot16(V::shift_right_logical(x, right), factor);
            return V::shift_right(V::add(y, half), bits);
          },
          elements);
    });
  }
}
