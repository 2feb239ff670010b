// The matrix product of gemm.h for a form F of products over vectors. Included, as what else is
// compiled for an instruction set, inside its namespace, so that no code compiled for it can be
// linked where it would not run. F has
//   Element: of the converted image, which is multiplied in kParts parts
//   Sum: a vector of kLanes sums, to each of which a step adds kDepth products
//   zero(), add(a, b): of Sum
//   kIsOrdered: sums differ by the order of their terms
//   kTogether: lines that a step takes at once; Accumulator: their sums, in any arrangement, which
//     open(sums) makes and close(accumulator, sums) undoes
//   Weights, load_weights(p), broadcast(lines, at), dot(accumulator, x, w): one step of kLanes
//     columns, whose packed weights have kVectorBytes; broadcast reads kDepth elements of each line
//   kPanelVectors, kRows[vectors - 1]: vectors in a full panel, and rows of a tile so many wide
//   kMostTerms: products to a sum
//   kColumnWords: of 32 bits, packed for each column before its weights
//   Header, make_header(columns): what is packed for all columns
//   pack_column(columns, header, column, words, width, j): the words of a column, the j-th of
//     `width`; word i of all is an array at words + i * width
//   pack_lanes(header, words, width): once kLanes columns have theirs, beginning at `words`
//   pack_weight(weights, i, is_second, to, at): weight i to place `at` among weights
//   kWeightBytes: of a packed weight, where it is the file's unless that has a zero point; else 0
//   Output, make_output(header): what finish wants at hand
//   start(words, part): how sums begin, of the columns whose words begin at `words`
//   finish(panel, first, rows, sum): makes outputs of a tile of sums, and stores `rows` rows;
//     always inline, or the sums leave their registers

// A panel is the packed form of `width` columns; all but the last have kPanelVectors vectors of
// them.
template <class F>
constexpr int kPanelWidth = F::kPanelVectors * F::kLanes;
template <class F>
constexpr int kColumnBytes = 4 * F::kColumnWords;

constexpr int32_t round_up(int32_t x, int32_t multiple) {
  return (x + multiple - 1) / multiple * multiple;
}

// Before the panels.
template <class F>
struct alignas(64) PackedHeader {
  typename F::Header form;
};

template <class F>
int64_t panel_bytes(int32_t width, int64_t steps) {
  return int64_t{width} * kColumnBytes<F> + steps * (width / F::kLanes) * F::kVectorBytes;
}

// Steps of a tap.
template <class F>
constexpr int32_t steps_of(int32_t depth) {
  return (depth + F::kDepth - 1) / F::kDepth;
}

template <class F>
int64_t packed_bytes(int32_t n, int32_t taps, int32_t depth) {
  const int64_t steps = int64_t{taps} * steps_of<F>(depth);
  const int32_t full = n / kPanelWidth<F>, rest = n % kPanelWidth<F>;
  const int64_t last = rest == 0 ? 0 : panel_bytes<F>(round_up(rest, F::kLanes), steps);
  return static_cast<int64_t>(sizeof(PackedHeader<F>)) +
         full * panel_bytes<F>(kPanelWidth<F>, steps) + last;
}

// Weights that are packed as the file has them, column by column.
template <class F, class ColumnOf>
void copy_columns(const GemmColumns& c, int32_t width, int32_t tap_rows, uint8_t* packed,
                  ColumnOf column_of) {
  constexpr int kStep = F::kDepth * F::kWeightBytes;
  const auto* data = static_cast<const uint8_t*>(c.weights.data);
  for (int32_t j = 0; j < width; ++j) {
    const int32_t column = column_of(j);
    if (column < 0) continue;
    for (int32_t t = 0; t < c.taps; ++t) {
      const uint8_t* from = data + c.place(column, t, 0) * F::kWeightBytes;
      uint8_t* to = packed + (int64_t{t} * tap_rows / F::kDepth * width + j) * kStep;
      int32_t d = 0;
      for (; d + F::kDepth <= c.depth; d += F::kDepth, from += kStep, to += width * kStep) {
        memcpy(to, from, kStep);
      }
      if (d < c.depth) memcpy(to, from, static_cast<size_t>(c.depth - d) * F::kWeightBytes);
    }
  }
}

