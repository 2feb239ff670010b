// The depthwise convolution of depthwise.h for a form F of products over vectors. Included after
// gemm.inl, of which it uses what F has; besides
//   kBlock, channel_at(i): elements of a line that are computed together; element i of them, in the
//     order in which vectors of sums have them, is that of channel channel_at(i)
//   interleave(tap, x): the elements of kDepth taps, so that one step adds kDepth products of a
//     channel
//   kKeepsLines: whether interleaved elements are written down for the windows beside each other.
//     store_interleaved(x, p), load_interleaved(p): one vector; elements are in their order
//   finish_block(header, output, words, sum, out, count): makes outputs of the sums of several
//     places of a block, whose words are arrays of kBlock, and stores count[i] of them to out[i]

template <class F>
constexpr int kSums = F::kBlock / F::kLanes;

// Steps of so many products leave some for a second row of outputs, as 4 do beside the 3 rows of a
// filter.
constexpr int kLeastShared = 4;

// So many groups of kDepth taps are interleaved, each for every tap across.
template <class F>
int32_t groups_of(const DepthwiseTaps& taps) {
  return steps_of<F>(taps.along + taps.together - 1);
}
template <class F>
int64_t depthwise_steps(const DepthwiseTaps& taps) {
  return int64_t{taps.is_split ? 2 : 1} * groups_of<F>(taps) * taps.across;
}

template <class F>
int64_t block_bytes(const DepthwiseTaps& taps) {
  return panel_bytes<F>(F::kBlock, depthwise_steps<F>(taps) * taps.together);
}

// How lines of outputs are cut into blocks. Whole rows of pixels make a line where channels would
// leave much of a last block of their own empty, and where few blocks pass before the pattern
// begins anew; else each pixel is one.
struct Lines {
  bool is_row;
  int32_t blocks;  // packed
};

template <class F>
Lines choose_lines(int32_t channels, const DepthwiseTaps& taps) {
  constexpr int64_t kMostBytes = 32 << 10;  // much of the nearest cache
  int32_t common = F::kBlock;
  while (channels % common != 0) common /= 2;
  const int32_t row_blocks = channels / common;
  const int32_t pixel_blocks = round_up(channels, F::kBlock) / F::kBlock;
  const bool is_row =
      pixel_blocks * F::kBlock > channels + channels / 8 &&
      (row_blocks <= pixel_blocks || row_blocks * block_bytes<F>(taps) <= kMostBytes);
  return {is_row, is_row ? row_blocks : pixel_blocks};
}

template <class F>
int64_t depthwise_packed_bytes(int32_t channels, const DepthwiseTaps& taps) {
  return static_cast<int64_t>(sizeof(PackedHeader<F>)) +
         choose_lines<F>(channels, taps).blocks * block_bytes<F>(taps);
}

// The weights that a step has for a column: of kDepth taps from `first` on, some of which the
// filter may not have.
template <class F>
void pack_taps(const GemmColumns& c, const DepthwiseTaps& taps, int32_t column, int32_t first,
               int32_t across, bool is_second, uint8_t* weights, int64_t at) {
  for (int i = 0; i < F::kDepth; ++i) {
    const int32_t a = first + i;
    if (a < 0 || a >= taps.along) continue;
    F::pack_weight(c.weights, c.place(column, 0, a * taps.across + across), is_second, weights,
                   at + i);
  }
}

template <class F>
void pack_block_column(const GemmColumns& c, const DepthwiseTaps& taps, int32_t column,
                       uint8_t* weights, int32_t j) {
  int64_t at = int64_t{j} * F::kDepth;
  for (int half = 0; half < (taps.is_split ? 2 : 1); ++half) {
    for (int32_t g = 0; g < groups_of<F>(taps); ++g) {
      for (int32_t b = 0; b < taps.across; ++b) {
        for (int32_t r = 0; r < taps.together; ++r, at += F::kBlock * F::kDepth) {
          pack_taps<F>(c, taps, column, g * F::kDepth - r, b, half == 1, weights, at);
        }
      }
    }
  }
}

