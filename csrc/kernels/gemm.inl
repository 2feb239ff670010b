// The matrix product of gemm.h over a vector trait V (see simd/). Included inside the namespace of
// one instruction set, so that no code compiled for it can be linked where it would not run.

// A panel is the packed form of `width` columns; all but the last have kPanelVectors vectors of
// them.
constexpr int kPanelVectors = V::kPanelVectors;
constexpr int kPanelWidth = kPanelVectors * V::kLanes;
constexpr int kColumnBytes = 4 * (1 + kFinishWords);  // the bias; a double takes two words

constexpr int32_t round_up(int32_t x, int32_t multiple) {
  return (x + multiple - 1) / multiple * multiple;
}

// Before the panels.
struct alignas(64) PackedHeader {
  Finish finish;
  QuantizedOutput output;
};

int64_t panel_bytes(int32_t width, int32_t taps, int32_t depth) {
  return width * (kColumnBytes + int64_t{taps} * round_up(depth, V::kDepth));
}

int64_t packed_bytes(int32_t n, int32_t taps, int32_t depth) {
  const int32_t full = n / kPanelWidth, rest = n % kPanelWidth;
  const int64_t last = rest == 0 ? 0 : panel_bytes(round_up(rest, V::kLanes), taps, depth);
  return static_cast<int64_t>(sizeof(PackedHeader)) + full * panel_bytes(kPanelWidth, taps, depth) +
         last;
}

// sum (x - in_zero) w + bias = sum (x + kOffset) w + (bias - (in_zero + kOffset) sum w), in 32 bits
// that wrap; lifted for its finish.
int32_t folded_bias(const int32_t* bias, int32_t column, int32_t in_zero, int32_t sum,
                    Finish finish) {
  const uint32_t b = bias != nullptr ? static_cast<uint32_t>(bias[column]) : 0;
  const uint32_t zeros = static_cast<uint32_t>(in_zero + V::kOffset) * static_cast<uint32_t>(sum);
  return static_cast<int32_t>(b - zeros + static_cast<uint32_t>(lift_of(finish)));
}

// Of the weights of a column, of which there are at most 2^24.
struct ColumnSums {
  int32_t plain;
  int64_t magnitudes;
};

template <class Place>
ColumnSums column_sums(const ByteWeights& weights, int32_t taps, int32_t depth, Place place) {
  ColumnSums s = {0, 0};
  int64_t plain = 0;
  for (int32_t t = 0; t < taps; ++t) {
    for (int32_t d = 0; d < depth; ++d) {
      const int32_t w = weights.centred(place(t, d));
      plain += w;
      s.magnitudes += w < 0 ? -w : w;
    }
  }
  s.plain = static_cast<int32_t>(plain);
  return s;
}

ColumnSums column_sums(const GemmColumns& c, int32_t column) {
  return column_sums(c.weights, c.taps, c.depth,
                     [&](int32_t t, int32_t d) { return c.place(column, t, d); });
}

// What no sum of a column exceeds: x - in_zero has 8 bits and a sign.
int64_t greatest_sum(const ColumnSums& s, const int32_t* bias, int32_t column) {
  const int64_t b = bias != nullptr ? bias[column] : 0;
  return 255 * s.magnitudes + (b < 0 ? -b : b);
}

void pack_panel(const GemmColumns& c, Finish finish, int32_t first, int32_t width, uint8_t* panel) {
  auto* bias = reinterpret_cast<int32_t*>(panel);
  auto* words = bias + width;
  auto* scale = reinterpret_cast<double*>(words);
  auto* weights = reinterpret_cast<int8_t*>(panel + width * kColumnBytes);
  const int32_t packed_depth = round_up(c.depth, V::kDepth), half = c.taps * packed_depth;
  for (int32_t j = 0; j < width && first + j < c.n; ++j) {
    const int32_t column = first + j;
    const ColumnSums sums = column_sums(c, column);
    bias[j] = folded_bias(c.bias, column, c.in_zero, sums.plain, finish);
    if (finish == Finish::kDouble) {
      scale[j] = c.scale[column];
    } else {
      words[j] = c.multiplier[column].m;
      words[width + j] = c.multiplier[column].shift;
    }
    for (int32_t t = 0; t < c.taps; ++t) {
      for (int32_t d = 0; d < c.depth; ++d) {
        const int64_t source = c.place(column, t, d);
        const int32_t i = t * packed_depth + d;
        auto place = [&](int32_t at) {
          return (int64_t{at} / V::kDepth * width + j) * V::kDepth + at % V::kDepth;
        };
        weights[place(i)] = c.weights.half(source, false);
        if (c.weights.is_split) weights[place(half + i)] = c.weights.half(source, true);
      }
    }
  }
  for (int32_t j = 0; j < width; j += V::kLanes) pack_finish(finish, words + j, width);
}

