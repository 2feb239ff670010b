#include "reference/copy.h"

#include <cstring>

namespace octavo::reference {
namespace {

// Blocks of at least kUnit bytes, so many at a time as a load and a store: the last unit overlaps
// the one before it.
template <int64_t kUnit>
void copy_units(int64_t bytes, int64_t count, const uint8_t* in, int64_t in_stride, uint8_t* out,
                int64_t out_stride) {
  for (int64_t i = 0; i < count; ++i, in += in_stride, out += out_stride) {
    for (int64_t at = 0; at + kUnit < bytes; at += kUnit) memcpy(out + at, in + at, kUnit);
    memcpy(out + bytes - kUnit, in + bytes - kUnit, kUnit);
  }
}

}  // namespace

void copy_blocks(int64_t bytes, int64_t count, const uint8_t* in, int64_t in_stride, uint8_t* out,
                 int64_t out_stride) {
  constexpr int64_t kLong = 256;  // what memcpy does better
  switch (bytes) {
    case 0:
      return;
    case 1:
      return copy_units<1>(1, count, in, in_stride, out, out_stride);
    case 2:
      return copy_units<2>(2, count, in, in_stride, out, out_stride);
    case 4:
      return copy_units<4>(4, count, in, in_stride, out, out_stride);
    case 8:
      return copy_units<8>(8, count, in, in_stride, out, out_stride);
    default:
      break;
  }
  if (bytes > kLong) {
    for (int64_t i = 0; i < count; ++i) memcpy(out + i * out_stride, in + i * in_stride, bytes);
  } else if (bytes >= 16) {
    copy_units<16>(bytes, count, in, in_stride, out, out_stride);
  } else if (bytes >= 8) {
    copy_units<8>(bytes, count, in, in_stride, out, out_stride);
  } else if (bytes >= 4) {
    copy_units<4>(bytes, count, in, in_stride, out, out_stride);
  } else {
    copy_units<2>(bytes, count, in, in_stride, out, out_stride);
  }
}

void strided_copy(const StridedCopyParams& p, const void* in, void* out) {
  if (p.block_bytes == 0) return;
  for (int32_t d = 0; d < p.rank; ++d) {
    if (p.dims[d] == 0) return;
  }
  const int32_t inner = p.rank - 1;  // the innermost loop is copy_blocks
  const int64_t inner_count = p.rank > 0 ? p.dims[inner] : 1;
  const int64_t in_inner = p.rank > 0 ? p.in_strides[inner] : 0;
  const int64_t out_inner = p.rank > 0 ? p.out_strides[inner] : 0;

  int64_t index[kMaxRank] = {};
  int64_t in_at = p.in_offset, out_at = p.out_offset;
  while (true) {
    copy_blocks(p.block_bytes, inner_count, static_cast<const uint8_t*>(in) + in_at, in_inner,
                static_cast<uint8_t*>(out) + out_at, out_inner);
    // The next index of the outer loops, counted up like an odometer.
    int32_t d = inner - 1;
    for (; d >= 0; --d) {
      in_at += p.in_strides[d];
      out_at += p.out_strides[d];
      if (++index[d] < p.dims[d]) break;
      index[d] = 0;
      in_at -= p.dims[d] * p.in_strides[d];
      out_at -= p.dims[d] * p.out_strides[d];
    }
    if (d < 0) return;
  }
}

void repeat(int64_t bytes, int64_t times, void* out) {
  auto* first = static_cast<uint8_t*>(out);
  const int64_t total = bytes * times;
  for (int64_t done = bytes; done < total;) {  // what is written doubles
    const int64_t n = done < total - done ? done : total - done;
    memcpy(first + done, first, n);
    done += n;
  }
}

void fill(int64_t count, int32_t element_bytes, const void* value, void* out) {
  if (count == 0) return;
  if (element_bytes == 1) {
    memset(out, *static_cast<const uint8_t*>(value), count);
    return;
  }
  memcpy(out, value, element_bytes);
  repeat(element_bytes, count, out);
}

}  // namespace octavo::reference