// The same row by row.
template <class F, class ColumnOf>
void copy_rows(const GemmColumns& c, int32_t width, int32_t tap_rows, uint8_t* packed,
               ColumnOf column_of) {
  constexpr int kBytes = F::kWeightBytes;
  const auto* data = static_cast<const uint8_t*>(c.weights.data);
  int32_t neighbours = 0;  // columns side by side in the file, too
  if (c.column_stride == 1) {
    while (neighbours < width && column_of(neighbours) == column_of(0) + neighbours) ++neighbours;
  }
  for (int32_t t = 0; t < c.taps; ++t) {
    for (int32_t d = 0; d < c.depth; ++d) {
      uint8_t* to = packed + (int64_t{t} * tap_rows + d) * width * kBytes;
      if (neighbours > 0) {
        const uint8_t* from = data + c.place(column_of(0), t, d) * kBytes;
        memcpy(to, from, static_cast<size_t>(neighbours) * kBytes);
      }
      for (int32_t j = neighbours; j < width; ++j) {
        const int32_t column = column_of(j);
        if (column >= 0) memcpy(to + j * kBytes, data + c.place(column, t, d) * kBytes, kBytes);
      }
    }
  }
}

// Whether these do for the weights.
template <class F>
bool are_copied(const GemmColumns& c) {
  const FileWeights& w = c.weights;
  const bool is_plain = w.zero == 0 && w.flip == Flip::kNo && !w.is_split && w.narrow == nullptr &&
                        w.real_scale == nullptr;
  return F::kWeightBytes > 0 && is_plain && (F::kDepth == 1 || c.row_stride == 1);
}

// Columns column_of(0), column_of(1), ... side by side, of which negative ones are not there. Taps
// begin every `tap_rows` rows.
template <class F, class ColumnOf>
void pack_columns(const GemmColumns& c, const typename F::Header& header, int32_t width,
                  int32_t tap_rows, uint8_t* packed, ColumnOf column_of) {
  auto* words = reinterpret_cast<int32_t*>(packed);
  uint8_t* weights = packed + width * kColumnBytes<F>;
  const int32_t half = c.taps * tap_rows;
  for (int32_t j = 0; j < width; ++j) {
    const int32_t column = column_of(j);
    if (column < 0) continue;
    F::pack_column(c, header, column, words, width, j);
    if (are_copied<F>(c)) continue;
    for (int32_t t = 0; t < c.taps; ++t) {
      for (int32_t d = 0; d < c.depth; ++d) {
        const int64_t source = c.place(column, t, d);
        const auto place = [&](int32_t row) {
          return (int64_t{row} / F::kDepth * width + j) * F::kDepth + row % F::kDepth;
        };
        const int32_t row = t * tap_rows + d;
        F::pack_weight(c.weights, source, false, weights, place(row));
        if (c.weights.is_split) {
          F::pack_weight(c.weights, source, true, weights, place(half + row));
        }
      }
    }
  }
  if (are_copied<F>(c)) {
    const auto copy = F::kDepth == 1 ? &copy_rows<F, ColumnOf> : &copy_columns<F, ColumnOf>;
    copy(c, width, tap_rows, weights, column_of);
  }
  for (int32_t j = 0; j < width; j += F::kLanes) F::pack_lanes(header, words + j, width);
}

template <class F>
void pack(const GemmColumns& c, void* packed) {
  const int32_t taps = (c.weights.is_split ? 2 : 1) * c.taps;
  memset(packed, 0, static_cast<size_t>(packed_bytes<F>(c.n, taps, c.depth)));
  auto* header = static_cast<PackedHeader<F>*>(packed);
  header->form = F::make_header(c);
  auto* panel = reinterpret_cast<uint8_t*>(header + 1);
  for (int32_t first = 0; first < c.n; first += kPanelWidth<F>) {
    const int32_t width = min(round_up(c.n - first, F::kLanes), kPanelWidth<F>);
    pack_columns<F>(c, header->form, width, round_up(c.depth, F::kDepth), panel,
                    [&](int32_t j) { return first + j < c.n ? first + j : -1; });
    panel += panel_bytes<F>(width, int64_t{taps} * steps_of<F>(c.depth));
  }
}

template <class F>
struct Panel {
  const GemmArgs& args;
  const typename F::Header& header;
  const typename F::Output& output;
  int32_t steps;  // of a tap, each of kDepth
  int32_t first;  // column
  int32_t used;   // columns that are there
  int32_t width;  // as packed
  const uint8_t* data;
  Span<const uint8_t> next;

  const int32_t* words() const { return reinterpret_cast<const int32_t*>(data); }
  const uint8_t* weights() const { return data + width * kColumnBytes<F>; }
  template <class Out>
  Out* out(int32_t row) const {
    return static_cast<Out*>(args.out) + row * args.out_stride + first;
  }
};

