// AVERAGE_POOL_2D and MAX_POOL_2D over the traits V, B and F, channels across lanes;
// reference/pool.h has their definitions.

// A window's pixels inside the image, and where its output goes.
template <class T>
struct PoolWindow {
  const T* in;
  int32_t rows, columns;
  int64_t row_stride, pixel_stride;
  T* out;
};

// Calls pool(window) for each output pixel, in order.
template <class T, class Pool>
void for_each_window(const reference::Pool2DParams& p, const T* in, T* out, Pool pool) {
  const int64_t pixel = p.channels, row = p.in_w * pixel;
  for (int32_t b = 0; b < p.batch; ++b, in += p.in_h * row) {
    for (int32_t out_y = 0; out_y < p.out_h; ++out_y) {
      const auto ys = reference::pool_extent(out_y, p.stride_h, p.pad_top, p.filter_h, p.in_h);
      for (int32_t out_x = 0; out_x < p.out_w; ++out_x, out += pixel) {
        const auto xs = reference::pool_extent(out_x, p.stride_w, p.pad_left, p.filter_w, p.in_w);
        pool(PoolWindow<T>{in + ys.first * row + xs.first * pixel, ys.last - ys.first,
                           xs.last - xs.first, row, pixel, out});
      }
    }
  }
}

// Folds a window's pixels, from channel c on, into kVectors accumulators by fold(sum, vector). A
// vector may be longer than a pixel: what it holds of the next one is written over by the outputs
// that follow. Only at the end of the tensor there is nothing more to read.
template <int kVectors, class T, class Acc, class Fold>
void fold_pixels(const PoolWindow<T>& w, int32_t c, const T* end, Acc (&acc)[kVectors], Fold fold) {
  using L = Lanes<T>;
  const T* row = w.in + c;
  const T* last = row + (w.rows - 1) * w.row_stride + (w.columns - 1) * w.pixel_stride;
  const bool is_inside = end - last >= kVectors * L::kLanes;
  for (int32_t y = 0; y < w.rows; ++y, row += w.row_stride) {
    const T* pixel = row;
    for (int32_t x = 0; x < w.columns; ++x, pixel += w.pixel_stride) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) {
        const T* from = pixel + j * L::kLanes;
        fold(acc[j], is_inside ? L::load(from) : load_channels(from, end));
      }
    }
  }
}

// Calls block(c, std::integral_constant<int, vectors>) for blocks of 1, 2 or 4 vectors of `lanes`
// channels.
template <class Block>
void for_each_block(int32_t channels, int32_t lanes, Block block) {
  int32_t c = 0;
  for (; channels - c > 3 * lanes; c += 4 * lanes) block(c, std::integral_constant<int, 4>());
  for (; channels - c > lanes; c += 2 * lanes) block(c, std::integral_constant<int, 2>());
  if (c < channels) block(c, std::integral_constant<int, 1>());
}

template <class T>
const T* pool_in_end(const reference::Pool2DParams& p, const T* in) {
  return in + int64_t{p.batch} * p.in_h * p.in_w * p.channels;
}
template <class T>
const T* pool_out_end(const reference::Pool2DParams& p, const T* out) {
  return out + int64_t{p.batch} * p.out_h * p.out_w * p.channels;
}

template <class T>
void max_pool(const reference::Pool2DParams& p, const T* in, T* out) {
  using L = Lanes<T>;
  const T *in_end = pool_in_end(p, in), *out_end = pool_out_end(p, out);
  const B::Vec low = L::set(p.act_min), high = L::set(as_signed<T>(p.act_max)), flip = L::flip();
  for_each_window(p, in, out, [&](const PoolWindow<T>& w) {
    for_each_block(p.channels, L::kLanes, [&](int32_t c, auto vectors) {
      B::Vec most[vectors.value];
      for (B::Vec& x : most) x = low;
      fold_pixels(w, c, in_end, most, [](B::Vec& acc, B::Vec x) {
        acc = std::is_signed_v<T> ? L::max(acc, x) : B::max_u8(acc, x);
      });
      for (int j = 0; j < vectors.value; ++j) {
        const B::Vec y = B::bit_xor(L::min(B::bit_xor(most[j], flip), high), flip);
        store_channels(y, w.out + c + j * L::kLanes, out_end);
      }
    });
  });
}

// round(sum / count) of lanes W of 16 or 32 bits, by a product: with N = 15 or 31,
// x / n = x m >> (N + s) for x < 2^N, m = 2^(N + s) / n rounded up, 2^s >= n (Granlund and
// Montgomery). s is at least 1, so that m has no more bits than a lane unless n is 1.
template <class W, int N>
struct RoundedQuotient {
  int32_t count, shift;
  B::Vec half, multiplier;