template <class F>
void pack_depthwise(const GemmColumns& c, const DepthwiseTaps& taps, void* packed) {
  const Lines lines = choose_lines<F>(c.n, taps);
  memset(packed, 0, static_cast<size_t>(depthwise_packed_bytes<F>(c.n, taps)));
  auto* header = static_cast<PackedHeader<F>*>(packed);
  header->form = F::make_header(c);
  for (int32_t b = 0; b < lines.blocks; ++b) {
    auto* block = reinterpret_cast<uint8_t*>(header + 1) + b * block_bytes<F>(taps);
    auto* words = reinterpret_cast<int32_t*>(block);
    for (int32_t j = 0; j < F::kBlock; ++j) {
      const int32_t at = b * F::kBlock + F::channel_at(j), column = lines.is_row ? at % c.n : at;
      if (column >= c.n) continue;
      const int32_t sum = F::kIsOrdered ? 0 : column_sums(c, column).plain;
      F::pack_column(c, header->form, column, sum, words, F::kBlock, j);
      pack_block_column<F>(c, taps, column, block + F::kBlock * kColumnBytes<F>, j);
    }
    for (int32_t j = 0; j < F::kBlock; j += F::kLanes) {
      F::pack_lanes(header->form, words + j, F::kBlock);
    }
  }
}

// From a place in the image to the tap `a` along of column b; for `rows` rows of outputs. Where
// there is none, anything does that can be read.
inline int64_t tap_offset(const DepthwiseArgs& a, int32_t along, int32_t b, int32_t rows) {
  const int32_t last = min(along, a.taps.along - 1);
  return a.tap_offsets[last * a.taps.across + b] + min(along - last, rows - 1) * a.row_stride;
}

// What the steps of a place read: taps of the image, which are interleaved on the way.
template <class F>
struct ImageSource {
  const typename F::Element* at;
  int64_t step;            // elements from one place of a block to the next
  const int64_t* offsets;  // [steps][kDepth]

  void load(int64_t s, int64_t place, typename F::Weights (&x)[kSums<F>]) const {
    const typename F::Element* tap[F::kDepth];
#pragma GCC unroll 4
    for (int i = 0; i < F::kDepth; ++i) {
      tap[i] = at + place * step + offsets[s * F::kDepth + i];
    }
    F::interleave(tap, x);
  }
};

template <class F>
void find_taps(const DepthwiseArgs& a, int32_t rows, int64_t* offsets) {
  const int32_t half = groups_of<F>(a.taps) * a.taps.across;
  for (int64_t s = 0; s < depthwise_steps<F>(a.taps); ++s) {
    const auto group = static_cast<int32_t>(s % half / a.taps.across);
    const auto b = static_cast<int32_t>(s % a.taps.across);
    for (int i = 0; i < F::kDepth; ++i) {
      *offsets++ = tap_offset(a, group * F::kDepth + i, b, rows);
    }
  }
}

// The same, interleaved beforehand, each group of taps in a line.
template <class F>
struct LineSource {
  const typename F::Element* at;
  int64_t step;
  const int64_t* offsets;  // [steps]

  void load(int64_t s, int64_t place, typename F::Weights (&x)[kSums<F>]) const {
    const typename F::Element* from = at + place * step + offsets[s];
#pragma GCC unroll 8
    for (int j = 0; j < kSums<F>; ++j) {
      x[j] = F::load_interleaved(from + j * F::kLanes * F::kDepth);
    }
  }
};

// A line is made of chunks of kBlock elements: the block's of each pixel, or all.
struct LineSizes {
  int64_t chunks;
  int64_t chunk_step;  // elements of the image from one to the next
  int64_t line;        // elements of a line
};

