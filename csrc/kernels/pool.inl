// AVERAGE_POOL_2D and MAX_POOL_2D of 8 bits over the trait B, channels across lanes;
// reference/pool.h has their definitions.

// A window's pixels inside the image, and where its output goes.
struct PoolWindow {
  const uint8_t* in;
  int32_t rows, columns;
  int64_t row_stride, pixel_stride;
  uint8_t* out;
};

// Calls pool(window) for each output pixel, in order.
template <class Pool>
void for_each_window(const reference::Pool2DParams& p, const uint8_t* in, uint8_t* out, Pool pool) {
  const int64_t pixel = p.channels, row = p.in_w * pixel;
  for (int32_t b = 0; b < p.batch; ++b, in += p.in_h * row) {
    for (int32_t out_y = 0; out_y < p.out_h; ++out_y) {
      const auto ys = reference::pool_extent(out_y, p.stride_h, p.pad_top, p.filter_h, p.in_h);
      for (int32_t out_x = 0; out_x < p.out_w; ++out_x, out += pixel) {
        const auto xs = reference::pool_extent(out_x, p.stride_w, p.pad_left, p.filter_w, p.in_w);
        pool(PoolWindow{in + ys.first * row + xs.first * pixel, ys.last - ys.first,
                        xs.last - xs.first, row, pixel, out});
      }
    }
  }
}

// Folds a window's pixels, from channel c on, into kVectors accumulators by fold(sum, vector). A
// vector may be longer than a pixel: what it holds of the next one is written over by the outputs
// that follow. Only at the end of the tensor there is nothing more to read.
template <int kVectors, class Acc, class Fold>
void fold_pixels(const PoolWindow& w, int32_t c, const uint8_t* end, Acc (&acc)[kVectors],
                 Fold fold) {
  const uint8_t* row = w.in + c;
  const uint8_t* last = row + (w.rows - 1) * w.row_stride + (w.columns - 1) * w.pixel_stride;
  const bool is_inside = end - last >= kVectors * B::kSize;
  for (int32_t y = 0; y < w.rows; ++y, row += w.row_stride) {
    const uint8_t* pixel = row;
    for (int32_t x = 0; x < w.columns; ++x, pixel += w.pixel_stride) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) {
        const uint8_t* from = pixel + j * B::kSize;
        fold(acc[j],
             is_inside || end - from >= B::kSize ? B::load(from) : B::load_part(from, end - from));
      }
    }
  }
}

// Calls block(c, std::integral_constant<int, vectors>) for blocks of 1, 2 or 4 vectors of channels.
template <class Block>
void for_each_block(int32_t channels, Block block) {
  int32_t c = 0;
  for (; channels - c > 3 * B::kSize; c += 4 * B::kSize) {
    block(c, std::integral_constant<int, 4>());
  }
  for (; channels - c > B::kSize; c += 2 * B::kSize) block(c, std::integral_constant<int, 2>());
  if (c < channels) block(c, std::integral_constant<int, 1>());
}

const uint8_t* pool_in_end(const reference::Pool2DParams& p, const uint8_t* in) {
  return in + int64_t{p.batch} * p.in_h * p.in_w * p.channels;
}
const uint8_t* pool_out_end(const reference::Pool2DParams& p, const uint8_t* out) {
  return out + int64_t{p.batch} * p.out_h * p.out_w * p.channels;
}

template <class T>
void max_pool(const reference::Pool2DParams& p, const T* input, T* output) {
  const auto* in = reinterpret_cast<const uint8_t*>(input);
  auto* out = reinterpret_cast<uint8_t*>(output);
  const uint8_t *in_end = pool_in_end(p, in), *out_end = pool_out_end(p, out);
  const B::Vec low = B::set8(p.act_min), flip = B::set8(static_cast<int32_t>(kFlipOf<T>));
  const B::Vec high = B::set8(as_signed<T>(p.act_max));
  for_each_window(p, in, out, [&](const PoolWindow& w) {
    for_each_block(p.channels, [&](int32_t c, auto vectors) {
      B::Vec most[vectors.value];
      for (B::Vec& x : most) x = low;
      fold_pixels(w, c, in_end, most, [](B::Vec& acc, B::Vec x) {
        acc = std::is_signed_v<T> ? B::max8(acc, x) : B::max_u8(acc, x);
      });
      for (int j = 0; j < vectors.value; ++j) {
        const B::Vec y = B::bit_xor(B::min8(B::bit_xor(most[j], flip), high), flip);
        store_channels(y, w.out + c + j * B::kSize, out_end);
      }
    });
  });
}