void pack(const GemmColumns& c, void* packed) {
  const bool is_double = c.epilogue == Epilogue::kDouble;
  FinishChooser chooser(is_double, c.output);
  for (int32_t j = 0; j < c.n && !is_double; ++j) {
    chooser.add(greatest_sum(column_sums(c, j), c.bias, j), c.multiplier[j]);
  }
  const int32_t taps = (c.weights.is_split ? 2 : 1) * c.taps;
  memset(packed, 0, static_cast<size_t>(packed_bytes(c.n, taps, c.depth)));
  auto* header = static_cast<PackedHeader*>(packed);
  *header = {chooser.choose(), c.output};
  auto* panel = reinterpret_cast<uint8_t*>(header + 1);
  for (int32_t first = 0; first < c.n; first += kPanelWidth) {
    const int32_t width = min(round_up(c.n - first, V::kLanes), kPanelWidth);
    pack_panel(c, header->finish, first, width, panel);
    panel += panel_bytes(width, taps, c.depth);
  }
}

struct Panel {
  const GemmArgs& args;
  const PackedHeader& header;
  V::Output output;
  const uint8_t* data;
  int32_t width;  // as packed
  int32_t used;   // columns that are there
  int32_t steps;  // of a tap, each of kDepth
  int8_t* out;    // of row 0 and the first column
};

// Sums become outputs, still of 32 bits and before the zero point is added.
template <class Kind, int kRows, int kVectors>
void finish_sums_by(const Panel& panel, V::I32 (&sum)[kRows][kVectors]) {
  const int32_t* words = reinterpret_cast<const int32_t*>(panel.data) + panel.width;
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const Kind finish = load_finish<Kind>(words + j * V::kLanes, panel.width, panel.header.output);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) sum[i][j] = finish(sum[i][j]);
  }
}

template <int kRows, int kVectors>
void finish_sums(const Panel& panel, V::I32 (&sum)[kRows][kVectors]) {
  switch (panel.header.finish) {
    case Finish::kRescalePositive:
      return finish_sums_by<RescalePositive>(panel, sum);
    case Finish::kRescale:
      return finish_sums_by<Rescale>(panel, sum);
    case Finish::kRequantize:
      return finish_sums_by<Requantize>(panel, sum);
    case Finish::kDouble: {
      const auto* scale = reinterpret_cast<const double*>(panel.data + panel.width * 4);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
#pragma GCC unroll 8
        for (int i = 0; i < kRows; ++i) {
          sum[i][j] = V::scale_round(sum[i][j], scale + j * V::kLanes, panel.header.output);
        }
      }
    }
  }
}

// A tile's rows of outputs, several in a vector of bytes where they are narrow.
template <int kRows, int kVectors>
void store_sums(const Panel& panel, const V::I32 (&sum)[kRows][kVectors], int8_t* out,
                int32_t rows) {
  constexpr int kTogether = 4 / kVectors;
  const int64_t stride = panel.args.out_stride;
#pragma GCC unroll 8
  for (int i = 0; i < kRows; i += kTogether) {
    V::I32 y[4];
#pragma GCC unroll 8
    for (int v = 0; v < 4; ++v) {
      const int row = i + v / kVectors;
      y[v] = v < kTogether * kVectors && row < kRows ? sum[row][v % kVectors] : sum[i][0];
    }
    if (i < rows) {
      V::store_rows<kVectors>(y, panel.output, out + i * stride, stride, rows - i, panel.used);
    }
  }
}

// The windows from number `first` on; the last one stands for those that are not there.
template <int kRows>
void find_windows(const GemmArgs& a, int32_t first, const Element* (&window)[kRows]) {
  const auto* line = static_cast<const Element*>(a.image) + first / a.columns * a.row_step;
  int32_t x = first % a.columns;
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
    window[i] = line + x * a.pixel_step;
    if (first + i + 1 >= a.rows) continue;
    if (++x == a.columns) {
      x = 0;
      line += a.row_step;
    }
  }
}