template <class F>
LineSizes line_sizes(const DepthwiseArgs& a, const Lines& lines) {
  const int64_t chunk_step = lines.is_row ? F::kBlock : a.channels;
  int64_t reach = 0;
  for (int32_t b = 0; b < a.taps.across; ++b) reach = max<int64_t>(reach, a.tap_offsets[b]);
  const int64_t elements = reach + int64_t{a.columns} * a.channels;
  const int64_t chunks = (elements + chunk_step - 1) / chunk_step;
  // The last block of a row may begin anywhere in its last chunk.
  return {chunks, chunk_step, (chunks + 1) * F::kBlock * F::kDepth};
}

template <class F>
void find_in_lines(const DepthwiseArgs& a, const LineSizes& sizes, int64_t* offsets) {
  const int32_t half = groups_of<F>(a.taps) * a.taps.across;
  for (int64_t s = 0; s < depthwise_steps<F>(a.taps); ++s) {
    const int64_t group = s % half / a.taps.across, offset = a.tap_offsets[s % a.taps.across];
    const int64_t chunk = offset / sizes.chunk_step, in_chunk = offset % sizes.chunk_step;
    offsets[s] = group * sizes.line + (chunk * F::kBlock + in_chunk) * F::kDepth;
  }
}

// Of the image from `image` on, for `rows` rows of outputs.
template <class F>
void interleave_lines(const DepthwiseArgs& a, const LineSizes& sizes,
                      const typename F::Element* image, int32_t rows, typename F::Element* to) {
  const int64_t chunk_step = sizes.chunk_step;  // what is stored may lie anywhere
  for (int32_t group = 0; group < groups_of<F>(a.taps); ++group, to += sizes.line) {
    const typename F::Element* tap[F::kDepth];
    for (int i = 0; i < F::kDepth; ++i) {
      tap[i] = image + tap_offset(a, group * F::kDepth + i, 0, rows);
    }
    typename F::Element* chunk = to;
    for (int64_t c = 0; c < sizes.chunks; ++c) {
      typename F::Weights x[kSums<F>];
      F::interleave(tap, x);
#pragma GCC unroll 8
      for (int j = 0; j < kSums<F>; ++j, chunk += F::kLanes * F::kDepth) {
        F::store_interleaved(x[j], chunk);
      }
#pragma GCC unroll 4
      for (int i = 0; i < F::kDepth; ++i) tap[i] += chunk_step;
    }
  }
}

// A packed block, and the places where it occurs in rows of outputs.
template <class F>
struct Block {
  const PackedHeader<F>& header;
  const uint8_t* data;
  int64_t steps, step_bytes;  // of weights
  typename F::Out* out;       // of the first place
  int64_t row;                // elements from one row of outputs to the next
  int64_t stride;             // elements of a row from one place to the next
  int64_t in_row;             // elements of a row from the first place on
  int32_t used;               // elements of a place

  const int32_t* words() const { return reinterpret_cast<const int32_t*>(data); }
};

// The sums of kPixels places in each of kRows rows, beginning with place number `first`, element
// `begin` of a row. Places behind the last one are the first again, and not stored. Always inline,
// as multiply.
template <class F, int kRows, int kPixels, class Source>
OCTAVO_ALWAYS_INLINE void multiply_places(const Block<F>& block, const typename F::Output& output,
                                          const Source& source, int64_t first, int64_t begin) {
  constexpr int kPlaces = kRows * kPixels;
  static_assert(F::kParts == 1);
  int64_t place[kPixels];
  int32_t used[kPixels];
#pragma GCC unroll 4
  for (int i = 0; i < kPixels; ++i) {
    const int64_t rest = block.in_row - begin - i * block.stride;
    used[i] = static_cast<int32_t>(clamp<int64_t>(rest, 0, block.used));
    place[i] = first + (rest > 0 ? i : 0);
  }
  typename F::Sum sum[kPlaces][kSums<F>];
#pragma GCC unroll 8
  for (int j = 0; j < kSums<F>; ++j) {
    const typename F::Sum start = F::start(block.words() + j * F::kLanes, 0);
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) sum[i][j] = start;
  }
  const uint8_t* weights = block.data + F::kBlock * kColumnBytes<F>;
  for (int64_t s = 0; s < block.steps; ++s, weights += block.step_bytes) {
    typename F::Weights x[kPixels][kSums<F>];
#pragma GCC unroll 4
    for (int i = 0; i < kPixels; ++i) source.load(s, place[i], x[i]);
#pragma GCC unroll 8
    for (int v = 0; v < kRows * kSums<F>; ++v) {
      const auto w = F::load_weights(weights + v * F::kVectorBytes);
      const int r = v / kSums<F>, j = v % kSums<F>;
#pragma GCC unroll 4
      for (int i = 0; i < kPixels; ++i) F::dot(sum[r * kPixels + i][j], x[i][j], w);
    }
  }
  typename F::Out* out[kPlaces];
  int32_t count[kPlaces];