// The parts of the windows from number `first` on; the last one stands for those that are not
// there.
template <class F, int kLines>
void find_windows(const GemmArgs& a, int32_t first, const typename F::Element* (&line)[kLines]) {
  const auto* row =
      static_cast<const typename F::Element*>(a.image) + first / a.columns * a.row_step;
  int32_t x = first % a.columns;
#pragma GCC unroll 16
  for (int i = 0; i < kLines / F::kParts; ++i) {
#pragma GCC unroll 8
    for (int part = 0; part < F::kParts; ++part) {
      line[i * F::kParts + part] = row + x * a.pixel_step + part * a.part_stride;
    }
    if (first + i + 1 >= a.rows) continue;
    if (++x == a.columns) {
      x = 0;
      row += a.row_step;
    }
  }
}

// Memory that will be wanted, and how much of it a step asks for.
struct Ahead {
  const uint8_t* at;
  int64_t step_bytes;
};

// Sums of lines times kVectors vectors of columns, as steps add to them. Always inline, as finish.
template <class F, int kLines, int kVectors>
struct Accumulators {
  static constexpr int kGroups = (kLines + F::kTogether - 1) / F::kTogether;
  typename F::Accumulator of[kGroups][kVectors];

  // start(i, j): of line i and vector j.
  template <class Start>
  OCTAVO_ALWAYS_INLINE void open(const Start& start) {
#pragma GCC unroll 16
    for (int i = 0; i < kGroups; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        typename F::Sum sum[F::kTogether];
#pragma GCC unroll 2
        for (int k = 0; k < F::kTogether; ++k) sum[k] = start(i * F::kTogether + k, j);
        of[i][j] = F::open(sum);
      }
    }
  }
  OCTAVO_ALWAYS_INLINE void close(typename F::Sum (&sum)[kGroups * F::kTogether][kVectors]) const {
#pragma GCC unroll 16
    for (int i = 0; i < kGroups; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        typename F::Sum lines[F::kTogether];
        F::close(of[i][j], lines);
#pragma GCC unroll 2
        for (int k = 0; k < F::kTogether; ++k) sum[i * F::kTogether + k][j] = lines[k];
      }
    }
  }
};

// kRows rows times kVectors vectors of columns, all sums in registers; `rows` of them, beginning at
// row `first`, are there and stored. Always inline, so that what a panel says is read once.
template <class F, int kRows, int kVectors>
OCTAVO_ALWAYS_INLINE void multiply(const Panel<F>& panel, int32_t first, int32_t rows,
                                   Ahead ahead) {
  constexpr int kStepBytes = kVectors * F::kVectorBytes, kLines = kRows * F::kParts;
  static_assert(kLines % F::kTogether == 0);
  const GemmArgs& a = panel.args;
  Accumulators<F, kLines, kVectors> acc;
  const typename F::Element* line[kLines];
  find_windows<F>(a, first, line);
  acc.open([&](int i, int j) { return F::start(panel.words() + j * F::kLanes, i % F::kParts); });
  const uint8_t* weights = panel.weights();
  for (int32_t t = 0; t < a.taps; ++t) {
    int64_t at = a.tap_offsets[t];
    for (int32_t step = 0; step < panel.steps; ++step, at += F::kDepth) {
      typename F::Weights w[kVectors];
      V::prefetch(ahead.at);
      ahead.at += ahead.step_bytes;
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) w[j] = F::load_weights(weights + j * F::kVectorBytes);
#pragma GCC unroll 16
      for (int i = 0; i < acc.kGroups; ++i) {
        const auto x = F::broadcast(line + i * F::kTogether, at);
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j) F::dot(acc.of[i][j], x, w[j]);
      }
      weights += kStepBytes;
    }
  }
  typename F::Sum sum[kLines][kVectors];
  acc.close(sum);
  F::finish(panel, first, rows, sum);
}

