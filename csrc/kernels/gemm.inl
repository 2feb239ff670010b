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
//   pack_column(columns, header, column, sum, words, width, j): the words of a column, the j-th of
//     `width`, whose weights have that sum where sums are not kIsOrdered; word i of all is an array
//     at words + i * width
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

// The columns of a panel as they are packed.
template <class F>
struct PanelColumns {
  int32_t first, used;  // of the columns, those that are there
  int32_t width;        // as packed
  int32_t tap_rows;     // of one tap to the next
  uint8_t* weights;

  uint8_t* row(int32_t tap, int32_t d) const {
    return weights + (int64_t{tap} * tap_rows + d) * width * F::kWeightBytes;
  }
};

// Weights that are packed as the file has them, of columns that lie there one behind the other: a
// transposition of what a step takes of each.
template <class F>
void copy_columns(const GemmColumns& c, const PanelColumns<F>& panel) {
  constexpr int kStep = F::kDepth * F::kWeightBytes;
  const int32_t whole = c.depth / F::kDepth * F::kDepth, rest = c.depth - whole;
  const int64_t stride = c.column_stride * F::kWeightBytes;
  for (int32_t t = 0; t < c.taps; ++t) {
    const uint8_t* from =
        static_cast<const uint8_t*>(c.weights.data) + c.place(panel.first, t, 0) * F::kWeightBytes;
    transpose<Unit<kStep>>(whole / F::kDepth, panel.used, from, stride, panel.row(t, 0),
                           panel.width * kStep);
    if (rest == 0) continue;
    uint8_t* to = panel.row(t, whole);
    from += int64_t{whole} * F::kWeightBytes;
    for (int32_t j = 0; j < panel.used; ++j, from += stride, to += kStep) {
      memcpy(to, from, static_cast<size_t>(rest) * F::kWeightBytes);
    }
  }
}

// The same where the file has row behind row: a step interleaves some.
template <class F>
void copy_rows(const GemmColumns& c, const PanelColumns<F>& panel) {
  constexpr int kRows = F::kDepth;
  const int64_t row_bytes = int64_t{panel.used} * F::kWeightBytes;
  const int64_t step_bytes = int64_t{panel.width} * F::kWeightBytes * kRows;
  for (int32_t t = 0; t < c.taps; ++t) {
    for (int32_t d = 0; d < c.depth; d += kRows) {
      for (int64_t at = 0; at < row_bytes; at += B::kSize) {
        B::Vec rows[kRows];
#pragma GCC unroll 8
        for (int k = 0; k < kRows; ++k) {
          const int64_t place = c.place(panel.first, t, min(d + k, c.depth - 1));
          const auto* from = static_cast<const uint8_t*>(c.weights.data) + place * F::kWeightBytes;
          rows[k] =
              d + k < c.depth ? deal<kRows>(load_bytes(from + at, row_bytes - at)) : B::set8(0);
        }
        interleave<Unit<F::kWeightBytes>>(rows);
        uint8_t* to = panel.row(t, d) + at * kRows;
        const int64_t left = step_bytes - at * kRows;
#pragma GCC unroll 8
        for (int k = 0; k < kRows; ++k) {
          if (left > k * B::kSize) store_bytes(rows[k], to + k * B::kSize, left - k * B::kSize);
        }
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
  return F::kWeightBytes > 0 && is_plain && (c.row_stride == 1 || c.column_stride == 1);
}

// One by one.
template <class F>
void pack_weights(const GemmColumns& c, const PanelColumns<F>& panel) {
  const int32_t half = c.taps * panel.tap_rows;
  for (int32_t j = 0; j < panel.used; ++j) {
    for (int32_t t = 0; t < c.taps; ++t) {
      for (int32_t d = 0; d < c.depth; ++d) {
        const int64_t source = c.place(panel.first + j, t, d);
        const auto place = [&](int32_t row) {
          return (int64_t{row} / F::kDepth * panel.width + j) * F::kDepth + row % F::kDepth;
        };
        const int32_t row = t * panel.tap_rows + d;
        F::pack_weight(c.weights, source, false, panel.weights, place(row));
        if (c.weights.is_split) {
          F::pack_weight(c.weights, source, true, panel.weights, place(half + row));
        }
      }
    }
  }
}

// sums[j] = the sum of the weights of column j.
template <class F>
void sum_columns(const GemmColumns& c, const PanelColumns<F>& panel, int32_t* sums) {
  if (F::kWeightBytes != 1 || !are_copied<F>(c)) {
    for (int32_t j = 0; j < panel.used; ++j) sums[j] = column_sums(c, panel.first + j).plain;
    return;
  }
  for (int32_t t = 0; t < c.taps; ++t) {
    const int8_t* from = static_cast<const int8_t*>(c.weights.data) + c.place(panel.first, t, 0);
    if (c.row_stride != 1) {
      add_rows(from, c.depth, c.row_stride, panel.used, sums);
      continue;
    }
    for (int32_t j = 0; j < panel.used; ++j) {
      sums[j] = add_wrapping(sums[j], sum_of_row(from + j * c.column_stride, c.depth));
    }
  }
}

template <class F>
void pack_panel(const GemmColumns& c, const typename F::Header& header, int32_t first,
                int32_t width, uint8_t* packed) {
  auto* words = reinterpret_cast<int32_t*>(packed);
  const PanelColumns<F> panel = {first, min(width, c.n - first), width,
                                 round_up(c.depth, F::kDepth), packed + width * kColumnBytes<F>};
  int32_t sums[kPanelWidth<F>] = {};
  if constexpr (!F::kIsOrdered && F::kColumnWords > 0) sum_columns(c, panel, sums);
  for (int32_t j = 0; j < panel.used; ++j) {
    F::pack_column(c, header, first + j, sums[j], words, width, j);
  }
  for (int32_t j = 0; j < width; j += F::kLanes) F::pack_lanes(header, words + j, width);
  if constexpr (F::kWeightBytes > 0) {
    if (are_copied<F>(c)) {
      return c.row_stride == 1 ? copy_columns<F>(c, panel) : copy_rows<F>(c, panel);
    }
  }
  pack_weights<F>(c, panel);
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
    pack_panel<F>(c, header->form, first, width, panel);
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
