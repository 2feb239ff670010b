// Depthwise convolution of an image whose elements are multiplied as they lie, for a form F of
// products, whose panels are blocks of channels. Taps outside the image are left out of sums, and
// channels that a vector has too many out of loads: nothing is copied for either.

// Of a dimension of the filter, the taps that one output sees.
struct TapsInside {
  int32_t first, count;
};

TapsInside find_taps(int64_t place, int32_t dilation, int32_t filter, int32_t size) {
  // Most windows are inside, and need no division.
  const auto taps_to = [&](int64_t distance) -> int64_t {
    if (distance > (filter - int64_t{1}) * dilation) return filter;
    return distance <= 0 ? 0 : (distance + dilation - 1) / dilation;
  };
  const int64_t first = taps_to(max<int64_t>(-place, 0));
  const int64_t end = taps_to(max<int64_t>(size - place, 0));
  return {static_cast<int32_t>(first), static_cast<int32_t>(max<int64_t>(end - first, 0))};
}

// Neighbours in a row of outputs that see the same taps.
template <class F>
struct Neighbours {
  const typename F::Element* image;  // the first tap of the first one
  int64_t pixel_step;                // elements from one to the next
  int64_t row_step, column_step;     // elements from one tap to the next
  TapsInside rows, columns;
  int32_t filter_w;
  int32_t first;  // number in the row
};

template <class F, int kPixels, int kVectors, bool kIsWhole>
void multiply_pixels(const Panel<F>& panel, const Neighbours<F>& p) {
  constexpr int kStepBytes = kVectors * F::kVectorBytes;
  const int32_t rest = panel.used - (kVectors - 1) * F::kLanes;
  typename F::Sum sum[kPixels][kVectors];
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const typename F::Sum start = F::start(panel.words() + j * F::kLanes, 0);
#pragma GCC unroll 8
    for (int i = 0; i < kPixels; ++i) sum[i][j] = start;
  }
  for (int32_t row = 0; row < p.rows.count; ++row) {
    const typename F::Element* at = p.image + row * p.row_step;
    const int64_t tap = (int64_t{p.rows.first} + row) * p.filter_w + p.columns.first;
    const uint8_t* weights = panel.weights() + tap * kStepBytes;
    for (int32_t column = 0; column < p.columns.count; ++column) {
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        const typename F::Weights w = F::load_weights(weights + j * F::kVectorBytes);
        const bool is_whole = kIsWhole || j < kVectors - 1;
#pragma GCC unroll 8
        for (int i = 0; i < kPixels; ++i) {
          const typename F::Element* x = at + i * p.pixel_step + j * F::kLanes;
          F::dot(sum[i][j], F::load_elements(x, is_whole ? F::kLanes : rest), w);
        }
      }
      at += p.column_step;
      weights += kStepBytes;
    }
  }
  F::finish(panel, p.first, kPixels, sum);
}

// Of the pixels that groups leave, a last group begins earlier and computes some again.
template <class F, int kPixels, int kVectors, bool kIsWhole>
void multiply_neighbours(const Panel<F>& panel, const Neighbours<F>& p, int32_t count) {
  if (count < kPixels) {
    if constexpr (kPixels > 1) {
      multiply_neighbours<F, kPixels / 2, kVectors, kIsWhole>(panel, p, count);
    }
    return;
  }
  for (int32_t i = 0; i < count; i += kPixels) {
    const int32_t skipped = min(i, count - kPixels);
    Neighbours<F> group = p;
    group.image += skipped * p.pixel_step;
    group.first += skipped;
    multiply_pixels<F, kPixels, kVectors, kIsWhole>(panel, group);
  }
}

template <class F, int kVectors>
void multiply_channels(const Panel<F>& panel, const Neighbours<F>& p, int32_t count) {
  constexpr int kPixels = F::kRows[kVectors - 1];
  if (panel.width != kVectors * F::kLanes) {
    if constexpr (kVectors > 1) multiply_channels<F, kVectors - 1>(panel, p, count);
  } else if (panel.used == panel.width) {
    multiply_neighbours<F, kPixels, kVectors, true>(panel, p, count);
  } else {
    multiply_neighbours<F, kPixels, kVectors, false>(panel, p, count);
  }
}

// A panel's channels of row y.
template <class F>
void run_channels(const DirectDepthwiseArgs& a, const Panel<F>& panel, int32_t y) {
  const reference::ConvParams& c = a.conv;
  const int64_t row = int64_t{c.in_w} * c.in_c, top = int64_t{y} * c.stride_h - c.pad_h;
  // Where the first window is that leaves the image on its right.
  const int64_t right = c.in_w - (c.filter_w - int64_t{1}) * c.dilation_w;
  Neighbours<F> p = {};
  p.pixel_step = int64_t{c.stride_w} * c.in_c;
  p.row_step = c.dilation_h * row;
  p.column_step = int64_t{c.dilation_w} * c.in_c;
  p.rows = find_taps(top, c.dilation_h, c.filter_h, c.in_h);
  p.filter_w = c.filter_w;
  for (int32_t x = 0, count; x < c.out_w; x += count) {
    const int64_t left = int64_t{x} * c.stride_w - c.pad_w;
    p.columns = find_taps(left, c.dilation_w, c.filter_w, c.in_w);
    const int64_t first_row = top + int64_t{p.rows.first} * c.dilation_h;
    const int64_t first_column = left + int64_t{p.columns.first} * c.dilation_w;
    p.image = static_cast<const typename F::Element*>(a.image) + panel.first;
    if (p.rows.count > 0 && p.columns.count > 0)
      p.image += (first_row - a.top) * row + first_column * c.in_c;
    p.first = x;
    const bool is_single = p.columns.count < c.filter_w || x + 1 == c.out_w;
    const int64_t alike = is_single ? 1 : (right - left - 1) / c.stride_w + 1;
    count = static_cast<int32_t>(min<int64_t>(alike, c.out_w - x));
    multiply_channels<F, F::kPanelVectors>(panel, p, count);
  }
}

template <class F>
void run_direct_depthwise(const DirectDepthwiseArgs& a) {
  const reference::ConvParams& c = a.conv;
  GemmArgs row = {};
  row.taps = 1;
  row.depth = c.filter_h * c.filter_w;
  row.n = c.out_c;
  row.panels = (row.n + kPanelWidth<F> - 1) / kPanelWidth<F>;
  row.packed = a.packed;
  row.out_stride = c.out_c;
  for (int32_t y = a.first_row; y < a.first_row + a.rows; ++y) {
    row.out = static_cast<typename F::Out*>(a.out) + (int64_t{y} - a.first_row) * c.out_w * c.out_c;
    for_each_panel<F>(row, [&](const Panel<F>& panel) { run_channels<F>(a, panel, y); });
  }
}

template <class F>
constexpr DirectDepthwiseKernel kDirectDepthwise = {&run_direct_depthwise<F>};
