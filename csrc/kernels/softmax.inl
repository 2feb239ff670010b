// SOFTMAX of 8 bits over the traits V and B; reference/softmax.h has its steps. An output depends
// on how far its input is from the row's greatest alone, which has 256 values: a row is a table of
// them and lookups.

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
