// Products of int8 and int8 to int8, by dot-product instructions over the vector trait V; depthwise
// over D, which is V where that is as good.

template <class T>
struct FormS8 : T {
  using T::kBlock, T::kLanes, T::kOffset;
  using typename T::Element;
  using In = int8_t;
  using Out = int8_t;
  using Sum = V::I32;
  static constexpr int kParts = 1;
  static constexpr bool kIsIdentity = false, kIsOrdered = false;
  static constexpr int32_t kMostTerms = 1 << 24;

  struct Conversion {
    uint8_t flip;
    Conversion(const ImageConversion& c, int32_t) : flip(static_cast<uint8_t>(c.flip)) {}
  };
  static Element element(const Conversion& c, In x, int) {
    return static_cast<Element>(static_cast<int8_t>(static_cast<uint8_t>(x) ^ c.flip) + kOffset);
  }
  static void convert(const Conversion& c, const In* in, int64_t count, Element* out, int64_t) {
    T::convert(in, count, c.flip, out);
  }

  static Sum zero() { return V::set(0); }

  // The bias, then the words of the finish; a double takes two.
  static constexpr int kColumnWords = 1 + kFinishWords;
  struct Header {
    Finish finish;
    QuantizedOutput output;
  };

  static Header make_header(const GemmColumns& c) {
    const Epilogue& e = c.epilogue;
    const bool is_double = e.scaling == Scaling::kDouble;
    FinishChooser chooser(is_double, e.output);
    for (int32_t j = 0; j < c.n && !is_double; ++j) {
      // x - in_zero has 8 bits and a sign, and so has w - zero.
      const int64_t bias = bias_of(e, j);
      const int64_t magnitudes =
          c.is_activation ? int64_t{255} * c.taps * c.depth : column_sums(c, j).magnitudes;
      const int64_t greatest = 255 * magnitudes + (bias < 0 ? -bias : bias);
      chooser.add(greatest, e.multiplier[j]);
    }
    return {chooser.choose(), e.output};
  }

  static void pack_column(const GemmColumns& c, const Header& header, int32_t column,
                          int32_t weights, int32_t* words, int32_t width, int32_t j) {
    const Epilogue& e = c.epilogue;
    words[j] = add_wrapping(first_sum(e, column, weights), lift_of(header.finish));
    if (header.finish == Finish::kDouble) {
      reinterpret_cast<double*>(words + width)[j] = e.scale[column];
    } else {
      words[width + j] = e.multiplier[column].m;
      words[2 * width + j] = e.multiplier[column].shift;
    }
  }
  static void pack_lanes(const Header& header, int32_t* words, int32_t width) {
    pack_finish(header.finish, words + width, width);
  }
  static constexpr int kWeightBytes = 1;
  static void pack_weight(const FileWeights& weights, int64_t i, bool is_second, uint8_t* to,
                          int64_t at) {
    reinterpret_cast<int8_t*>(to)[at] = weights.half(i, is_second);
  }

  struct Output {
    V::Output any;
    V::PositiveOutput positive;
  };
  static Output make_output(const Header& header) {
    return {V::make_output(header.output), V::make_positive_output(header.output)};
  }

  static Sum start(const int32_t* words, int) { return V::load(words); }

  template <int kRows, int kVectors>
  OCTAVO_ALWAYS_INLINE static void finish(const Panel<FormS8>& panel, int32_t first, int32_t rows,
                                          Sum (&sum)[kRows][kVectors]) {
    if (panel.args.row_terms != nullptr) add_row_terms(panel.args, first, sum);
    finish_sums(panel.header.finish, panel.header.output, panel.words() + panel.width, panel.width,
                sum);
    if (panel.header.finish == Finish::kRescalePositive) {
      store_sums(panel, panel.output.positive, first, rows, sum);
    } else {
      store_sums(panel, panel.output.any, first, rows, sum);
    }
  }
  template <int kPlaces>
  OCTAVO_ALWAYS_INLINE static void finish_block(const Header& header, const Output& output,
                                                const int32_t* words,
                                                Sum (&sum)[kPlaces][kBlock / kLanes],
                                                Out* const (&out)[kPlaces],
                                                const int32_t (&count)[kPlaces]) {
    finish_sums(header.finish, header.output, words + kBlock, kBlock, sum);
    const bool is_positive = header.finish == Finish::kRescalePositive;
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) {
      if (count[i] == 0) continue;
      if (is_positive) {
        T::store_block(sum[i], output.positive, out[i], count[i]);
      } else {
        T::store_block(sum[i], output.any, out[i], count[i]);
      }
    }
  }

  // sum (x - in_zero) w + bias = sum (x + kOffset) w + (bias - (in_zero + kOffset) sum w), in 32
  // bits that wrap.
  static int32_t first_sum(const Epilogue& e, int32_t column, int32_t weights) {
    const uint32_t zeros =
        static_cast<uint32_t>(e.in_zero + kOffset) * static_cast<uint32_t>(weights);
    return sub_wrapping(bias_of(e, column), static_cast<int32_t>(zeros));
  }

 private:
  template <int kRows, int kVectors>
  OCTAVO_ALWAYS_INLINE static void add_row_terms(const GemmArgs& a, int32_t first,
                                                 Sum (&sum)[kRows][kVectors]) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Sum term = V::set(a.row_terms[min(first + i, a.rows - 1)]);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) sum[i][j] = V::add(sum[i][j], term);
    }
  }

  static int32_t bias_of(const Epilogue& e, int32_t column) {
    return e.bias != nullptr ? static_cast<const int32_t*>(e.bias)[column] : 0;
  }

  // A tile's rows of outputs, several in a vector of bytes where they are narrow.
  template <class To, int kRows, int kVectors>
  static void store_sums(const Panel<FormS8>& panel, const To& to, int32_t first, int32_t rows,
                         const Sum (&sum)[kRows][kVectors]) {
    constexpr int kTogether = 4 / kVectors;
    const int64_t stride = panel.args.out_stride;
    Out* out = panel.template out<Out>(first);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; i += kTogether) {
      Sum y[4];
#pragma GCC unroll 8
      for (int v = 0; v < 4; ++v) {
        const int row = i + v / kVectors;
        y[v] = v < kTogether * kVectors && row < kRows ? sum[row][v % kVectors] : sum[i][0];
      }
      if (i < rows) {
        T::template store_rows<kVectors>(y, to, out + i * stride, stride, rows - i, panel.used);
      }
    }
  }
};

constexpr Product kProductS8 = {1, 1, kGemm<FormS8<V>>, kDepthwise<FormS8<D>>, {nullptr}};
