// Products of float32 by weights of float16 whose inputs, products and sums are halves, over the
// trait H: an instruction makes twice as many as of floats. Every step of a sum is rounded to 11
// bits, and what reaches 65520 is infinite; biases are added in float32. Included after
// product_f32.inl.

struct FormHalf : FormF16 {
  using Element = Half;
  using Sum = H::Vec;
  using Weights = H::Vec;
  static constexpr bool kIsIdentity = false, kIsOrdered = true;
  static constexpr int kLanes = H::kLanes;
  static constexpr int kPanelVectors = H::kPanelVectors;
  static constexpr const int (&kRows)[kPanelVectors] = H::kRows;
  static constexpr int kVectorBytes = kLanes * kWeightBytes;

  static Element element(const Conversion&, float x, int) { return to_half(x); }
  static void convert(const Conversion&, const float* in, int64_t count, Element* out, int64_t) {
    H::convert(in, count, out);
  }

  using Accumulator = Sum;
  static Accumulator open(const Sum (&sum)[1]) { return sum[0]; }
  static void close(Accumulator x, Sum (&sum)[1]) { sum[0] = x; }

  static Sum zero() { return H::zero(); }
  static Sum add(Sum a, Sum b) { return H::add(a, b); }
  static Weights load_weights(const uint8_t* p) { return H::load(p); }
  static H::Left broadcast(const Element* const* lines, int64_t at) {
    return H::load_element(*lines + at);
  }
  static void dot(Sum& sum, H::Left x, Weights w) { sum = H::fma(sum, x, w); }

  static Sum start(const int32_t*, int) { return zero(); }
  template <int kTileRows, int kVectors>
  static void finish(const Panel<FormHalf>& panel, int32_t first, int32_t rows,
                     Sum (&sum)[kTileRows][kVectors]) {
    auto* out = panel.template out<float>(first);
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i, out += panel.args.out_stride) {
      if (i == rows) return;
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) {
        store_sums(panel, H::widen<0>(sum[i][j]), j * kLanes, out);
        store_sums(panel, H::widen<1>(sum[i][j]), j * kLanes + F::kLanes, out);
      }
    }
  }

 private:
  // Those of the columns from `column` on.
  static void store_sums(const Panel<FormHalf>& panel, F::Vec sum, int32_t column, float* out) {
    if (column >= panel.used) return;
    const auto* bias = reinterpret_cast<const float*>(panel.words());
    const F::Vec low = F::set(panel.output.low), high = F::set(panel.output.high);
    const F::Vec y = F::add(sum, F::load(bias + column));
    store_channels(clamp_real(y, low, high), out + column, out + panel.used);
  }
};

// Depthwise convolutions, few products to a sum, are those of floats.
constexpr Product kProductHalf = {4, 4, kGemm<FormHalf>, kDepthwise<FormF16>, {nullptr}, 0x1p-11f};
