// Products of int16 and int8 to int16. Dot products take bytes: an element is 256 times its upper
// byte plus its lower one, two parts, which share the weights that are loaded and whose sums are
// put together at the end. Depthwise convolutions take words, since theirs are few products to a
// sum. Included after product_s8.inl.

// Of sums over the trait T, each of kParts sums of 32 bits, exact but where kDouble and
// kRequantize wrap as int32 accumulators do.
template <class T, int kPartsOfSum>
struct SumsS16 : T {
  using Out = int16_t;
  using Sum = V::I32;
  using Words = Lanes<int16_t>;
  static constexpr int kParts = kPartsOfSum;
  static constexpr int kLanes = T::kLanes;
  static constexpr bool kIsOrdered = false;

  static Sum zero() { return V::set(0); }

  struct Header {
    Finish finish;
    bool is_wide;  // sums need more than 32 bits: they are put together as doubles
    QuantizedOutput output;
  };

  // Of 32 bits: the bias, then the words of the finish. Wide: nothing, then doubles, a scale and
  // what is added to a sum for kDouble; else a multiplier and what is added to the product.
  static constexpr int kColumnWords = 1 + kFinishWords;

  static Header make_header(const GemmColumns& c) {
    const Epilogue& e = c.epilogue;
    const bool is_double = e.scaling == Scaling::kDouble;
    FinishChooser chooser(is_double, e.output);
    bool is_wide = false;
    for (int32_t j = 0; j < c.n; ++j) {
      const int64_t bias = bias_of(e, j);
      const int64_t greatest = 32768 * column_sums(c, j).magnitudes + (bias < 0 ? -bias : bias);
      is_wide |= is_double ? greatest > INT32_MAX : !fits_rescale(greatest, e.multiplier[j]);
      if (!is_double) chooser.add(greatest, e.multiplier[j]);
    }
    const bool is_once = e.has_wide_bias && !is_double;
    return {is_once ? Finish::kRescaleOnce : chooser.choose(), e.has_wide_bias && is_wide,
            e.output};
  }

  static void pack_column(const GemmColumns& c, const Header& header, int32_t column,
                          int32_t weights, int32_t* words, int32_t width, int32_t j) {
    const Epilogue& e = c.epilogue;
    const int64_t bias = bias_of(e, column) + kMissing * weights;
    if (!header.is_wide) {
      words[j] = static_cast<int32_t>(static_cast<uint32_t>(bias) +
                                      static_cast<uint32_t>(lift_of(header.finish)));
    }
    auto* doubles = reinterpret_cast<double*>(words + width);
    if (header.finish == Finish::kDouble) {
      doubles[j] = e.scale[column];
      if (header.is_wide) doubles[width + j] = static_cast<double>(bias);
    } else if (header.is_wide) {
      // floor((s m + 2^(r - 1)) / 2^r) = floor(s m 2^-r + 1/2), all exact: see has_exact_doubles.
      const Multiplier k = e.multiplier[column];
      doubles[j] =
          narrow_multiplier(k.m) * 0x1p-46 * static_cast<double>(int64_t{1} << (31 + k.shift));
      doubles[width + j] = static_cast<double>(bias) * doubles[j] + 0.5;
    } else {
      words[width + j] = e.multiplier[column].m;
      words[2 * width + j] = e.multiplier[column].shift;
    }
  }
  static void pack_lanes(const Header& header, int32_t* words, int32_t width) {
    if (!header.is_wide) pack_finish(header.finish, words + width, width);
  }
  static constexpr int kWeightBytes = 0;
  static void pack_weight(const FileWeights& weights, int64_t i, bool is_second, uint8_t* to,
                          int64_t at) {
    reinterpret_cast<typename T::Weight*>(to)[at] = weights.half(i, is_second);
  }

  using Output = Words::Output;
  static Output make_output(const Header& header) { return Words::make_output(header.output); }

  // The bias is the last part's.
  static Sum start(const int32_t* words, int part) {
    return part == kParts - 1 ? V::load(words) : zero();
  }

