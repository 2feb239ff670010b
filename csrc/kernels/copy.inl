// Transposing copies of bytes over the trait B: strided copies (reference/copy.h) whose input is
// contiguous along another dimension than their output.

// out[i * out_stride + j] = in[j * in_stride + i] for i < 16 and j < kSize. In each 128 bits, four
// rounds of interleaving element k with element k + 8 are a transposition.
void transpose_tile(const uint8_t* in, int64_t in_stride, uint8_t* out, int64_t out_stride) {
  B::Vec a[16], b[16];
  const auto interleave = [](const B::Vec(&x)[16], B::Vec(&y)[16]) {
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) {
      y[2 * k] = B::low8(x[k], x[k + 8]);
      y[2 * k + 1] = B::high8(x[k], x[k + 8]);
    }
  };
#pragma GCC unroll 16
  for (int k = 0; k < 16; ++k) a[k] = B::load_16s(in + k * in_stride, 16 * in_stride);
  interleave(a, b);
  interleave(b, a);
  interleave(a, b);
  interleave(b, a);
#pragma GCC unroll 16
  for (int k = 0; k < 16; ++k) B::store(a[k], out + k * out_stride);
}

// For i < rows and j < columns.
void transpose_bytes(int64_t rows, int64_t columns, const uint8_t* in, int64_t in_stride,
                     uint8_t* out, int64_t out_stride) {
  const int64_t tiled_rows = rows / 16 * 16, tiled_columns = columns / B::kSize * B::kSize;
  for (int64_t j = 0; j < tiled_columns; j += B::kSize) {
    for (int64_t i = 0; i < tiled_rows; i += 16) {
      transpose_tile(in + j * in_stride + i, in_stride, out + i * out_stride + j, out_stride);
    }
  }
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t first = i < tiled_rows ? tiled_columns : 0;
    for (int64_t j = first; j < columns; ++j) out[i * out_stride + j] = in[j * in_stride + i];
  }
}

// The loop along which the input is contiguous, if it is not the innermost and the output is
// contiguous along that. Else -1.
int32_t find_transposed(const reference::StridedCopyParams& p) {
  if (p.block_bytes != 1 || p.rank < 2 || p.out_strides[p.rank - 1] != 1) return -1;
  for (int32_t d = 0; d < p.rank - 1; ++d) {
    if (p.in_strides[d] == 1) return d;
  }
  return -1;
}

void strided_copy(const reference::StridedCopyParams& p, const void* in, void* out) {
  const int32_t d = find_transposed(p), inner = p.rank - 1;
  if (d < 0) return reference::strided_copy(p, in, out);
  // The other loops, as copies of one block each, of which only the place matters.
  int64_t index[kMaxRank] = {};
  int64_t in_at = p.in_offset, out_at = p.out_offset;
  for (int32_t k = 0; k < p.rank; ++k) {
    if (p.dims[k] == 0) return;
  }
  while (true) {
    transpose_bytes(p.dims[d], p.dims[inner], static_cast<const uint8_t*>(in) + in_at,
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
