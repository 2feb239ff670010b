// A loop of dot products and nothing else over a vector trait V: the peak of a core, which products
// of matrices are measured against.

// Enough independent sums to hide the latency of a dot product, few enough for 16 registers.
constexpr int kPeakSums = 12;

int64_t dot_loop_s8(int64_t rounds) {
  V::Element elements[V::kDepth];
  const V::Element* lines[V::kTogether];
  uint8_t bytes[V::kVectorBytes];
  for (int i = 0; i < V::kDepth; ++i) elements[i] = static_cast<V::Element>(37 * i + 11);
  for (int i = 0; i < V::kTogether; ++i) lines[i] = elements;
  for (int i = 0; i < V::kVectorBytes; ++i) bytes[i] = static_cast<uint8_t>(73 * i);
  V::Left x = V::broadcast(lines, 0);
  const V::Weights w = V::load_weights(bytes);
  V::Accumulator sum[kPeakSums];
#pragma GCC unroll 16
  for (int i = 0; i < kPeakSums; ++i) {
    V::I32 first[V::kTogether];
    for (int k = 0; k < V::kTogether; ++k) first[k] = V::set(i);
    sum[i] = V::open(first);
  }
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
    for (int i = 0; i < kPeakSums; ++i) {
      V::hide(x);
      V::dot(sum[i], x, w);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kPeakSums; ++i) {
    V::I32 last[V::kTogether];
    V::close(sum[i], last);
    for (int k = 0; k < V::kTogether; ++k) V::hide(last[k]);
  }
  return rounds * kPeakSums * V::kTogether * V::kLanes * V::kDepth;
}