 protected:
  // Sums of kRows rows of parts become outputs, still of 32 bits.
  template <int kRows, int kVectors>
  static void finish_parts(const Header& header, const int32_t* words, int32_t width,
                           const Sum (&parts)[kRows * kParts][kVectors],
                           Sum (&out)[kRows][kVectors]) {
    if (header.is_wide) return finish_wide(header, words, width, parts, out);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        const Sum last = parts[(i + 1) * kParts - 1][j];
        out[i][j] =
            kParts == 1 ? last : V::add(last, V::shift_left(parts[i * kParts][j], V::set(8)));
      }
    }
    finish_sums(header.finish, header.output, words + width, width, out);
  }

 private:
  // What the parts leave out: x = 256 (upper - kOffset) + (lower - kOffset) + 128.
  static constexpr int64_t kMissing = kParts == 1 ? 0 : 128 - 257 * V::kOffset;

  static int64_t bias_of(const Epilogue& e, int32_t column) {
    if (e.bias == nullptr) return 0;
    return e.has_wide_bias ? static_cast<const int64_t*>(e.bias)[column]
                           : static_cast<const int32_t*>(e.bias)[column];
  }

  template <int kRows, int kVectors>
  static void finish_wide(const Header& header, const int32_t* words, int32_t width,
                          const Sum (&parts)[kRows * kParts][kVectors],
                          Sum (&out)[kRows][kVectors]) {
    const auto* doubles = reinterpret_cast<const double*>(words + width);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        const Sum first = parts[i * kParts][j], last = parts[(i + 1) * kParts - 1][j];
        const double* scale = doubles + j * kLanes;
        out[i][j] =
            V::to_int32(finish_half(header, V::low_half(first), V::low_half(last), scale, width),
                        finish_half(header, V::high_half(first), V::high_half(last),
                                    scale + kLanes / 2, width));
      }
    }
  }
  static V::Double finish_half(const Header& header, V::Double first, V::Double last,
                               const double* scale, int32_t width) {
    const V::Double sum = kParts == 1 ? last : V::fma(first, V::set(256.0), last);
    const V::Double summand = V::load(scale + width);
    if (header.finish != Finish::kDouble) {
      return V::floor(V::fma(sum, V::load(scale), summand));
    }
    return scale_round(V::add(sum, summand), scale, header.output);
  }
};

struct FormS16 : SumsS16<V, 2> {
  using In = int16_t;
  static constexpr bool kIsIdentity = false;
  struct Conversion {
    Conversion(const ImageConversion&, int32_t) {}
  };
  static constexpr auto& kRows = V::kRowsOfParts;
  static constexpr int32_t kMostTerms = 1 << 15;

  static Element element(const Conversion&, In x, int part) {
    return static_cast<Element>((part == 0 ? x >> 8 : (x & 255) - 128) + V::kOffset);
  }
  static void convert(const Conversion& c, const In* in, int64_t count, Element* out,
                      int64_t part_stride) {
    const int64_t done = V::split(in, count, out, out + part_stride);
    for (int64_t i = done; i < count; ++i) {
      for (int part = 0; part < kParts; ++part) {
        out[part * part_stride + i] = element(c, in[i], part);
      }
    }
  }

  template <int kLines, int kVectors>
  OCTAVO_ALWAYS_INLINE static void finish(const Panel<FormS16>& panel, int32_t first, int32_t rows,
                                          const Sum (&sum)[kLines][kVectors]) {
    constexpr int kTileRows = kLines / kParts;
    Sum y[kTileRows][kVectors];
    finish_parts<kTileRows>(panel.header, panel.words(), panel.width, sum, y);
    Out* out = panel.template out<Out>(first);
#pragma GCC unroll 8
    for (int i = 0; i < kTileRows; ++i, out += panel.args.out_stride) {
      if (i == rows) return;
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; j += 2) {
        const Sum pair[2] = {y[i][j], y[i][j + 1 < kVectors ? j + 1 : j]};
        store_channels(B::in_order16(Words::finish(pair, panel.output)), out + j * kLanes,
                       out + panel.used);
      }
    }
  }
};

// Of 511 products at most, whose sum is exact in 32 bits.
struct FormWordsS16 : SumsS16<W, 1>, SameElements<int16_t> {
  using SameElements<int16_t>::Element, SameElements<int16_t>::convert;
  static constexpr int kParts = 1;
  static constexpr int32_t kMostTerms = 511;

  template <int kPlaces>
  OCTAVO_ALWAYS_INLINE static void finish_block(const Header& header, const Output& output,
                                                const int32_t* words, const Sum (&sum)[kPlaces][2],
                                                Out* const (&out)[kPlaces],
                                                const int32_t (&count)[kPlaces]) {
    Sum y[kPlaces][2];
    finish_parts<kPlaces>(header, words, kBlock, sum, y);
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) {
      if (count[i] > 0) store_channels(Words::finish(y[i], output), out[i], out[i] + count[i]);
    }
  }
};

constexpr Product kProductS16 = {2, 2, kGemm<FormS16>, kDepthwise<FormWordsS16>, {nullptr}};
