// The kernel of thresholds.h over the trait B.

struct BelowThreshold {
  B::Table least;
  B::Vec last;
  explicit BelowThreshold(const Threshold& t)
      : least(B::load_table(t.least)), last(B::set8(t.last)) {}

  // -1 or 0, of a as it is stored and both as int8.
  B::Vec operator()(B::Vec stored, B::Vec a, B::Vec b) const {
    return B::max_u8(B::less8(b, B::look_up(least, stored)), B::less8(last, a));
  }
};

template <int kCount>
void compare_with_thresholds(const ThresholdParams& p, const uint8_t* a, const uint8_t* b,
                             uint8_t* out) {
  const BelowThreshold first(p.threshold[0]), second(p.threshold[kCount - 1]);
  const B::Vec flip = B::set8(static_cast<int32_t>(p.flip)), one = B::set8(1);
  const B::Vec negation = B::set8(p.is_negated ? 1 : 0);
  for_each_vector(p.broadcast, a, b, out, [&](B::Vec x, B::Vec y) {
    const B::Vec i = B::bit_xor(x, flip), j = B::bit_xor(y, flip);
    B::Vec below = first(x, i, j);
    if (kCount == 2) below = B::bit_xor(below, second(x, i, j));
    return B::bit_xor(B::bit_and(below, one), negation);
  });
}

void compare_thresholds_8(const ThresholdParams& p, const uint8_t* a, const uint8_t* b,
                          uint8_t* out) {
  if (p.count == 1) return compare_with_thresholds<1>(p, a, b, out);
  compare_with_thresholds<2>(p, a, b, out);
}
