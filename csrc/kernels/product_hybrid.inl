// Products of float32, quantized to int8 as it is converted, by int8 or int4 weights, to float32
// ("hybrid"), by dot-product instructions over the vector traits V and F. The input's zero point
// and scale are known only when a product runs: the sums of a column's weights are packed with it.

// int4 in the upper half of bytes, whose lower half is 0: sums are 16 times as great.
struct Int4 : V {
  struct Weights {
    V::Weights first, second;
  };
  struct Left {
    V::Left first, second;
  };
  static constexpr int kLift = 4;  // bits
  static constexpr int32_t kMostTerms = 1 << 16;
  static constexpr int kDepth = 2 * V::kDepth;
  static constexpr int kVectorBytes = V::kVectorBytes;
  // Fewer rows than int8: each vector of a step is two.
  static constexpr const int (&kRows)[V::kPanelVectors] = V::kRowsOfPairs;

  static Weights load_weights(const uint8_t* p) {
    Weights w;
    V::load_nibbles(p, w.first, w.second);
    return w;
  }
  static Left broadcast(const Element* const* lines, int64_t at) {
    return {V::broadcast(lines, at), V::broadcast(lines, at + V::kDepth)};
  }
  static void dot(Accumulator& sum, const Left& x, const Weights& w) {
    V::dot(sum, x.first, w.first);
    V::dot(sum, x.second, w.second);
  }
  // The first half of a step's rows lies in the lower halves of bytes.
  static constexpr int kWeightBytes = 0;
  static void pack_weight(const FileWeights& weights, int64_t i, bool, uint8_t* to, int64_t at) {
    const int64_t row = at % kDepth;
    const int shift = row < V::kDepth ? 0 : 4;
    uint8_t& byte = to[at / kDepth * V::kDepth + row % V::kDepth];
    byte = static_cast<uint8_t>(byte | (weights.centred(i) & 15) << shift);
  }
};

struct Int8 : V {
  static constexpr int kLift = 0;
  static constexpr int32_t kMostTerms = 1 << 24;
  static constexpr int kWeightBytes = 1;
  static void pack_weight(const FileWeights& weights, int64_t i, bool, uint8_t* to, int64_t at) {
    to[at] = static_cast<uint8_t>(weights.centred(i));
  }
};

template <class W>
struct FormHybrid : W {
  using typename W::Element;
  using W::kLanes;
  using In = float;
  using Out = float;
  using Sum = V::I32;
  struct Conversion {
    const ImageConversion& image;
    RowQuantizer quantizer;  // of all rows, unless each has its own

    Conversion(const ImageConversion& c, int32_t)
        : image(c),
          quantizer(c.by_row ? reference::RowQuantization{1, 0} : *c.quantization, c.low) {}
  };
  static constexpr int kParts = 1;
  static constexpr bool kIsIdentity = false, kIsOrdered = false;

  static Element element(const Conversion& c, In x, int) {
    Element e;
    convert(c, &x, 1, &e, 0);
    return e;
  }
  // By way of int8: the elements of some instruction sets are wider.
  static void convert(const Conversion& c, const In* in, int64_t count, Element* out, int64_t) {
    if (c.image.by_row) return convert_rows(c.image, in, count, out);
    constexpr int64_t kPart = 4 * B::kSize;
    int8_t bytes[kPart];
    for (int64_t i = 0; i < count; i += kPart) {
      const int64_t n = min(count - i, kPart);
      for (int64_t j = 0; j < n; j += B::kSize) {
        B::store(c.quantizer.quantize(in + i + j, n - j), bytes + j);
      }
      V::convert(bytes, n, 0, out + i);
    }
  }
  static void convert_rows(const ImageConversion& c, const In* in, int64_t count, Element* out) {
    const int64_t size = int64_t{c.middle} * c.channels;
    auto* q = c.quantization + (in - static_cast<const In*>(c.in)) / size;
    ImageConversion row = c;
    row.by_row = false;
    for (int64_t rows = count / size; rows > 0; rows -= kRowsTogether) {
      const auto together = static_cast<int32_t>(min<int64_t>(rows, kRowsTogether));
      find_quantizations(together, size, in, c.low == -128, q);
      const int32_t step = size < B::kSize ? kShortRows : 1;
      for (int32_t r = 0; r < together; r += step, in += step * size, out += step * size) {
        if (step == 1) {
          row.quantization = q + r;
          convert(Conversion(row, 0), in, size, out, 0);
          continue;
        }
        const int32_t n = min(together - r, step);
        int8_t bytes[(kShortRows + 1) * B::kSize];
        quantize_short_rows(n, size, q + r, c.low, in, bytes);
        V::convert(bytes, n * size, 0, out);
      }
      q += together;
    }
  }