// One row: so few sums would wait for each other, and steps take turns with two sets of them,
// unless the order of sums matters. Where lines are taken together there may be one too many: the
// last is taken twice.
template <class F, int kVectors>
void multiply_row(const Panel<F>& panel) {
  constexpr int kFar = 4096;  // bytes; the hardware's own prefetching ends with each page
  constexpr int64_t kMostNear = 1 << 20;  // bytes of weights that may still be in a nearer cache
  constexpr int kStepBytes = kVectors * F::kVectorBytes;
  using Acc = Accumulators<F, F::kParts, kVectors>;
  constexpr int kLines = Acc::kGroups * F::kTogether;
  const GemmArgs& a = panel.args;
  Acc acc, other;
  acc.open(
      [&](int i, int j) { return F::start(panel.words() + j * F::kLanes, min(i, F::kParts - 1)); });
  other.open([](int, int) { return F::zero(); });
  const uint8_t* weights = panel.weights();
  const bool is_far = packed_bytes<F>(a.n, a.taps, a.depth) > kMostNear;
  auto add_step = [&](const typename F::Element* at, Acc& to) {
#pragma GCC unroll 8
    for (int i = 0; i < Acc::kGroups; ++i) {
      const typename F::Element* line[F::kTogether];
#pragma GCC unroll 2
      for (int k = 0; k < F::kTogether; ++k) {
        line[k] = at + min(i * F::kTogether + k, F::kParts - 1) * a.part_stride;
      }
      const auto x = F::broadcast(line, 0);
      if (is_far) {
#pragma GCC unroll 8
        for (int j = 0; j < kStepBytes; j += 64) V::prefetch(weights + kFar + j);
      }
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        F::dot(to.of[i][j], x, F::load_weights(weights + j * F::kVectorBytes));
      }
    }
    weights += kStepBytes;
  };
  for (int32_t t = 0; t < a.taps; ++t) {
    const auto* at = static_cast<const typename F::Element*>(a.image) + a.tap_offsets[t];
    int32_t step = 0;
    for (; step + 2 <= panel.steps; step += 2, at += 2 * F::kDepth) {
      add_step(at, acc);
      add_step(at + F::kDepth, F::kIsOrdered ? acc : other);
    }
    if (step < panel.steps) add_step(at, acc);
  }
  typename F::Sum lines[kLines][kVectors], more[kLines][kVectors], sum[F::kParts][kVectors];
  acc.close(lines);
  other.close(more);
#pragma GCC unroll 8
  for (int i = 0; i < F::kParts; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      sum[i][j] = F::kIsOrdered ? lines[i][j] : F::add(lines[i][j], more[i][j]);
    }
  }
  F::finish(panel, 0, 1, sum);
}

// Of the rows that the tiles leave, a last tile begins earlier and computes some again.
template <class F, int kVectors>
void multiply_rows(const Panel<F>& panel) {
  constexpr int kRows = F::kRows[kVectors - 1];
  const GemmArgs& a = panel.args;
  if (a.rows == 1) return multiply_row<F, kVectors>(panel);
  // Meanwhile what comes next is fetched, evenly: a core has few reads from afar under way at a
  // time.
  const int64_t steps = int64_t{a.taps} * panel.steps, tiles = (a.rows + kRows - 1) / kRows;
  const auto bytes = static_cast<int64_t>(panel.next.size);
  Ahead ahead = {panel.next.data, (bytes + tiles * steps - 1) / (tiles * steps)};
  for (int32_t r = 0; r < a.rows; r += kRows, ahead.at += steps * ahead.step_bytes) {
    const int32_t first = max(min(r, a.rows - kRows), 0);
    multiply<F, kRows, kVectors>(panel, first, min(kRows, a.rows), ahead);
  }
}

// Finds the panel's width among those that there are.
template <class F, int kVectors>
void multiply_panel(const Panel<F>& panel) {
  if (panel.width == kVectors * F::kLanes) return multiply_rows<F, kVectors>(panel);
  if constexpr (kVectors > 1) multiply_panel<F, kVectors - 1>(panel);
}

// Calls body(panel) for every panel asked for.
template <class F, class Body>
void for_each_panel(const GemmArgs& a, const Body& body) {
  const auto* header = static_cast<const PackedHeader<F>*>(a.packed);
  const typename F::Output output = F::make_output(header->form);
  Panel<F> panel = {a, header->form, output, steps_of<F>(a.depth), 0, 0, 0, nullptr, {}};
  const int64_t full_bytes = panel_bytes<F>(kPanelWidth<F>, int64_t{a.taps} * panel.steps);
  for (int32_t p = a.first_panel; p < a.first_panel + a.panels; ++p) {
    panel.first = p * kPanelWidth<F>;
    panel.used = min(a.n - panel.first, kPanelWidth<F>);
    panel.width = round_up(panel.used, F::kLanes);
    panel.data = reinterpret_cast<const uint8_t*>(header + 1) + p * full_bytes;
    const uint8_t* behind = panel.data + full_bytes;
    panel.next = p + 1 < a.first_panel + a.panels
                     ? Span<const uint8_t>{behind, static_cast<size_t>(full_bytes)}
                     : a.next;
    body(panel);
  }
}

template <class F>
void run(const GemmArgs& a) {
  for_each_panel<F>(a, [](const Panel<F>& panel) { multiply_panel<F, F::kPanelVectors>(panel); });
}

template <class F>
constexpr GemmKernel kGemm = {kImage<F>, F::kMostTerms, kPanelWidth<F>, &packed_bytes<F>,
                              &pack<F>,  &run<F>,       nullptr};