// kRows rows times kVectors vectors of columns, all sums in registers; `rows` of them, beginning at
// row `first`, are there and stored. `ahead` is memory that will be wanted, as much of it as a
// quarter of the panel.
template <int kRows, int kVectors>
void multiply(const Panel& panel, int32_t first, int32_t rows, const int8_t* ahead) {
  constexpr int kStepBytes = kVectors * V::kLanes * V::kDepth;
  const GemmArgs& a = panel.args;
  const auto* bias = reinterpret_cast<const int32_t*>(panel.data);
  V::I32 sum[kRows][kVectors];
  const Element* row[kRows];
  find_windows(a, first, row);
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const V::I32 start = V::load(bias + j * V::kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) sum[i][j] = start;
  }
  const auto* weights = reinterpret_cast<const int8_t*>(panel.data + panel.width * kColumnBytes);
  for (int32_t t = 0; t < a.taps; ++t) {
    int64_t at = a.tap_offsets[t];
    for (int32_t step = 0; step < panel.steps; ++step, at += V::kDepth) {
      V::Weights w[kVectors];
      V::prefetch(ahead);
      ahead += kStepBytes / 4;
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        w[j] = V::load_weights(weights + j * V::kLanes * V::kDepth);
      }
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const V::Weights x = V::broadcast(row[i] + at);
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j) V::dot(sum[i][j], x, w[j]);
      }
      weights += kStepBytes;
    }
  }
  finish_sums(panel, sum);
  store_sums(panel, sum, panel.out + first * a.out_stride, rows);
}

// One row: so few sums would wait for each other, and steps take turns with two sets of them.
template <int kVectors>
void multiply_row(const Panel& panel) {
  constexpr int kStepBytes = kVectors * V::kLanes * V::kDepth;
  const GemmArgs& a = panel.args;
  const auto* bias = reinterpret_cast<const int32_t*>(panel.data);
  V::I32 sum[1][kVectors], other[kVectors];
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    sum[0][j] = V::load(bias + j * V::kLanes);
    other[j] = V::set(0);
  }
  const auto* weights = reinterpret_cast<const int8_t*>(panel.data + panel.width * kColumnBytes);
  auto add_step = [&](const Element* at, V::I32(&to)[kVectors]) {
    const V::Weights x = V::broadcast(at);
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      V::dot(to[j], x, V::load_weights(weights + j * V::kLanes * V::kDepth));
    }
    weights += kStepBytes;
  };
  for (int32_t t = 0; t < a.taps; ++t) {
    const auto* at = static_cast<const Element*>(a.image) + a.tap_offsets[t];
    int32_t step = 0;
    for (; step + 2 <= panel.steps; step += 2, at += 2 * V::kDepth) {
      add_step(at, sum[0]);
      add_step(at + V::kDepth, other);
    }
    if (step < panel.steps) add_step(at, sum[0]);
  }
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) sum[0][j] = V::add(sum[0][j], other[j]);
  finish_sums(panel, sum);
  store_sums(panel, sum, panel.out, 1);
}

// Of the rows that the tiles leave, a last tile begins earlier and computes some again.
template <int kVectors>
void multiply_rows(const Panel& panel) {
  constexpr int kRows = V::kRows[kVectors - 1];
  const GemmArgs& a = panel.args;
  if (a.rows == 1) return multiply_row<kVectors>(panel);
  const int64_t quarter = panel_bytes(panel.width, a.taps, a.depth) / 4;
  const auto* ahead = reinterpret_cast<const int8_t*>(panel.data) + 4 * quarter;
  for (int32_t r = 0; r < a.rows; r += kRows) {
    multiply<kRows, kVectors>(panel, max(min(r, a.rows - kRows), 0), min(kRows, a.rows), ahead);
    if (r < 3 * kRows) ahead += quarter;
  }
}

// Finds the panel's width among those that there are.
template <int kVectors>
void multiply_panel(const Panel& panel) {
  if (panel.width == kVectors * V::kLanes) return multiply_rows<kVectors>(panel);
  if constexpr (kVectors > 1) multiply_panel<kVectors - 1>(panel);
}

void run(const GemmArgs& a) {
  const auto* header = static_cast<const PackedHeader*>(a.packed);
  Panel panel = {a, *header, V::make_output(header->output),           nullptr,
                 0, 0,       round_up(a.depth, V::kDepth) / V::kDepth, nullptr};
  const int64_t full_bytes = panel_bytes(kPanelWidth, a.taps, a.depth);
  for (int32_t p = a.first_panel; p < a.first_panel + a.panels; ++p) {
    const int32_t first = p * kPanelWidth;
    panel.data = reinterpret_cast<const uint8_t*>(header + 1) + p * full_bytes;
    panel.used = min(a.n - first, kPanelWidth);
    panel.width = round_up(panel.used, V::kLanes);
    panel.out = a.out + first;
    multiply_panel<kPanelVectors>(panel);
  }
}

constexpr GemmS8 kGemmS8 = {kPanelWidth, &packed_bytes, &pack, &run};
