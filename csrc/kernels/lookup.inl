// The lookups of reference/lut.h over the traits V and B.

void lookup_8(int64_t count, const uint8_t* lut, const uint8_t* in, uint8_t* out) {
  if (count < 2 * B::kSize) return reference::lookup_8(count, lut, in, out);
  const B::Table table = B::load_table(lut);
  int64_t i = 0;
  for (; i + B::kSize <= count; i += B::kSize)
    B::store(B::look_up(table, B::load(in + i)), out + i);
  reference::lookup_8(count - i, lut, in + i, out + i);
}

// lookup_16, of int32 in the range of int16.
V::I32 lookup_16(const int16_t* lut, V::I32 x) {
  const V::I32 pair = B::gather_pairs(lut + 256, V::shift_right(x, V::set(7)));
  const V::I32 half = V::set(16), fraction = B::bit_and(x, V::set(127));
  const V::I32 here = V::shift_right(V::shift_left(pair, half), half);
  const V::I32 slope = V::sub(V::shift_right(pair, half), here);
  const V::I32 step = V::add(B::dot16(slope, fraction), V::set(64));
  return V::add(here, V::shift_right(step, V::set(7)));
}

// What of the function of a magnitude, which has 16 + kStepBits bits, becomes the output's: with s
// the sign of x, ((y - kMiddle) ^ s) + (kOne & s), rounded to kShift bits less.
struct Logistic {
  static constexpr int kStepBits = 9, kShift = 10;
  static constexpr int32_t kMiddle = 0, kOne = 1 << 25;  // logistic(-x) = 1 - logistic(x)
};
struct Tanh {
  static constexpr int kStepBits = 8, kShift = 8;
  static constexpr int32_t kMiddle = 1 << 23, kOne = 0;
};

template <class Function, auto kReference>
void sigmoid_s16(const reference::SigmoidParams& p, int64_t count, const int16_t* in,
                 int16_t* out) {
  constexpr int kStepBits = Function::kStepBits;
  // Inputs in steps: no int32 holds those of greater multipliers, but they saturate from 1 on.
  constexpr int32_t kStepsEnd = (reference::kSigmoidLutSize - 1) << kStepBits;
  const bool is_steep = p.multiplier > INT16_MAX;
  if (is_steep && p.right > 0) return kReference(p, count, in, out);
  const Centre centre = centre_of<int16_t>(0);
  const V::I32 most = V::set(is_steep ? (1 << 30) / kStepsEnd : INT16_MAX + 1);
  const V::I32 least = V::sub(V::set(0), most);
  const V::I32 multiplier = V::set(min(p.multiplier, kStepsEnd));
  const V::I32 nudge = V::set(p.right > 0 ? 1 << (p.right - 1) : 0), right = V::set(p.right);
  // Within the last step the outputs are those of its end.
  const V::I32 last = V::set(kStepsEnd - 1), rest_bits = V::set((1 << kStepBits) - 1);
  const V::I32 step_bits = V::set(kStepBits), sign = V::set(31), half = V::set(16);
  const V::I32 low_half = V::set(0xffff), middle = V::set(Function::kMiddle);
  const V::I32 one = V::set(Function::kOne), shift = V::set(Function::kShift);
  const V::I32 rounding = V::set(1 << (Function::kShift - 1));
  const auto to = output_of<int16_t>(0);
  for_each_vector(count, in, out, [&](B::Vec elements) {
    return by_parts<int16_t>(
        to,
        [&](V::I32 x) {
          x = V::mul(V::min(V::max(centre(x), least), most), multiplier);
          x = V::shift_right(V::add(x, nudge), right);
          const V::I32 s = V::shift_right(x, sign);
          const V::I32 magnitude = V::min(LanesOf<4>::abs(x), last);
          const V::I32 pair = B::gather_pairs(p.lut, V::shift_right_logical(magnitude, step_bits));
          const V::I32 here = B::bit_and(pair, low_half);
          const V::I32 slope = V::sub(V::shift_right_logical(pair, half), here);
          const V::I32 rise = B::dot16(B::bit_and(magnitude, rest_bits), slope);
          const V::I32 y = V::sub(V::add(V::shift_left(here, step_bits), rise), middle);
          const V::I32 mirrored = V::add(B::bit_xor(y, s), B::bit_and(one, s));
          return V::shift_right(V::add(mirrored, rounding), shift);
        },
        elements);
  });
}