#pragma GCC unroll 8
  for (int i = 0; i < kPlaces; ++i) {
    out[i] = block.out + i / kPixels * block.row + begin + i % kPixels * block.stride;
    count[i] = used[i % kPixels];
  }
  F::finish_block(block.header.form, output, block.words(), sum, out, count);
}

template <class F, int kRows, int kPixels, class Source>
void multiply_rows_of(const Block<F>& block, const typename F::Output& output,
                      const Source& source) {
  int64_t place = 0;
  for (int64_t at = 0; at < block.in_row; at += kPixels * block.stride, place += kPixels) {
    multiply_places<F, kRows, kPixels>(block, output, source, place, at);
  }
}

template <class F, int kPixels, class Source>
void multiply_block(const Block<F>& block, const typename F::Output& output, int32_t rows,
                    const Source& source) {
  if (rows == 1) {
    multiply_rows_of<F, 1, kPixels>(block, output, source);
  } else if constexpr (F::kDepth >= kLeastShared) {
    multiply_rows_of<F, 2, kPixels>(block, output, source);
  }
}

// Block b of the rows of outputs from number y on.
template <class F>
Block<F> find_block(const DepthwiseArgs& a, const Lines& lines, int32_t b, int32_t y) {
  const auto* header = static_cast<const PackedHeader<F>*>(a.packed);
  const int32_t first = b * F::kBlock;
  const int64_t row = int64_t{a.columns} * a.channels;
  return {*header,
          reinterpret_cast<const uint8_t*>(header + 1) + b * block_bytes<F>(a.taps),
          depthwise_steps<F>(a.taps),
          a.taps.together * kSums<F> * F::kVectorBytes,
          static_cast<typename F::Out*>(a.out) + y * row + first,
          row,
          lines.is_row ? int64_t{lines.blocks} * F::kBlock : a.channels,
          row - first,
          lines.is_row ? F::kBlock : min(a.channels - first, F::kBlock)};
}

// Blocks one after another, each wherever it occurs, so that its weights stay near.
template <class F>
void run_from_image(const DepthwiseArgs& a) {
  constexpr int kPixels = F::kDepth == 1 ? 4 : 1;
  const Lines lines = choose_lines<F>(a.channels, a.taps);
  // Of as many rows as are computed together, and of the last one.
  auto* offsets = static_cast<int64_t*>(a.workspace);
  int64_t* last_offsets = offsets + depthwise_steps<F>(a.taps) * F::kDepth;
  find_taps<F>(a, a.taps.together, offsets);
  find_taps<F>(a, 1, last_offsets);
  const int64_t step = lines.is_row ? int64_t{lines.blocks} * F::kBlock : a.channels;
  for (int32_t b = 0; b < lines.blocks; ++b) {
    Block<F> block = find_block<F>(a, lines, b, 0);
    const typename F::Output output = F::make_output(block.header.form);
    const auto* image = static_cast<const typename F::Element*>(a.image) + b * F::kBlock;
    for (int32_t y = 0; y < a.rows; y += a.taps.together) {
      const int32_t rows = min(a.taps.together, a.rows - y);
      const ImageSource<F> source = {image + y * a.row_stride, step,
                                     rows == a.taps.together ? offsets : last_offsets};
      multiply_block<F, kPixels>(block, output, rows, source);
      block.out += rows * block.row;
    }
  }
}

