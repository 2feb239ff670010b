// SUM, MEAN, REDUCE_MAX and REDUCE_MIN of 8 and 16 bits over the traits V and B; reduce.h and
// reduce_extremes.h of reference/ have their definitions. They walk as those of float32 do.

// sums[j] += in[i * width + j] for all i < rows.
void add_rows(const int16_t* in, int64_t rows, int64_t width, int32_t* sums) {
  for (int64_t row = 0; row < rows; ++row, in += width) {
    int64_t i = 0;
    for (; i + V::kLanes <= width; i += V::kLanes) {
      V::store(V::add(V::load(sums + i), B::widen(in + i)), sums + i);
    }
    for (; i < width; ++i) sums[i] = add_wrapping<int32_t>(sums[i], in[i]);
  }
}

// The same of at most a vector's `count` columns of bytes, and of so few rows that their sums as
// unsigned bytes have 16 bits.
constexpr int64_t kMostByteRows = 256;
template <class T>
void add_byte_columns(const T* in, int64_t rows, int64_t width, int64_t count, int32_t* sums) {
  constexpr int32_t kExcess = std::is_signed_v<T> ? 128 : 0;
  const B::Vec zero = B::set8(0), flip = B::set8(-kExcess);
  B::Vec low = zero, high = zero;
  const T* row = in;
  for (int64_t i = 0; i < rows; ++i, row += width) {
    const B::Vec x = B::bit_xor(load_channels(row, row + count), flip);
    low = B::add16(low, B::low8(x, zero));
    high = B::add16(high, B::high8(x, zero));
  }
  // Each has half of the bytes of every 16.
  uint16_t halves[2][B::kSize / 2];
  B::store(low, halves[0]);
  B::store(high, halves[1]);
  for (int64_t j = 0; j < count; ++j) {
    const int32_t sum = halves[j / 8 % 2][j / 16 * 8 + j % 8];
    sums[j] = add_wrapping(sums[j], sum - kExcess * static_cast<int32_t>(rows));
  }
}

template <class T>
void add_rows(const T* in, int64_t rows, int64_t width, int32_t* sums) {
  static_assert(sizeof(T) == 1);
  for (int64_t i = 0; i < rows; i += kMostByteRows) {
    const int64_t some = min(kMostByteRows, rows - i);
    const T* first = in + i * width;
    int64_t j = 0;
    for (; j + B::kSize <= width; j += B::kSize) {
      add_byte_columns(first + j, some, width, B::kSize, sums + j);
    }
    if (j < width) add_byte_columns(first + j, some, width, width - j, sums + j);
  }
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
  if (p.out_strides[p.rank - 1] == 0) {
    reference::for_each_reduced_row(p, in, sums, [](const T* row, int64_t width, int32_t* to) {
      *to = add_wrapping(*to, sum_of_row(row, width));
    });
  } else {
    for_each_rows(p, in, sums, [](const T* row, int64_t rows, int64_t width, int32_t* to) {
      add_rows(row, rows, width, to);
    });
  }
  requantize_to({p.outputs, static_cast<int32_t>(p.count * p.in_zero), p.out_zero, p.multiplier,
                 std::numeric_limits<T>::min(), std::numeric_limits<T>::max()},
                sums, out);
}

// The least is the greatest of what has all bits flipped, and so has the sign of unsigned numbers.
template <class T, bool kIsGreatest>
struct KeepExtreme {
  using L = Lanes<T>;
  static constexpr T kStart =
      kIsGreatest ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();

  static B::Vec apply(B::Vec so_far, B::Vec x) {
    if constexpr (std::is_signed_v<T>) return kIsGreatest ? L::max(so_far, x) : L::min(so_far, x);
    const B::Vec a = B::bit_xor(so_far, L::flip()), b = B::bit_xor(x, L::flip());
    return B::bit_xor(kIsGreatest ? L::max(a, b) : L::min(a, b), L::flip());
  }
  static T apply(T so_far, T x) { return kIsGreatest ? max(so_far, x) : min(so_far, x); }
  static T all(B::Vec x) {
    const B::Vec order = B::bit_xor(L::flip(), B::set8(kIsGreatest ? 0 : -1));
    const int32_t most = L::greatest(B::bit_xor(x, order)) ^ static_cast<int32_t>(kFlipOf<T>);
    return static_cast<T>(kIsGreatest ? most : ~most);
  }

  // The last vector has some for a second time.
  static T of_row(const T* in, int64_t n) {
    if (n < L::kLanes) {
      T extreme = kStart;
      for (int64_t i = 0; i < n; ++i) extreme = apply(extreme, in[i]);
      return extreme;
    }
    B::Vec so_far = L::load(in + n - L::kLanes);
    for (int64_t i = 0; i + L::kLanes <= n; i += L::kLanes) so_far = apply(so_far, L::load(in + i));
    return all(so_far);
  }
};

template <class T, bool kIsGreatest>
void reduce_extreme(const reference::ReduceParams& p, const T* in, T* out) {
  using Operation = KeepExtreme<T, kIsGreatest>;
  reduce<Operation, T, &Operation::of_row>(p, in, out);
}
