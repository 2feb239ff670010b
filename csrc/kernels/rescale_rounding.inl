// Requantization where an instruction is srdhm and another rounds what it shifts right, ties up:
// by V::rescale and its kin. Included between requantize.inl and finish.inl.

constexpr int kFinishWords = 4;  // doubles have as many
constexpr int32_t kLift = 0;     // sums are multiplied as they are

// For multipliers below 1; shift <= 0.
struct Rescale {
  V::I32 m, shift;

  V::I32 operator()(V::I32 x) const { return V::rescale(x, m, shift); }
  static Rescale load(const int32_t* words, int32_t stride, const QuantizedOutput&) {
    return {V::load(words), V::load(words + stride)};
  }
  void store(int32_t* words, int32_t stride) const {
    V::store(m, words);
    V::store(shift, words + stride);
  }
};

// Where outputs are clamped to the zero point from below, ties of negative numbers are of no
// matter.
struct RescalePositive {
  V::I32 m, shift;

  V::I32 operator()(V::I32 x) const { return V::rescale_up(x, m, shift); }
  static RescalePositive load(const int32_t* words, int32_t stride, const QuantizedOutput&) {
    return {V::load(words), V::load(words + stride)};
  }
};

// m: 2^16 times a multiplier of 15 bits.
struct RescaleOnce {
  V::I32 m, shift;

  V::I32 operator()(V::I32 x) const { return V::rescale_once(x, m, shift); }
  static RescaleOnce load(const int32_t* words, int32_t stride, const QuantizedOutput&) {
    return {V::load(words), V::load(words + stride)};
  }
};

Rescale make_rescale(Finish finish, V::I32 multiplier, V::I32 shift) {
  if (finish != Finish::kRescaleOnce) return {multiplier, shift};
  return {V::shift_left(narrow_multipliers(multiplier), V::set(16)), shift};
}
