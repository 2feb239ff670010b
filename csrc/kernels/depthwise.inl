// The depthwise convolution of depthwise.h over a vector trait V. Included after gemm.inl.
//
// Elements of kTaps taps are interleaved, so that one dot product adds kTaps products of a channel.
// Interleaving leaves a block in an order of its own, V::channel_at; narrowing the sums undoes it.

constexpr int kBlock = V::kBlock;  // elements of a line that are computed together
constexpr int kTaps = V::kDepth;
constexpr int kSums = kBlock / V::kLanes;
constexpr int kBlockWords = 1 + kRescaleWords;  // of an element: its bias, its Rescale

int64_t block_bytes(int32_t taps) {
  return kBlock * (kBlockWords * 4 + int64_t{round_up(taps, kTaps)});
}

// How lines of outputs are cut into blocks. Whole rows of pixels make a line where channels would
// leave much of a last block of their own empty, and where few blocks pass before the pattern
// begins anew; else each pixel is one.
struct Lines {
  bool is_row;
  int32_t blocks;  // packed
};

Lines choose_lines(int32_t channels, int32_t taps) {
  constexpr int64_t kMostBytes = 32 << 10;  // much of the nearest cache
  int32_t common = kBlock;
  while (channels % common != 0) common /= 2;
  const int32_t row_blocks = channels / common, pixel_blocks = round_up(channels, kBlock) / kBlock;
  const bool is_row = pixel_blocks * kBlock > channels + channels / 8 &&
                      (row_blocks <= pixel_blocks || row_blocks * block_bytes(taps) <= kMostBytes);
  return {is_row, is_row ? row_blocks : pixel_blocks};
}

int64_t depthwise_packed_bytes(int32_t channels, int32_t taps) {
  return static_cast<int64_t>(sizeof(PackedHeader)) +
         choose_lines(channels, taps).blocks * block_bytes(taps);
}

// The words of a block, one array of kBlock after another.
struct BlockWords {
  int32_t* begin;
  int32_t* bias() const { return begin; }
  int32_t* rescale(int word) const { return begin + (1 + word) * kBlock; }
  int8_t* weights() const { return reinterpret_cast<int8_t*>(begin + kBlockWords * kBlock); }
};

void store_rescale(const BlockWords& block, int at, const Rescale& r) {
  const V::I32 words[] = {r.left, r.m, r.m_odd, r.half, r.sign, r.right};
  static_assert(sizeof(words) / sizeof(words[0]) == kRescaleWords);
  for (int i = 0; i < kRescaleWords; ++i) V::store(words[i], block.rescale(i) + at);
}

Rescale load_rescale(const BlockWords& block, int at) {
  auto word = [&](int i) { return V::load(block.rescale(i) + at); };
  return {word(0), word(1), word(2), word(3), word(4), word(5)};
}

// Element i of a block has channel channel_of(i), or none. Returns whether all sums fit a Rescale.
template <class ChannelOf>
bool pack_block(const DepthwiseFilter& f, const BlockWords& block, ChannelOf channel_of) {
  bool all_fit = true;
  int32_t multiplier[kBlock] = {}, shift[kBlock] = {};
  for (int32_t i = 0; i < kBlock; ++i) {
    const int32_t c = channel_of(i);
    if (c < 0) continue;
    const ColumnSums sums = column_sums(f.weights, c, f.channels, f.taps);
    block.bias()[i] = folded_bias(f.bias, c, f.in_zero, sums.plain);
    multiplier[i] = f.multiplier[c].m;
    shift[i] = f.multiplier[c].shift;
    all_fit = all_fit && fits_rescale(greatest_sum(sums, f.bias, c), f.multiplier[c]);
    for (int32_t t = 0; t < (f.weights.is_split ? 2 : 1) * f.taps; ++t) {
      const int64_t from = int64_t{t % f.taps} * f.channels + c;
      block.weights()[(int64_t{t} / kTaps * kBlock + i) * kTaps + t % kTaps] =
          f.weights.half(from, t >= f.taps);
    }
  }
  for (int at = 0; at < kBlock; at += V::kLanes) {
    store_rescale(block, at, make_rescale(V::load(multiplier + at), V::load(shift + at)));
  }
  return all_fit;
}