  static Sum zero() { return V::set(0); }

  // The sum of the weights, the scale, the bias.
  static constexpr int kColumnWords = 3;
  using Header = FloatOutput;
  static Header make_header(const GemmColumns& c) { return c.epilogue.float_output; }

  static void pack_column(const GemmColumns& c, const Header&, int32_t column, int32_t weights,
                          int32_t* words, int32_t width, int32_t j) {
    const Epilogue& e = c.epilogue;
    const auto* bias = static_cast<const float*>(e.bias);
    auto* reals = reinterpret_cast<float*>(words);
    words[j] = weights * (1 << W::kLift);
    reals[width + j] = e.weight_scale[column];
    reals[2 * width + j] = bias != nullptr ? bias[column] : -0.0f;  // which changes nothing
  }
  static void pack_lanes(const Header&, int32_t*, int32_t) {}

  struct Output {
    F::Vec low, high;
  };
  static Output make_output(const Header& h) { return {F::set(h.low), F::set(h.high)}; }

  static Sum start(const int32_t*, int) { return zero(); }

  template <int kTileRows, int kVectors>
  OCTAVO_ALWAYS_INLINE static void finish(const Panel<FormHybrid>& panel, int32_t first,
                                          int32_t rows, Sum (&sum)[kTileRows][kVectors]) {
    const Columns columns(panel);
    const auto quantization = panel.args.quantization;
    Row<kVectors> row;
    if (!panel.args.by_row) row.set(columns, *quantization);
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i) {
      if (i >= rows) continue;
      if (panel.args.by_row) row.set(columns, quantization[first + i]);
      const int64_t at = (first + i) * panel.args.out_stride + panel.first;
      float* out = static_cast<float*>(panel.args.out) + at;
      const float* addend = panel.args.addend == nullptr ? nullptr : panel.args.addend + at;
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        V::I32 whole = V::sub(sum[i][j], row.zeros[j]);
        if constexpr (W::kLift != 0) whole = V::shift_right(whole, V::set(W::kLift));
        F::Vec y = F::add(F::mul(F::from_int(whole), row.scale[j]), columns.bias(j));
        if (addend != nullptr) {
          y = F::add(y, load_channels(addend + j * kLanes, addend + panel.used));
        }
        store_channels(clamp_real(y, panel.output.low, panel.output.high), out + j * kLanes,
                       out + panel.used);
      }
    }
  }

 private:
  // The words of a panel's columns.
  struct Columns {
    const int32_t* words;
    int32_t width;
    explicit Columns(const Panel<FormHybrid>& p) : words(p.words()), width(p.width) {}

    V::I32 weights(int j) const { return V::load(words + j * kLanes); }
    F::Vec scale(int j) const { return real(1, j); }
    F::Vec bias(int j) const { return real(2, j); }
    F::Vec real(int word, int j) const {
      return F::load(reinterpret_cast<const float*>(words) + word * width + j * kLanes);
    }
  };
  // What the sums of a row want: the share of the zero point, and the product of the scales.
  template <int kVectors>
  struct Row {
    V::I32 zeros[kVectors];
    F::Vec scale[kVectors];

    void set(const Columns& columns, const reference::RowQuantization& q) {
      const V::I32 zero = V::set(q.zero + V::kOffset);
      const F::Vec of_row = F::set(q.scale);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        zeros[j] = V::mul(columns.weights(j), zero);
        scale[j] = F::mul(of_row, columns.scale(j));
      }
    }
  };
};

// Depthwise convolutions are not among them: their input stays float.
template <class W>
constexpr Product kProductHybrid = {4, 4, kGemm<FormHybrid<W>>, {}, {}};
constexpr Product kProductHybridS4 = kProductHybrid<Int4>;
constexpr Product kProductHybridS8 = kProductHybrid<Int8>;
