// The depthwise convolution of depthwise.h over a vector trait V. Included after gemm.inl.
//
// Elements of kTaps taps are interleaved, so that one dot product adds kTaps products of a channel.
// Interleaving leaves a block in an order of its own, V::channel_at; narrowing the sums undoes it.

constexpr int kBlock = V::kBlock;  // elements of a line that are computed together
constexpr int kTaps = V::kDepth;
constexpr int kSums = kBlock / V::kLanes;
constexpr int kBlockWords = 1 + kFinishWords;  // of an element: the bias comes first

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
  int32_t* finish() const { return begin + kBlock; }  // kBlock of each word
  int8_t* weights() const { return reinterpret_cast<int8_t*>(begin + kBlockWords * kBlock); }
};

ColumnSums column_sums(const DepthwiseFilter& f, int32_t channel) {
  return column_sums(f.weights, f.taps, /*depth=*/1,
                     [&](int32_t t, int32_t) { return int64_t{t} * f.channels + channel; });
}

// Element i of a block has channel channel_of(i), or none.
template <class ChannelOf>
void pack_block(const DepthwiseFilter& f, Finish finish, const BlockWords& block,
                ChannelOf channel_of) {
  for (int32_t i = 0; i < kBlock; ++i) {
    const int32_t c = channel_of(i);
    if (c < 0) continue;
    const ColumnSums sums = column_sums(f, c);
    block.bias()[i] = folded_bias(f.bias, c, f.in_zero, sums.plain, finish);
    block.finish()[i] = f.multiplier[c].m;
    block.finish()[kBlock + i] = f.multiplier[c].shift;
    for (int32_t t = 0; t < (f.weights.is_split ? 2 : 1) * f.taps; ++t) {
      const int64_t from = int64_t{t % f.taps} * f.channels + c;
      block.weights()[(int64_t{t} / kTaps * kBlock + i) * kTaps + t % kTaps] =
          f.weights.half(from, t >= f.taps);
    }
  }
  for (int at = 0; at < kBlock; at += V::kLanes) pack_finish(finish, block.finish() + at, kBlock);
}

void pack_depthwise(const DepthwiseFilter& f, void* packed) {
  const int32_t taps = (f.weights.is_split ? 2 : 1) * f.taps;
  const Lines lines = choose_lines(f.channels, taps);
  FinishChooser chooser(/*is_double=*/false, f.output);
  for (int32_t c = 0; c < f.channels; ++c) {
    const ColumnSums sums = column_sums(f, c);
    chooser.add(greatest_sum(sums, f.bias, c), f.multiplier[c]);
  }
  memset(packed, 0, static_cast<size_t>(depthwise_packed_bytes(f.channels, taps)));
  auto* header = static_cast<PackedHeader*>(packed);
  *header = {chooser.choose(), f.output};
  for (int32_t b = 0; b < lines.blocks; ++b) {
    auto* begin = reinterpret_cast<uint8_t*>(header + 1) + b * block_bytes(taps);
    pack_block(f, header->finish, {reinterpret_cast<int32_t*>(begin)}, [&](int32_t i) {
      const int32_t at = b * kBlock + V::channel_at(i);
      return lines.is_row ? at % f.channels : at < f.channels ? at : -1;
    });
  }
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

// Sums become outputs, before the zero point is added.
template <class Kind>
void finish_block_by(const PackedHeader& header, const BlockWords& block, V::Sums& sum) {
#pragma GCC unroll 8
  for (int j = 0; j < kSums; ++j) {
    sum.v[j] = load_finish<Kind>(block.finish() + j * V::kLanes, kBlock, header.output)(sum.v[j]);
  }
}

void finish_block(const PackedHeader& header, const BlockWords& block, V::Sums& sum) {
  switch (header.finish) {
    case Finish::kRescalePositive:
      return finish_block_by<RescalePositive>(header, block, sum);
    case Finish::kRescale:
      return finish_block_by<Rescale>(header, block, sum);
    default:
      return finish_block_by<Requantize>(header, block, sum);
  }
}

// A block after another, each wherever it occurs in a row, so that its weights stay near.
void run_block(const DepthwiseArgs& a, const Lines& lines, int32_t b, const Element* image,
               int8_t* out) {
  const auto* header = static_cast<const PackedHeader*>(a.packed);
  const auto* words = reinterpret_cast<const uint8_t*>(header + 1) + b * block_bytes(a.taps);
  const BlockWords block = {reinterpret_cast<int32_t*>(const_cast<uint8_t*>(words))};
  const V::Output output = V::make_output(header->output);
  const int64_t row = int64_t{a.columns} * a.channels, first = int64_t{b} * kBlock;
  const int64_t step = lines.is_row ? int64_t{lines.blocks} * kBlock : a.channels;
  const int64_t in_pixel = lines.is_row ? kBlock : min<int64_t>(a.channels - first, kBlock);
  for (int64_t at = first; at < row; at += step) {
    V::Sums sum = sum_taps(a, image + at, block);
    finish_block(*header, block, sum);
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
