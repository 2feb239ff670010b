// Rows of floats to int8, each by its own range ("dynamic range"), over the traits V, B and F;
// reference/dynamic_range.h has the formulas.

void range_f32(int64_t count, const float* in, float* least, float* greatest) {
  constexpr int kSets = 4;  // which do not wait for each other
  const F::Vec zero = F::set(0);
  F::Vec low[kSets], high[kSets];
#pragma GCC unroll 4
  for (int j = 0; j < kSets; ++j) low[j] = high[j] = zero;
  const auto take = [&](int j, F::Vec x) {  // NaN counts for nothing
    low[j] = F::min(x, low[j]);
    high[j] = F::max(x, high[j]);
  };
  const float* end = in + count;
  for (; end - in >= kSets * F::kLanes; in += kSets * F::kLanes) {
#pragma GCC unroll 4
    for (int j = 0; j < kSets; ++j) take(j, F::load(in + j * F::kLanes));
  }
  for (; end - in >= F::kLanes; in += F::kLanes) take(0, F::load(in));
  if (in < end) take(1, F::load_part(in, end - in));
  low[0] = F::min(F::min(low[0], low[1]), F::min(low[2], low[3]));
  *greatest = F::greatest(F::max(F::max(high[0], high[1]), F::max(high[2], high[3])));
  *least = -F::greatest(F::sub(zero, low[0]));
}

constexpr int kRowsTogether = 16;

// What `rows` rows of `size` floats, at most kRowsTogether, are to be quantized by.
void find_quantizations(int32_t rows, int64_t size, const float* in, bool asymmetric,
                        reference::RowQuantization* out) {
  float least[kRowsTogether] = {}, greatest[kRowsTogether] = {}, scale[kRowsTogether];
  int32_t zero[kRowsTogether];
  for (int32_t r = 0; r < rows; ++r) range_f32(size, in + r * size, &least[r], &greatest[r]);
  for (int r = 0; r < kRowsTogether; ++r) {  // in vectors
    const auto q = reference::quantization_of_range(least[r], greatest[r], asymmetric);
    scale[r] = q.scale;
    zero[r] = q.zero;
  }
  for (int32_t r = 0; r < rows; ++r) out[r] = {scale[r], zero[r]};
}

// Rounded to [low, 127], of which `low` is -128 or, symmetrically, -127.
struct RowQuantizer {
  QuantizerByInverse by_inverse;
  Quantizer quantizer;
  V::Output output;
  B::Vec low;

  RowQuantizer(const reference::RowQuantization& q, int32_t least)
      : by_inverse(q.scale, q.zero),
        quantizer(q.scale, q.zero, least, 127),
        output(V::make_output({q.zero, least, 127, Flip::kNo})),
        low(B::set8(least)) {}

  // The next `count` elements, B::kSize at most; the others are anything.
  B::Vec quantize(const float* in, int64_t count) const {
    if (count >= B::kSize) return quantize(in);
    float part[B::kSize];
    for (int64_t j = 0; j < B::kSize; j += F::kLanes) {
      const int64_t n = min<int64_t>(count - j, F::kLanes);
      F::store(n > 0 ? F::load_part(in + j, n) : F::set(0), part + j);
    }
    return quantize(part);
  }

 private:
  B::Vec quantize(const float* in) const {
    B::Vec bytes;
    if (by_inverse.quantize(in, bytes)) return B::max8(bytes, low);
    Parts<int8_t> y;
    quantizer.quantize(in, y);
    return B::in_order(Lanes<int8_t>::finish(y.v, output));
  }
};

void quantize_row(int64_t size, const reference::RowQuantization& q, int32_t low, const float* in,
                  int8_t* out) {
  const RowQuantizer quantizer(q, low);
  for (int64_t i = 0; i < size; i += B::kSize) {
    store_channels(quantizer.quantize(in + i, size - i), out + i, out + size);
  }
}

// Rows shorter than a vector of bytes would leave most of it empty: some are rounded, and then
// made bytes of together. `out` has room for B::kSize more.
constexpr int kShortRows = 4;
void quantize_short_rows(int32_t rows, int64_t size, const reference::RowQuantization* q,
                         int32_t low, const float* in, int8_t* out) {
  const F::Vec least = F::set(-1000);  // below any output, also for NaN
  int32_t rounded[kShortRows * B::kSize + B::kSize];
  F::Vec off = F::set(0);
  bool is_precise = true;
  for (int32_t r = 0; r < rows; ++r) {
    const F::Vec inverse = F::set(1 / q[r].scale);
    const V::I32 zero = V::set(q[r].zero);
    is_precise = is_precise && has_inverse(q[r].scale);
    for (int64_t i = 0; i < size; i += F::kLanes) {
      const F::Vec x = F::load_part(in + r * size + i, min<int64_t>(size - i, F::kLanes));
      const F::Vec y = F::max(F::mul(x, inverse), least);
      const V::I32 whole = F::round_even(y);
      off = F::greater_distance(off, F::distance(y, whole));
      V::store(V::add(whole, zero), rounded + r * size + i);
    }
  }
  if (!is_precise || F::any_above(off, F::set(kCertain))) {
    for (int32_t r = 0; r < rows; ++r) {
      quantize_row(size, q[r], low, in + r * size, out + r * size);
    }
    return;
  }
  const V::Output to = V::make_output({0, low, 127, Flip::kNo});
  for (int64_t i = 0; i < rows * size; i += B::kSize) {
    Parts<int8_t> y;
#pragma GCC unroll 4
    for (int j = 0; j < Lanes<int8_t>::kParts; ++j) {
      y.v[j] = V::load(rounded + i + j * V::kLanes);
    }
    B::store(B::in_order(Lanes<int8_t>::finish(y.v, to)), out + i);
  }
}

void quantize_rows_s8(int64_t rows, int64_t size, bool asymmetric, const float* in, int8_t* out,
                      float* scale, int32_t* zero) {
  const int32_t low = asymmetric ? -128 : -127;
  for (int64_t r = 0; r < rows; ++r, in += size, out += size) {
    float least, greatest;
    range_f32(size, in, &least, &greatest);
    const auto q = reference::quantization_of_range(least, greatest, asymmetric);
    quantize_row(size, q, low, in, out);
    scale[r] = q.scale;
    zero[r] = q.zero;
  }
}
