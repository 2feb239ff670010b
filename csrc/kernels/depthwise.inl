// The depthwise convolution of depthwise.h for a form F of products over vectors. Included after
// gemm.inl, of which it uses what F has; besides
//   kBlock, channel_at(i): elements of a line that are computed together; element i of them, in the
//     order in which vectors of sums have them, is that of channel channel_at(i)
//   interleave(tap, x): the elements of kDepth taps, so that one step adds kDepth products of a
//     channel
//   finish_block(header, output, words, sum, out, count): makes outputs of a block's sums, whose
//     words are arrays of kBlock, and stores `count` of them

template <class F>
constexpr int kSums = F::kBlock / F::kLanes;

template <class F>
int64_t block_bytes(int32_t taps) {
  return panel_bytes<F>(F::kBlock, steps_of<F>(taps));
}

// How lines of outputs are cut into blocks. Whole rows of pixels make a line where channels would
// leave much of a last block of their own empty, and where few blocks pass before the pattern
// begins anew; else each pixel is one.
struct Lines {
  bool is_row;
  int32_t blocks;  // packed
};

template <class F>
Lines choose_lines(int32_t channels, int32_t taps) {
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
int64_t depthwise_packed_bytes(int32_t channels, int32_t taps) {
  return static_cast<int64_t>(sizeof(PackedHeader<F>)) +
         choose_lines<F>(channels, taps).blocks * block_bytes<F>(taps);
}

template <class F>
void pack_depthwise(const GemmColumns& c, void* packed) {
  const int32_t taps = (c.weights.is_split ? 2 : 1) * c.depth;
  const Lines lines = choose_lines<F>(c.n, taps);
  memset(packed, 0, static_cast<size_t>(depthwise_packed_bytes<F>(c.n, taps)));
  auto* header = static_cast<PackedHeader<F>*>(packed);
  header->form = F::make_header(c);
  for (int32_t b = 0; b < lines.blocks; ++b) {
    auto* block = reinterpret_cast<uint8_t*>(header + 1) + b * block_bytes<F>(taps);
    pack_columns<F>(c, header->form, F::kBlock, c.depth, block, [&](int32_t i) {
      const int32_t at = b * F::kBlock + F::channel_at(i);
      return lines.is_row ? at % c.n : at < c.n ? at : -1;
    });
  }
}

// Part `part` of a block's sums. `image` has what tap offset 0 of its first element sees.
template <class F>
void sum_taps(const DepthwiseArgs& a, const typename F::Element* image, const uint8_t* block,
              int part, typename F::Sum (&sum)[kSums<F>]) {
  const auto* words = reinterpret_cast<const int32_t*>(block);
  typename F::Sum near[kSums<F>];  // gcc keeps in memory what others have the address of
#pragma GCC unroll 8
  for (int j = 0; j < kSums<F>; ++j) near[j] = F::start(words + j * F::kLanes, part);
  const uint8_t* weights = block + F::kBlock * kColumnBytes<F>;
  for (int32_t t = 0; t < a.taps; t += F::kDepth, weights += kSums<F> * F::kVectorBytes) {
    const typename F::Element* tap[F::kDepth];
#pragma GCC unroll 8
    for (int i = 0; i < F::kDepth; ++i) tap[i] = image + a.tap_offsets[t + i];
    typename F::Weights x[kSums<F>];
    F::interleave(tap, x);
#pragma GCC unroll 8
    for (int j = 0; j < kSums<F>; ++j) {
      F::dot(near[j], x[j], F::load_weights(weights + j * F::kVectorBytes));
    }
  }
#pragma GCC unroll 8
  for (int j = 0; j < kSums<F>; ++j) sum[j] = near[j];
}

// A block after another, each wherever it occurs in a row, so that its weights stay near.
template <class F>
void run_block(const DepthwiseArgs& a, const Lines& lines, int32_t b,
               const typename F::Element* image, typename F::Out* out) {
  const auto* header = static_cast<const PackedHeader<F>*>(a.packed);
  const auto* block = reinterpret_cast<const uint8_t*>(header + 1) + b * block_bytes<F>(a.taps);
  const typename F::Output output = F::make_output(header->form);
  const int64_t row = int64_t{a.columns} * a.channels, first = int64_t{b} * F::kBlock;
  const int64_t step = lines.is_row ? int64_t{lines.blocks} * F::kBlock : a.channels;
  const int64_t in_pixel = lines.is_row ? F::kBlock : min<int64_t>(a.channels - first, F::kBlock);
  for (int64_t at = first; at < row; at += step) {
    typename F::Sum sum[F::kParts][kSums<F>];
#pragma GCC unroll 8
    for (int i = 0; i < F::kParts; ++i) {
      sum_taps<F>(a, image + at + i * a.part_stride, block, i, sum[i]);
    }
    F::finish_block(header->form, output, reinterpret_cast<const int32_t*>(block), sum, out + at,
                    static_cast<int32_t>(min(in_pixel, row - at)));
  }
}

template <class F>
void run_depthwise(const DepthwiseArgs& a) {
  const Lines lines = choose_lines<F>(a.channels, a.taps);
  const auto* image = static_cast<const typename F::Element*>(a.image);
  auto* out = static_cast<typename F::Out*>(a.out);
  const int64_t row = int64_t{a.columns} * a.channels;
  for (int32_t b = 0; b < lines.blocks; ++b) {
    for (int32_t y = 0; y < a.rows; ++y) {
      run_block<F>(a, lines, b, image + y * a.row_stride, out + y * row);
    }
  }
}

template <class F>
constexpr DepthwiseKernel kDepthwise = {kImage<F>,          F::kMostTerms,
                                        F::kDepth,          &depthwise_packed_bytes<F>,
                                        &pack_depthwise<F>, &run_depthwise<F>};