// round(sum / count) of int16, by a product: x / n = x m >> (15 + s) for x < 2^15, m = 2^(15 + s) /
// n rounded up, 2^s >= n (Granlund and Montgomery). s is at least 1, so that m fits in 16 bits
// unless n is 1.
struct RoundedQuotient {
  int32_t count, shift;
  B::Vec half, multiplier;

  explicit RoundedQuotient(int32_t n) : count(n), shift(1), half(B::set16(n / 2)) {
    while (1 << shift < n) ++shift;
    const int32_t unit = 1 << (15 + shift);
    multiplier = B::set16((unit + n - 1) / n);
  }
  B::Vec of_positive(B::Vec sum) const {
    if (count == 1) return sum;
    return B::shift_right_u16(B::mul_high_u16(B::add16(sum, half), multiplier), shift - 1);
  }
  // Half away from zero.
  B::Vec operator()(B::Vec sum) const {
    const B::Vec sign = B::sign16(sum);
    return B::sub16(B::bit_xor(of_positive(B::abs16(sum)), sign), sign);
  }
};

// Of a vector of bytes, as narrow16 takes them.
struct HalfSums {
  B::Vec low, high;
};

template <class T, auto kReference>
void average_pool(const reference::Pool2DParams& p, const T* input, T* output) {
  constexpr bool kSigned = std::is_signed_v<T>;
  // Half a count more than the greatest sum is below 2^15.
  constexpr int32_t kMostTaps = kSigned ? 255 : 128;
  if (int64_t{p.filter_h} * p.filter_w > kMostTaps) return kReference(p, input, output);
  const auto* in = reinterpret_cast<const uint8_t*>(input);
  auto* out = reinterpret_cast<uint8_t*>(output);
  const uint8_t *in_end = pool_in_end(p, in), *out_end = pool_out_end(p, out);
  const B::Vec low = B::set8(as_signed<T>(p.act_min)), high = B::set8(as_signed<T>(p.act_max));
  const B::Vec zero = B::set8(0), sign = B::set8(-128), flip = kSigned ? zero : sign;
  const B::Vec to_unsigned = kSigned ? sign : zero, middle = B::set16(128);
  RoundedQuotient quotient(1);
  for_each_window(p, in, out, [&](const PoolWindow& w) {
    const int32_t count = w.rows * w.columns;
    if (count != quotient.count) quotient = RoundedQuotient(count);
    const B::Vec excess = B::set16(kSigned ? 128 * count : 0);
    const auto mean = [&](B::Vec sum) {
      if constexpr (kSigned) return quotient(B::sub16(sum, excess));
      return B::sub16(quotient.of_positive(sum), middle);
    };
    for_each_block(p.channels, [&](int32_t c, auto vectors) {
      HalfSums sum[vectors.value];
      for (HalfSums& s : sum) s = {zero, zero};
      fold_pixels(w, c, in_end, sum, [&](HalfSums& acc, B::Vec x) {
        x = B::bit_xor(x, to_unsigned);
        acc.low = B::add16(acc.low, B::low8(x, zero));
        acc.high = B::add16(acc.high, B::high8(x, zero));
      });
      for (int j = 0; j < vectors.value; ++j) {
        const B::Vec y = B::narrow16(mean(sum[j].low), mean(sum[j].high));
        store_channels(B::bit_xor(B::min8(B::max8(y, low), high), flip), w.out + c + j * B::kSize,
                       out_end);
      }
    });
  });
}
