// The depthwise convolution of depthwise.h over a vector trait V. Included after gemm.inl, whose
// requantize it uses.
//
// Bytes of kTaps pixels are interleaved, so that one dot product adds kTaps taps of a channel.
// Interleaving leaves the channels of a block in an order of its own, V::channel_at; narrowing the
// sums undoes it.

constexpr int kBlock = V::kBlock;  // channels
constexpr int kTaps = V::kDepth;
constexpr int kSums = kBlock / V::kLanes;

int64_t block_bytes(int32_t taps) {
  constexpr int64_t kWeightBytes = sizeof(V::Weight);
  return kBlock * (kColumnBytes + round_up(taps, kTaps) * kWeightBytes);
}

int64_t depthwise_packed_bytes(int32_t channels, int32_t taps) {
  return round_up(channels, kBlock) / kBlock * block_bytes(taps);
}

void pack_depthwise(const DepthwiseFilter& f, void* packed) {
  auto* block = static_cast<uint8_t*>(packed);
  for (int32_t first = 0; first < f.channels; first += kBlock, block += block_bytes(f.taps)) {
    auto* bias = reinterpret_cast<int32_t*>(block);
    int32_t* multiplier = bias + kBlock;
    int32_t* shift = multiplier + kBlock;
    auto* weights = reinterpret_cast<V::Weight*>(shift + kBlock);
    for (int32_t i = 0; i < kBlock; ++i) {
      const int32_t c = first + V::channel_at(i);
      const bool is_there = c < f.channels;
      uint32_t sum = 0;
      for (int32_t t = 0; t < round_up(f.taps, kTaps); ++t) {
        const int8_t w =
            is_there && t < f.taps ? f.weights[int64_t{t} * f.channels + c] : int8_t{0};
        weights[(t / kTaps * kBlock + i) * kTaps + t % kTaps] = w;
        sum += static_cast<uint32_t>(w);
      }
      const uint32_t b = is_there && f.bias != nullptr ? static_cast<uint32_t>(f.bias[c]) : 0;
      bias[i] = static_cast<int32_t>(b - static_cast<uint32_t>(f.in_zero + V::kOffset) * sum);
      multiplier[i] = is_there ? f.multiplier[c].m : 0;
      shift[i] = is_there ? f.multiplier[c].shift : 0;
    }
  }
}

void run_depthwise(const int8_t* const* inputs, const void* packed, int32_t channels, int32_t taps,
                   const QuantizedOutput& output, int8_t* out) {
  const auto* block = static_cast<const uint8_t*>(packed);
  const V::I32 out_zero = V::set(output.out_zero);
  const V::I32 low = V::set(output.act_min), high = V::set(output.act_max);
  for (int32_t first = 0; first < channels; first += kBlock, block += block_bytes(taps)) {
    const int32_t used = channels - first;
    const auto* bias = reinterpret_cast<const int32_t*>(block);
    const int32_t* multiplier = bias + kBlock;
    const int32_t* shift = multiplier + kBlock;
    const auto* weights = reinterpret_cast<const V::Weight*>(shift + kBlock);
    V::I32 sum[kSums];
#pragma GCC unroll 8
    for (int j = 0; j < kSums; ++j) sum[j] = V::load(bias + j * V::kLanes);
    for (int32_t t = 0; t < taps; t += kTaps, weights += kBlock * kTaps) {
      V::Weights x[kSums];
      V::interleave(inputs + t, first, used, x);
#pragma GCC unroll 8
      for (int j = 0; j < kSums; ++j) {
        V::dot(sum[j], x[j], V::load_weights(weights + j * V::kLanes * kTaps));
      }
    }
#pragma GCC unroll 8
    for (int j = 0; j < kSums; ++j) {
      sum[j] =
          requantize(sum[j], V::load(multiplier + j * V::kLanes), V::load(shift + j * V::kLanes));
      sum[j] = V::min(V::max(V::add(sum[j], out_zero), low), high);
    }
    V::store_block(sum, out + first, used);
  }
}

constexpr DepthwiseS8 kDepthwiseS8 = {kTaps, &depthwise_packed_bytes, &pack_depthwise,
                                      &run_depthwise};
