// Products whose sums are stored as they are, for operators that make more of them, and what makes
// int16 of the sums of int16 products. Included after product_s8.inl.

// Vectors of one row's sums of a panel.
template <int kVectors>
OCTAVO_ALWAYS_INLINE void store_row_of_sums(const V::I32 (&sum)[kVectors], int32_t used,
                                            int32_t* out) {
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v, out += V::kLanes) {
    const int64_t bytes = (used - v * V::kLanes) * int64_t{sizeof(*out)};
    if (bytes > 0) store_bytes(sum[v], reinterpret_cast<uint8_t*>(out), bytes);
  }
}

struct FormSumsS8 : FormS8<V> {
  using Out = int32_t;

  static constexpr int kColumnWords = 1;  // the bias
  struct Header {};
  static Header make_header(const GemmColumns&) { return {}; }
  static void pack_column(const GemmColumns& c, const Header&, int32_t column, int32_t weights,
                          int32_t* words, int32_t, int32_t j) {
    words[j] = first_sum(c.epilogue, column, weights);
  }
  static void pack_lanes(const Header&, int32_t*, int32_t) {}

  struct Output {};
  static Output make_output(const Header&) { return {}; }

  template <int kRows, int kVectors>
  static void finish(const Panel<FormSumsS8>& panel, int32_t first, int32_t rows,
                     Sum (&sum)[kRows][kVectors]) {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      if (i < rows) store_row_of_sums(sum[i], panel.used, panel.template out<Out>(first + i));
    }
  }
};

constexpr Product kProductSumsS8 = {1, 4, kGemm<FormSumsS8>, {}, {nullptr}};

// int16 by int16: an element is 256 times its upper byte plus its lower one, and the sums of
// products with each, the two parts, are stored apart, one after the other for all rows. So few
// products to a sum are exact in 32 bits: 256 * 255 * 2^15 < 2^31.
struct FormSumsS16 : W {
  using In = int16_t;
  using Out = int32_t;
  using Sum = V::I32;
  static constexpr int kParts = reference::kSumParts;
  static constexpr bool kIsIdentity = false, kIsOrdered = false;
  static constexpr int32_t kMostTerms = 256;
  static constexpr auto& kRows = W::kRowsOfParts;

  struct Conversion {
    Conversion(const ImageConversion&, int32_t) {}
  };
  static Element element(const Conversion&, In x, int part) {
    return static_cast<Element>(part == 0 ? x >> 8 : x & 255);
  }
  static void convert(const Conversion& c, const In* in, int64_t count, Element* out,
                      int64_t part_stride) {
    for (int64_t i = 0; i < count; ++i) out[i] = element(c, in[i], 0);
    for (int64_t i = 0; i < count; ++i) out[part_stride + i] = element(c, in[i], 1);
  }

  static Sum zero() { return V::set(0); }
  static Sum add(Sum a, Sum b) { return V::add(a, b); }

  static constexpr int kColumnWords = 0;
  struct Header {};
  static Header make_header(const GemmColumns&) { return {}; }
  static void pack_column(const GemmColumns&, const Header&, int32_t, int32_t, int32_t*, int32_t,
                          int32_t) {}
  static void pack_lanes(const Header&, int32_t*, int32_t) {}
  static constexpr int kWeightBytes = sizeof(In);
  static void pack_weight(const FileWeights& weights, int64_t i, bool, uint8_t* to, int64_t at) {
    reinterpret_cast<In*>(to)[at] = static_cast<const In*>(weights.data)[i];
  }

  struct Output {};
  static Output make_output(const Header&) { return {}; }
  static Sum start(const int32_t*, int) { return zero(); }

  template <int kLines, int kVectors>
  static void finish(const Panel<FormSumsS16>& panel, int32_t first, int32_t rows,
                     Sum (&sum)[kLines][kVectors]) {
#pragma GCC unroll 16
    for (int i = 0; i < kLines; ++i) {
      if (i / kParts >= rows) continue;
      const int32_t row = i % kParts * panel.args.rows + first + i / kParts;
      store_row_of_sums(sum[i], panel.used, panel.template out<Out>(row));
    }
  }
};

constexpr Product kProductSumsS16 = {2, 4, kGemm<FormSumsS16>, {}, {nullptr}};

// Whether doubles give what requantize() does: floor((s m + 2^(r - 1)) / 2^r) is
// floor(s m 2^-r + 1/2), and the latter is exact below 2^53 2^-r. Beyond, int16 saturate.
bool has_exact_doubles(const reference::SumsParams& p) {
  const int32_t right = 15 - p.multiplier.shift;
  return right >= 1 && (right <= 37 || (right <= 46 && p.depth < 128));
}

void requantize_sums_s16(const reference::SumsParams& p, const int32_t* sums, int16_t* out) {
  using Words = Lanes<int16_t>;
  if (!has_exact_doubles(p) || p.count < Words::kLanes)
    return reference::requantize_sums_s16(p, sums, out);
  const Multiplier k = p.multiplier;
  const V::Double scale =
      V::set(narrow_multiplier(k.m) * 0x1p-46 * static_cast<double>(int64_t{1} << (31 + k.shift)));
  const auto to = Words::make_output({p.out_zero, INT16_MIN, INT16_MAX, Flip::kNo});
  const auto scaled = [&](V::Double sum) { return V::floor(V::fma(sum, scale, V::set(0.5))); };
  const auto outputs_at = [&](const int32_t* first) {
    V::Double low = V::set(0.0), high = low;
    for (int32_t c = 0; c < p.chunks; ++c, first += reference::kSumParts * p.count) {
      const V::I32 upper = V::load(first), lower = V::load(first + p.count);
      low = V::fma(V::low_half(upper), V::set(256.0), V::add(low, V::low_half(lower)));
      high = V::fma(V::high_half(upper), V::set(256.0), V::add(high, V::high_half(lower)));
    }
    return V::to_int32(scaled(low), scaled(high));
  };
  // The last vector has some for a second time.
  for (int64_t i = 0; i < p.count; i += Words::kLanes) {
    const int64_t at = min(i, p.count - Words::kLanes);
    const V::I32 y[2] = {outputs_at(sums + at), outputs_at(sums + at + V::kLanes)};
    Words::store(Words::in_order(Words::finish(y, to)), out + at);
  }
}
