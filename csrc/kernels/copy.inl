// Transposing copies of elements of 1, 2, 4 and 8 bytes over the traits V and B: strided copies
// (reference/copy.h) whose input is contiguous along another dimension than their output.

// An element of so many bytes.
template <int kBytes>
using Unit = std::conditional_t<
    kBytes == 1, uint8_t,
    std::conditional_t<kBytes == 2, uint16_t, std::conditional_t<kBytes == 4, uint32_t, uint64_t>>>;

// In each 128 bits, x becomes the elements of x[0], x[1], ... in turn: log2(kRows) rounds of
// interleaving row k with row k + kRows / 2.
template <class T, int kRows>
OCTAVO_ALWAYS_INLINE void interleave(B::Vec (&x)[kRows]) {
#pragma GCC unroll 4
  for (int rounds = kRows; rounds > 1; rounds /= 2) {
    B::Vec y[kRows];
#pragma GCC unroll 8
    for (int k = 0; k < kRows / 2; ++k) {
      y[2 * k] = Lanes<T>::low(x[k], x[k + kRows / 2]);
      y[2 * k + 1] = Lanes<T>::high(x[k], x[k + kRows / 2]);
    }
#pragma GCC unroll 16
    for (int k = 0; k < kRows; ++k) x[k] = y[k];
  }
}

// out[i * out_stride + j] = in[j * in_stride + i] for i < kRows and j < kLanes; strides are in
// bytes.
template <class T>
constexpr int kTileRows = 16 / sizeof(T);
template <class T>
void transpose_tile(const uint8_t* in, int64_t in_stride, uint8_t* out, int64_t out_stride) {
  constexpr int kRows = kTileRows<T>;
  B::Vec x[kRows];
#pragma GCC unroll 16
  for (int k = 0; k < kRows; ++k) x[k] = B::load_16s(in + k * in_stride, kRows * in_stride);
  interleave<T>(x);
#pragma GCC unroll 16
  for (int k = 0; k < kRows; ++k) B::store(x[k], out + k * out_stride);
}

// A row such that interleave() of kRows of them gives elements in their order.
template <int kRows>
B::Vec deal(B::Vec row) {
  static_assert(kRows <= 4 || B::kSize == 16);
  if constexpr (kRows == 2) return B::deal64(row);
  return kRows == 4 ? B::deal32(row) : row;
}

// `count` bytes or more, of which a vector is wanted or less.
B::Vec load_bytes(const uint8_t* p, int64_t count) {
  return count >= B::kSize ? B::load(p) : B::load_part(p, count);
}
void store_bytes(B::Vec x, uint8_t* p, int64_t count) {
  count >= B::kSize ? B::store(x, p) : B::store_part(x, p, count);
}

// For i < rows and j < columns. The last tiles overlap those before them, where there are any.
// Blocks of tiles write several lines of a row of the output while they are in the cache.
template <class T>
void transpose(int64_t rows, int64_t columns, const uint8_t* in, int64_t in_stride, uint8_t* out,
               int64_t out_stride) {
  constexpr int64_t kRows = kTileRows<T>, kColumns = Lanes<T>::kLanes, kBytes = sizeof(T);
  constexpr int64_t kBlockRows = 8 * kRows, kBlockColumns = 4 * kColumns;
  if (rows < kRows || columns < kColumns) {
    const auto copy = [=](int64_t i, int64_t j) {
      memcpy(out + i * out_stride + j * kBytes, in + j * in_stride + i * kBytes, sizeof(T));
    };
    const auto copy_rows = [=](auto columns) {
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) copy(i, j);
      }
    };
    if (columns == 2) {
      copy_rows(std::integral_constant<int, 2>());
    } else if (rows < columns) {
      copy_rows(columns);
    } else {
      for (int64_t j = 0; j < columns; ++j) {
        for (int64_t i = 0; i < rows; ++i) copy(i, j);
      }
    }
    return;
  }
  for (int64_t j0 = 0; j0 < columns; j0 += kBlockColumns) {
    const int64_t j_end = min(j0 + kBlockColumns, columns);
    for (int64_t i0 = 0; i0 < rows; i0 += kBlockRows) {
      const int64_t i_end = min(i0 + kBlockRows, rows);
      for (int64_t j = j0; j < j_end; j += kColumns) {
        const int64_t column = min(j, columns - kColumns);
        for (int64_t i = i0; i < i_end; i += kRows) {
          const int64_t row = min(i, rows - kRows);
          transpose_tile<T>(in + column * in_stride + row * kBytes, in_stride,
                            out + row * out_stride + column * kBytes, out_stride);
        }
      }
    }
  }
}

// The loop along which the input is contiguous, if it is not the innermost and the output is
// contiguous along that. Else -1.
int32_t find_transposed(const reference::StridedCopyParams& p) {
  if (p.rank < 2 || p.out_strides[p.rank - 1] != p.block_bytes) return -1;
  for (int32_t d = 0; d < p.rank - 1; ++d) {
    if (p.in_strides[d] == p.block_bytes) return d;
  }
  return -1;
}

template <class T>
void copy_transposed(const reference::StridedCopyParams& p, int32_t d, const void* in, void* out) {
  const int32_t inner = p.rank - 1;
  // The other loops, as copies of one block each, of which only the place matters.
  int64_t index[kMaxRank] = {};
  int64_t in_at = p.in_offset, out_at = p.out_offset;
  for (int32_t k = 0; k < p.rank; ++k) {
    if (p.dims[k] == 0) return;
  }
  while (true) {
    transpose<T>(p.dims[d], p.dims[inner], static_cast<const uint8_t*>(in) + in_at,
                 p.in_strides[inner], static_cast<uint8_t*>(out) + out_at, p.out_strides[d]);
    int32_t k = inner - 1;
    for (; k >= 0; --k) {
      if (k == d) continue;
      in_at += p.in_strides[k];
      out_at += p.out_strides[k];
      if (++index[k] < p.dims[k]) break;
      index[k] = 0;
      in_at -= p.dims[k] * p.in_strides[k];
      out_at -= p.dims[k] * p.out_strides[k];
    }
    if (k < 0) return;
  }
}

void strided_copy(const reference::StridedCopyParams& p, const void* in, void* out) {
  const int32_t d = find_transposed(p);
  switch (d >= 0 ? p.block_bytes : 0) {
    case 1:
      return copy_transposed<uint8_t>(p, d, in, out);
    case 2:
      return copy_transposed<uint16_t>(p, d, in, out);
    case 4:
      return copy_transposed<uint32_t>(p, d, in, out);
    case 8:
      return copy_transposed<uint64_t>(p, d, in, out);
    default:
      return reference::strided_copy(p, in, out);
  }
}
