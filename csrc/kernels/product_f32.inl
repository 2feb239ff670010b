// Products of float32 by weights of float32 or float16, over the vector trait F. Halves become
// floats as they are loaded.

template <class Weight>
struct FormFloat : SameElements<float> {
  using Out = float;
  using Sum = F::Vec;
  using Weights = F::Vec;
  static constexpr bool kIsOrdered = true;
  static constexpr int kDepth = 1, kLanes = F::kLanes;
  static constexpr int32_t kMostTerms = 1 << 24;
  static constexpr int kPanelVectors = F::kPanelVectors;
  static constexpr const int (&kRows)[kPanelVectors] = F::kRows;
  static constexpr int kVectorBytes = kLanes * static_cast<int>(sizeof(Weight));

  static constexpr int kTogether = 1;
  using Accumulator = Sum;
  static Accumulator open(const Sum (&sum)[1]) { return sum[0]; }
  static void close(Accumulator x, Sum (&sum)[1]) { sum[0] = x; }

  static Sum zero() { return F::set(0); }
  static Sum add(Sum a, Sum b) { return F::add(a, b); }
  static Weights load_weights(const uint8_t* p) {
    return F::load(reinterpret_cast<const Weight*>(p));
  }
  static Weights load_elements(const Element* p, int32_t count) {
    return count == kLanes ? F::load(p) : F::load_part(p, count);
  }
  static Weights broadcast(const Element* const* lines, int64_t at) { return F::set((*lines)[at]); }
  static void dot(Sum& sum, Weights x, Weights w) { sum = F::fma(x, w, sum); }

  static constexpr int kColumnWords = 1;  // the bias
  using Header = FloatOutput;
  static Header make_header(const GemmColumns& c) { return c.epilogue.float_output; }
  static void pack_column(const GemmColumns& c, const Header&, int32_t column, int32_t,
                          int32_t* words, int32_t, int32_t j) {
    const auto* bias = static_cast<const float*>(c.epilogue.bias);
    reinterpret_cast<float*>(words)[j] = bias != nullptr ? bias[column] : 0;
  }
  static void pack_lanes(const Header&, int32_t*, int32_t) {}
  static constexpr int kWeightBytes = sizeof(Weight);
  static void pack_weight(const FileWeights& weights, int64_t i, bool, uint8_t* to, int64_t at) {
    if constexpr (std::is_same_v<Weight, float>) {
      reinterpret_cast<float*>(to)[at] = weights.real(i);
    } else {
      reinterpret_cast<Weight*>(to)[at] = static_cast<const Weight*>(weights.data)[i];
    }
  }

  using Output = FloatOutput;  // vectors of it would take registers from the sums
  static Output make_output(const Header& header) { return header; }

  static Sum start(const int32_t* words, int) {
    return F::load(reinterpret_cast<const float*>(words));
  }
  template <int kTileRows, int kVectors>
  OCTAVO_ALWAYS_INLINE static void finish(const Panel<FormFloat>& panel, int32_t first,
                                          int32_t rows, Sum (&sum)[kTileRows][kVectors]) {
    auto* out = panel.template out<float>(first);
    const int64_t stride = panel.args.out_stride;
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
      if (i < rows) store_row(panel.output, sum[i], out + i * stride, panel.used);
    }
  }

  // Depthwise, where channels give several each.
  static constexpr int kBlock = 2 * kLanes;
  static constexpr bool kKeepsLines = false;
  static int32_t channel_at(int32_t i) { return i; }
  static void interleave(const Element* const (&tap)[1], Weights (&x)[2]) {
    x[0] = F::load(tap[0]);
    x[1] = F::load(tap[0] + kLanes);
  }
  template <int kPlaces>
  OCTAVO_ALWAYS_INLINE static void finish_block(const Header&, const Output& output, const int32_t*,
                                                const Sum (&sum)[kPlaces][2],
                                                Out* const (&out)[kPlaces],
                                                const int32_t (&count)[kPlaces]) {
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) {
      if (count[i] > kLanes) {
        store_row(output, sum[i], out[i], count[i]);
      } else if (count[i] > 0) {
        store_row(output, {sum[i][0]}, out[i], count[i]);
      }
    }
  }

 private:
  // `count` is more than all vectors but the last have.
  template <int kVectors>
  static void store_row(const Output& output, const Sum (&sum)[kVectors], float* out,
                        int32_t count) {
    constexpr int kLast = kVectors - 1;
    const F::Vec low = F::set(output.low), high = F::set(output.high);
#pragma GCC unroll 8
    for (int j = 0; j < kLast; ++j) F::store(clamp_real(sum[j], low, high), out + j * kLanes);
    store_channels(clamp_real(sum[kLast], low, high), out + kLast * kLanes, out + count);
  }
};

using FormF16 = FormFloat<Half>;
using FormF32 = FormFloat<float>;

// Widening halves at every load takes a third as long as the products. A panel that more tiles than
// two read is widened once, in the workspace.
constexpr int32_t kFewRows = 2 * F::kRows[F::kPanelVectors - 1];

int64_t wide_bytes(int32_t rows, int32_t taps, int32_t depth) {
  return rows <= kFewRows ? 0 : panel_bytes<FormF32>(kPanelWidth<FormF32>, int64_t{taps} * depth);
}

void run_f16(const GemmArgs& a) {
  if (a.rows <= kFewRows || a.workspace == nullptr) return run<FormF16>(a);
  auto* wide = static_cast<float*>(a.workspace);
  for_each_panel<FormF16>(a, [&](const Panel<FormF16>& panel) {
    const int64_t count = int64_t{a.taps} * panel.steps * panel.width;
    const auto* halves = reinterpret_cast<const Half*>(panel.weights());
    memcpy(wide, panel.words(), static_cast<size_t>(panel.width) * sizeof(float));
    for (int64_t i = 0; i < count; i += F::kLanes) {
      F::store(F::load(halves + i), wide + panel.width + i);
    }
    multiply_panel<FormF32, F::kPanelVectors>(
        {a, panel.header, panel.output, panel.steps, panel.first, panel.used, panel.width,
         static_cast<const uint8_t*>(a.workspace), panel.next});
  });
}

constexpr GemmKernel kGemmF16 = {kImage<FormF16>,      FormF16::kMostTerms,
                                 kPanelWidth<FormF16>, &packed_bytes<FormF16>,
                                 &pack<FormF16>,       &run_f16,
                                 &wide_bytes};
constexpr Product kProductF16 = {4, 4, kGemmF16, kDepthwise<FormF16>, kDirectDepthwise<FormF16>};
constexpr Product kProductF32 = {4, 4, kGemm<FormF32>, kDepthwise<FormF32>,
                                 kDirectDepthwise<FormF32>};