void pack_depthwise(const DepthwiseFilter& f, void* packed) {
  const int32_t taps = (f.weights.is_split ? 2 : 1) * f.taps;
  const Lines lines = choose_lines(f.channels, taps);
  memset(packed, 0, static_cast<size_t>(depthwise_packed_bytes(f.channels, taps)));
  auto* header = static_cast<PackedHeader*>(packed);
  bool all_fit = true;
  for (int32_t b = 0; b < lines.blocks; ++b) {
    auto* begin = reinterpret_cast<uint8_t*>(header + 1) + b * block_bytes(taps);
    all_fit = pack_block(f, {reinterpret_cast<int32_t*>(begin)},
                         [&](int32_t i) {
                           const int32_t at = b * kBlock + V::channel_at(i);
                           return lines.is_row ? at % f.channels : at < f.channels ? at : -1;
                         }) &&
              all_fit;
  }
  header->finish = all_fit ? Finish::kRescale : Finish::kRequantize;
}

// A block of outputs, whose first element is that of tap offset 0 at `image`.
V::Sums sum_taps(const DepthwiseArgs& a, const Element* image, const BlockWords& block) {
  V::Sums sum;
#pragma GCC unroll 8
  for (int j = 0; j < kSums; ++j) sum.v[j] = V::load(block.bias() + j * V::kLanes);
  const int8_t* weights = block.weights();
  for (int32_t t = 0; t < a.taps; t += kTaps, weights += kBlock * kTaps) {
    const Element* tap[kTaps];
#pragma GCC unroll 8
    for (int i = 0; i < kTaps; ++i) tap[i] = image + a.tap_offsets[t + i];
    V::Weights x[kSums];
    V::interleave(tap, x);
#pragma GCC unroll 8
    for (int j = 0; j < kSums; ++j) {
      V::dot(sum.v[j], x[j], V::load_weights(weights + j * V::kLanes * kTaps));
    }
  }
  return sum;
}

// A block after another, each wherever it occurs in a row, so that its weights stay near.
void run_block(const DepthwiseArgs& a, const Lines& lines, int32_t b, const Element* image,
               int8_t* out) {
  const auto* header = static_cast<const PackedHeader*>(a.packed);
  const auto* words = reinterpret_cast<const uint8_t*>(header + 1) + b * block_bytes(a.taps);
  const BlockWords block = {reinterpret_cast<int32_t*>(const_cast<uint8_t*>(words))};
  const V::Output output = V::make_output(a.output);
  const int64_t row = int64_t{a.columns} * a.channels, first = int64_t{b} * kBlock;
  const int64_t step = lines.is_row ? int64_t{lines.blocks} * kBlock : a.channels;
  const int64_t in_pixel = lines.is_row ? kBlock : min<int64_t>(a.channels - first, kBlock);
  for (int64_t at = first; at < row; at += step) {
    V::Sums sum = sum_taps(a, image + at, block);
#pragma GCC unroll 8
    for (int j = 0; j < kSums; ++j) {
      const Rescale r = load_rescale(block, j * V::kLanes);
      if (header->finish == Finish::kRescale) {
        sum.v[j] = r(sum.v[j]);
      } else {
        const V::I32 shift = V::sub(V::sub(r.left, V::set(1)), r.right);
        sum.v[j] = requantize_clamped(sum.v[j], r.m, shift, a.output);
      }
    }
    V::store_block(sum, output, out + at, static_cast<int32_t>(min(in_pixel, row - at)));
  }
}

void run_depthwise(const DepthwiseArgs& a) {
  const Lines lines = choose_lines(a.channels, a.taps);
  const auto* image = static_cast<const Element*>(a.image);
  const int64_t row = int64_t{a.columns} * a.channels;
  for (int32_t b = 0; b < lines.blocks; ++b) {
    for (int32_t y = 0; y < a.rows; ++y) {
      run_block(a, lines, b, image + y * a.row_stride, a.out + y * row);
    }
  }
}

constexpr DepthwiseS8 kDepthwiseS8 = {kTaps, &depthwise_packed_bytes, &pack_depthwise,
                                      &run_depthwise};