template <class F>
int64_t offset_bytes(const DepthwiseTaps& taps) {
  const int64_t offsets = 2 * depthwise_steps<F>(taps) * F::kDepth;
  return (offsets * static_cast<int64_t>(sizeof(int64_t)) + 63) / 64 * 64;
}

// Where lines are pixels, each block has lines of its own; else they have all blocks.
template <class F>
void run_from_lines(const DepthwiseArgs& a) {
  const Lines lines = choose_lines<F>(a.channels, a.taps);
  const LineSizes sizes = line_sizes<F>(a, lines);
  auto* offsets = static_cast<int64_t*>(a.workspace);
  find_in_lines<F>(a, sizes, offsets);
  auto* interleaved = reinterpret_cast<typename F::Element*>(static_cast<uint8_t*>(a.workspace) +
                                                             offset_bytes<F>(a.taps));
  const int32_t at_once = lines.is_row ? lines.blocks : 1;
  const int64_t step = int64_t{at_once} * F::kBlock * F::kDepth;
  for (int32_t first = 0; first < lines.blocks; first += at_once) {
    for (int32_t y = 0; y < a.rows; y += a.taps.together) {
      const int32_t rows = min(a.taps.together, a.rows - y);
      const auto* image = static_cast<const typename F::Element*>(a.image) + y * a.row_stride;
      interleave_lines<F>(a, sizes, image + first * F::kBlock, rows, interleaved);
      for (int32_t b = 0; b < at_once; ++b) {
        const LineSource<F> source = {interleaved + b * F::kBlock * F::kDepth, step, offsets};
        const Block<F> block = find_block<F>(a, lines, first + b, y);
        multiply_block<F, 2>(block, F::make_output(block.header.form), rows, source);
      }
    }
  }
}

// The rows of each column are interleaved where a second row of outputs then takes no more steps
// than one, and lines can be kept or there are no more steps than for all taps in a row.
template <class F>
DepthwiseTaps choose_taps(const reference::ConvParams& p, bool is_split) {
  const DepthwiseTaps shared = {p.filter_h, p.filter_w, 2, is_split};
  const DepthwiseTaps alone = {p.filter_h * p.filter_w, 1, 1, is_split};
  const bool is_free = F::kDepth >= kLeastShared && p.filter_h % F::kDepth != 0;
  const bool pays = F::kKeepsLines || depthwise_steps<F>(shared) <= depthwise_steps<F>(alone);
  return p.filter_h > 1 && p.stride_h == p.dilation_h && is_free && pays ? shared : alone;
}

// Lines are worth the trip through memory where two rows of outputs share them.
template <class F>
bool keeps_lines(const DepthwiseTaps& taps) {
  return F::kKeepsLines && taps.together > 1;
}

template <class F>
int64_t depthwise_workspace_bytes(const DepthwiseArgs& a) {
  const LineSizes sizes = line_sizes<F>(a, choose_lines<F>(a.channels, a.taps));
  const int64_t elements = keeps_lines<F>(a.taps) ? groups_of<F>(a.taps) * sizes.line : 0;
  return offset_bytes<F>(a.taps) + elements * static_cast<int64_t>(sizeof(typename F::Element));
}

template <class F>
void run_depthwise(const DepthwiseArgs& a) {
  if constexpr (F::kKeepsLines) {
    if (keeps_lines<F>(a.taps)) return run_from_lines<F>(a);
  }
  run_from_image<F>(a);
}

template <class F>
constexpr DepthwiseKernel kDepthwise = {kImage<F>,          F::kMostTerms,
                                        &choose_taps<F>,    &depthwise_packed_bytes<F>,
                                        &pack_depthwise<F>, &depthwise_workspace_bytes<F>,
                                        &run_depthwise<F>};
