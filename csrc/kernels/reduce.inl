// SUM and MEAN of 8 and 16 bits over the traits V and B; reference/reduce.h has their definitions.

// sums[i] += in[i]
template <class T>
void add_row(const T* in, int64_t width, int32_t* sums) {
  int64_t i = 0;
  for (; i + V::kLanes <= width; i += V::kLanes) {
    V::store(V::add(V::load(sums + i), B::widen(in + i)), sums + i);
  }
  for (; i < width; ++i) sums[i] = add_wrapping<int32_t>(sums[i], in[i]);
}

// int32 whose sum is that of a vector's elements, of which signed bytes are 128 more.
template <class T>
V::I32 sums_of(B::Vec x) {
  if constexpr (sizeof(T) == 2) return B::dot16(x, B::set16(1));
  return B::sums_u8(B::bit_xor(x, B::set8(std::is_signed_v<T> ? -128 : 0)));
}

// Wraps.
template <class T>
int32_t sum_of_row(const T* in, int64_t width) {
  using L = Lanes<T>;
  constexpr uint32_t kExcess = std::is_same_v<T, int8_t> ? 128 : 0;
  V::I32 sums = V::set(0);
  int64_t i = 0;
  for (; i + L::kLanes <= width; i += L::kLanes) {
    sums = V::add(sums, sums_of<T>(L::load(in + i)));
  }
  uint32_t sum = static_cast<uint32_t>(B::sum32(sums)) - kExcess * static_cast<uint32_t>(i);
  for (; i < width; ++i) sum += static_cast<uint32_t>(in[i]);
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

  requantize_to({p.outputs, static_cast<int32_t>(p.count * p.in_zero), p.out_zero, p.multiplier,
                 std::numeric_limits<T>::min(), std::numeric_limits<T>::max()},
                sums, out);
}
