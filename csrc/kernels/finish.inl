// How the sums of a layer become outputs. Included after one of rescale_lifted.inl and
// rescale_rounding.inl, which have Rescale, RescalePositive and RescaleOnce, of sums to which kLift
// was added.

constexpr bool is_rescaled(Finish finish) {
  return finish != Finish::kRequantize && finish != Finish::kDouble;
}

// What sums begin with beside their bias.
constexpr int32_t lift_of(Finish finish) { return is_rescaled(finish) ? kLift : 0; }

// No sum and none of the numbers that it becomes leaves 32 bits.
bool fits_rescale(int64_t greatest_sum, Multiplier k) {
  const int64_t half = k.shift < 0 ? int64_t{1} << (-k.shift - 1) : 0;
  return k.shift <= 0 && greatest_sum + half < INT32_MAX;
}

// What is known of a layer before it runs decides how its sums are finished.
class FinishChooser {
 public:
  FinishChooser(bool is_double, const QuantizedOutput& output)
      : is_double_(is_double), is_clamped_at_zero_(output.act_min == output.out_zero) {}

  // A column's sums are `greatest` at most.
  void add(int64_t greatest, Multiplier k) { all_fit_ = all_fit_ && fits_rescale(greatest, k); }
  Finish choose() const {
    if (is_double_) return Finish::kDouble;
    if (!all_fit_) return Finish::kRequantize;
    return is_clamped_at_zero_ ? Finish::kRescalePositive : Finish::kRescale;
  }

 private:
  bool is_double_, is_clamped_at_zero_, all_fit_ = true;
};

// The words of kLanes lanes; word i lies at words + i * stride. Replaces multipliers and shifts,
// which are words 0 and 1.
void pack_finish(Finish finish, int32_t* words, int32_t stride) {
  if (!is_rescaled(finish)) return;
  make_rescale(finish, V::load(words), V::load(words + stride)).store(words, stride);
}

// clamp(round(x * scale) + out_zero) - out_zero, half away from zero, of the doubles x.
V::Double scale_round(V::Double x, const double* scale, const QuantizedOutput& to) {
  const V::Double y = V::round_away(V::mul(x, V::load(scale)));
  return V::clamp(y, to.act_min - to.out_zero, to.act_max - to.out_zero);
}
V::I32 scale_round(V::I32 x, const double* scale, const QuantizedOutput& to) {
  return V::to_int32(scale_round(V::low_half(x), scale, to),
                     scale_round(V::high_half(x), scale + V::kLanes / 2, to));
}

// Sums become outputs, still of 32 bits and before the zero point is added. Always inline, or the
// sums leave their registers.
template <class Kind, int kRows, int kVectors>
OCTAVO_ALWAYS_INLINE void finish_sums_by(const QuantizedOutput& output, const int32_t* words,
                                         int32_t stride, V::I32 (&sum)[kRows][kVectors]) {
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const Kind finish = Kind::load(words + j * V::kLanes, stride, output);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) sum[i][j] = finish(sum[i][j]);
  }
}
template <int kRows, int kVectors>
OCTAVO_ALWAYS_INLINE void finish_sums(Finish finish, const QuantizedOutput& output,
                                      const int32_t* words, int32_t stride,
                                      V::I32 (&sum)[kRows][kVectors]) {
  switch (finish) {
    case Finish::kRescaleOnce:
      return finish_sums_by<RescaleOnce>(output, words, stride, sum);
    case Finish::kRescalePositive:
      return finish_sums_by<RescalePositive>(output, words, stride, sum);
    case Finish::kRescale:
      return finish_sums_by<Rescale>(output, words, stride, sum);
    case Finish::kRequantize:
      return finish_sums_by<Requantize>(output, words, stride, sum);
    case Finish::kDouble: {
      const auto* scale = reinterpret_cast<const double*>(words);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          sum[i][j] = scale_round(sum[i][j], scale + j * V::kLanes, output);
        }
      }
    }
  }
}
