// SUM and MEAN of 8 bits over the traits V and B; reference/reduce.h has their definitions.

// sums[i] += in[i]
template <class T>
void add_row(const T* in, int64_t width, int32_t* sums) {
  int64_t i = 0;
  for (; i + V::kLanes <= width; i += V::kLanes) {
    V::store(V::add(V::load(sums + i), B::widen(in + i)), sums + i);
  }
  for (; i < width; ++i) sums[i] = add_wrapping<int32_t>(sums[i], in[i]);
}

template <class T>
int32_t sum_of_row(const T* in, int64_t width) {
  const B::Vec to_unsigned = B::set8(std::is_signed_v<T> ? -128 : 0);
  int64_t sum = 0, i = 0;
  for (; i + B::kSize <= width; i += B::kSize) {
    sum += B::sum_u8(B::bit_xor(B::load(in + i), to_unsigned));
  }
  if (std::is_signed_v<T>) sum -= 128 * i;
  for (; i < width; ++i) sum += in[i];
  return static_cast<int32_t>(sum);
}

template <class T, auto kReference>
void reduce_sum(const reference::ReduceParams& p, const T* in, int32_t* sums, T* out) {
  if (p.count == 0) return kReference(p, in, sums, out);
  memset(sums, 0, static_cast<size_t>(p.outputs) * sizeof(*sums));
  const bool is_one = p.out_strides[p.rank - 1] == 0;
  reference::for_each_reduced_row(p, in, sums, [&](const T* row, int64_t width, int32_t* to) {
    if (is_one) {
      *to = add_wrapping(*to, sum_of_row(row, width));
    } else {
      add_row(row, width, to);
    }
  });

  constexpr int32_t kLow = std::numeric_limits<T>::min(), kHigh = std::numeric_limits<T>::max();
  const auto zeros = static_cast<int32_t>(p.count * p.in_zero);
  const QuantizedOutput output = {as_signed<T>(p.out_zero), -128, 127, kFlipOf<T>};
  const V::Output to = V::make_output(output);
  const V::I32 zero = V::set(zeros);
  const V::I32 multiplier = V::set(p.multiplier.m), shift = V::set(p.multiplier.shift);
  const auto scaled = [&](const int32_t* sum) {
    return requantize_clamped(V::sub(V::load(sum), zero), multiplier, shift, output);
  };
  int64_t i = 0;
  for (; i + B::kSize <= p.outputs; i += B::kSize) {
    const int32_t* s = sums + i;
    const V::I32 a = scaled(s), b = scaled(s + V::kLanes);
    const V::I32 c = scaled(s + 2 * V::kLanes), d = scaled(s + 3 * V::kLanes);
    B::store(B::in_order(V::finish(a, b, c, d, to)), out + i);
  }
  // Which keeps the lowest byte of values in T's range.
  reference::requantize_s32_s8({p.outputs - i, zeros, p.out_zero, p.multiplier, kLow, kHigh},
                               sums + i, reinterpret_cast<int8_t*>(out + i));
}
