// Sums of rows and of columns of 8 and 16 bits over the traits V and B: for reductions, and for
// products, whose zero points they are multiplied by.

// sums[j] += in[i * stride + j] for all i < rows and j < width.
void add_rows(const int16_t* in, int64_t rows, int64_t stride, int64_t width, int32_t* sums) {
  for (int64_t row = 0; row < rows; ++row, in += stride) {
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
void add_byte_columns(const T* in, int64_t rows, int64_t stride, int64_t count, int32_t* sums) {
  constexpr int32_t kExcess = std::is_signed_v<T> ? 128 : 0;
  const B::Vec zero = B::set8(0), flip = B::set8(-kExcess);
  B::Vec low = zero, high = zero;
  const T* row = in;
  for (int64_t i = 0; i < rows; ++i, row += stride) {
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
void add_rows(const T* in, int64_t rows, int64_t stride, int64_t width, int32_t* sums) {
  static_assert(sizeof(T) == 1);
  for (int64_t i = 0; i < rows; i += kMostByteRows) {
    const int64_t some = min(kMostByteRows, rows - i);
    const T* first = in + i * stride;
    int64_t j = 0;
    for (; j + B::kSize <= width; j += B::kSize) {
      add_byte_columns(first + j, some, stride, B::kSize, sums + j);
    }
    if (j < width) add_byte_columns(first + j, some, stride, width - j, sums + j);
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

// Of the weights of a column, of which there are at most 2^24.
struct ColumnSums {
  int32_t plain;
  int64_t magnitudes;
};

ColumnSums column_sums(const GemmColumns& c, int32_t column) {
  uint32_t plain = 0, magnitudes = 0;  // 2^24 times 255 at most
  const auto add = [&](int32_t w) {
    plain += static_cast<uint32_t>(w);
    magnitudes += static_cast<uint32_t>(w < 0 ? -w : w);
  };
  const FileWeights weights = c.weights;
  for (int32_t t = 0; t < c.taps; ++t) {
    const int64_t first = c.place(column, t, 0);
    if (c.row_stride == 1 && weights.narrow == nullptr) {  // a loop that compilers take vectors for
      for (int32_t d = 0; d < c.depth; ++d) add(weights.centred_byte(first + d));
    } else {
      for (int32_t d = 0; d < c.depth; ++d) add(weights.centred(first + d * c.row_stride));
    }
  }
  return {static_cast<int32_t>(plain), magnitudes};
}