  explicit RoundedQuotient(int32_t n) : count(n), shift(1), half(W::set(n / 2)) {
    while (1 << shift < n) ++shift;
    const int64_t unit = int64_t{1} << (N + shift);
    multiplier = W::set(static_cast<int32_t>((unit + n - 1) / n));
  }
  B::Vec of_positive(B::Vec sum) const {
    if (count == 1) return sum;
    return W::shift_right_unsigned(W::mul_high_unsigned(W::add(sum, half), multiplier), shift - 1);
  }
  // Half away from zero.
  B::Vec operator()(B::Vec sum) const {
    const B::Vec sign = W::sign(sum);
    return W::sub(B::bit_xor(of_positive(W::abs(sum)), sign), sign);
  }
};

// Of a vector of elements, as narrow() takes them.
struct WideSums {
  B::Vec low, high;
};

template <class T, auto kReference>
void average_pool(const reference::Pool2DParams& p, const T* in, T* out) {
  using L = Lanes<T>;
  using W = typename L::Wide;
  constexpr bool kSigned = std::is_signed_v<T>;
  constexpr int kBits = 8 * sizeof(T);
  constexpr int32_t kMiddle = 1 << (kBits - 1);  // what makes signed elements unsigned ones
  // Half a count more than the greatest sum is below 2^(2 kBits - 1).
  constexpr int32_t kMostTaps = (1 << kBits) - 1;
  if (int64_t{p.filter_h} * p.filter_w > (kSigned ? kMostTaps : kMiddle)) {
    return kReference(p, in, out);
  }
  const T *in_end = pool_in_end(p, in), *out_end = pool_out_end(p, out);
  const B::Vec low = L::set(as_signed<T>(p.act_min)), high = L::set(as_signed<T>(p.act_max));
  const B::Vec zero = B::set8(0), sign = L::set(-kMiddle), flip = L::flip();
  const B::Vec to_unsigned = kSigned ? sign : zero, middle = W::set(kMiddle);
  RoundedQuotient<W, 2 * kBits - 1> quotient(1);
  for_each_window(p, in, out, [&](const PoolWindow<T>& w) {
    const int32_t count = w.rows * w.columns;
    if (count != quotient.count) quotient = RoundedQuotient<W, 2 * kBits - 1>(count);
    const B::Vec excess = W::set(static_cast<int32_t>(int64_t{kMiddle} * count));
    const auto mean = [&](B::Vec sum) {
      if constexpr (kSigned) return quotient(W::sub(sum, excess));
      return W::sub(quotient.of_positive(sum), middle);
    };
    for_each_block(p.channels, L::kLanes, [&](int32_t c, auto vectors) {
      WideSums sum[vectors.value];
      for (WideSums& s : sum) s = {zero, zero};
      fold_pixels(w, c, in_end, sum, [&](WideSums& acc, B::Vec x) {
        x = B::bit_xor(x, to_unsigned);
        acc.low = W::add(acc.low, L::low(x, zero));
        acc.high = W::add(acc.high, L::high(x, zero));
      });
      for (int j = 0; j < vectors.value; ++j) {
        const B::Vec y = L::narrow(mean(sum[j].low), mean(sum[j].high));
        store_channels(B::bit_xor(L::min(L::max(y, low), high), flip), w.out + c + j * L::kLanes,
                       out_end);
      }
    });
  });
}

// fold(acc, x) takes a pixel's channels into what begins as `initial`; finish(acc, count) makes an
// output of a window of so many pixels.
template <class Fold, class Finish>
void pool_reals(const reference::Pool2DParams& p, const float* in, float* out, float initial,
                Fold fold, Finish finish) {
  const float *in_end = pool_in_end(p, in), *out_end = pool_out_end(p, out);
  const F::Vec low = F::set(p.act_min_f32), high = F::set(p.act_max_f32);
  const F::Vec first = F::set(initial);
  for_each_window(p, in, out, [&](const PoolWindow<float>& w) {
    const auto count = static_cast<float>(int64_t{w.rows} * w.columns);
    for_each_block(p.channels, F::kLanes, [&](int32_t c, auto vectors) {
      F::Vec acc[vectors.value];
      for (F::Vec& a : acc) a = first;
      fold_pixels(w, c, in_end, acc, fold);
      for (int j = 0; j < vectors.value; ++j) {
        const F::Vec y = clamp_real(finish(acc[j], count), low, high);
        store_channels(y, w.out + c + j * F::kLanes, out_end);
      }
    });
  });
}

void max_pool_of_reals(const reference::Pool2DParams& p, const float* in, float* out) {
  pool_reals(
      p, in, out, std::numeric_limits<float>::lowest(),
      [](F::Vec& most, F::Vec x) { most = F::max(x, most); },
      [](F::Vec most, float) { return most; });
}

void average_pool_of_reals(const reference::Pool2DParams& p, const float* in, float* out) {
  pool_reals(
      p, in, out, 0, [](F::Vec& sum, F::Vec x) { sum = F::add(sum, x); },
      [](F::Vec sum, float count) { return F::div(sum, F::set(count)); });
}
