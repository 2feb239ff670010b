// What the kernels of 8-bit elements share, over the traits V and B: walking operands by vectors of
// bytes, int32 from bytes and back. int8 is computed with; uint8 has its sign bit flipped first.

template <class T>
constexpr Flip kFlipOf = std::is_signed_v<T> ? Flip::kNo : Flip::kSign;

// A zero point or a bound of T, as that of int8.
template <class T>
constexpr int32_t as_s8(int32_t value) {
  return value - static_cast<int32_t>(kFlipOf<T>);
}

// Two int16 in each int32, as dot16 takes them.
B::Vec pair_of(int32_t low, int32_t high) {
  return V::set(static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffff) |
                                     static_cast<uint32_t>(high) << 16));
}

// As many elements as there are up to the end of the tensor, kSize at most.
template <class T>
B::Vec load_channels(const T* in, const T* end) {
  return end - in >= B::kSize ? B::load(in) : B::load_part(in, end - in);
}
template <class T>
void store_channels(B::Vec x, T* out, const T* end) {
  if (end - out >= B::kSize) {
    B::store(x, out);
  } else {
    B::store_part(x, out, end - out);
  }
}

// One operand of a row: its elements, or one that repeats.
struct ByteOperand {
  const uint8_t* data;
  bool repeats;
  B::Vec value;  // where it repeats

  ByteOperand(const uint8_t* data, int64_t stride)
      : data(data), repeats(stride == 0), value(B::set8(*data)) {}
  B::Vec at(int64_t i) const { return repeats ? value : B::load(data + i); }
  B::Vec part_at(int64_t i, int64_t count) const {
    return repeats ? value : B::load_part(data + i, count);
  }
};

template <class Compute>
void compute_row(int64_t n, const ByteOperand& a, const ByteOperand& b, uint8_t* out,
                 Compute compute) {
  int64_t i = 0;
  for (; i + B::kSize <= n; i += B::kSize) B::store(compute(a.at(i), b.at(i)), out + i);
  if (i == n) return;
  B::store_part(compute(a.part_at(i, n - i), b.part_at(i, n - i)), out + i, n - i);
}

// Short rows of an operand, side by side: in its own memory where they lie so, else in a tile.
class RowTile {
 public:
  static constexpr int64_t kLongest = 256, kRowBytes = 2048;

  // Rows of `n` elements, `stride` apart, of one element each that repeats if `repeats`.
  RowTile(int64_t n, int64_t stride, bool repeats)
      : n_(n), stride_(stride), repeats_(repeats), is_in_place_(stride == n && !repeats) {}

  // `count` rows from row `first` on; a tile of the same row throughout is filled once.
  const uint8_t* rows(const uint8_t* data, int64_t first, int64_t count) {
    const uint8_t* from = data + first * stride_;
    if (is_in_place_) return from;
    if (stride_ == 0 && first > 0) return tile_;
    for (int64_t i = 0; i < count; ++i, from += stride_) {
      uint8_t* to = tile_ + i * n_;
      if (!repeats_) {
        memcpy(to, from, static_cast<size_t>(n_));
      } else if (n_ <= kSlack) {
        memset(to, *from, kSlack);  // the next row comes over what is too much
      } else {
        memset(to, *from, static_cast<size_t>(n_));
      }
    }
    return tile_;
  }

 private:
  static constexpr int64_t kSlack = 16;

  int64_t n_, stride_;
  bool repeats_, is_in_place_;
  uint8_t tile_[kRowBytes + kSlack];
};

// The two innermost dimensions of a walk whose rows are short, as many rows at a time as make long
// ones.
template <class Compute>
void for_each_tile(const reference::Broadcast& p, const uint8_t* a, const uint8_t* b, uint8_t* out,
                   Compute compute) {
  const int32_t last = p.rank - 1;
  const int64_t rows = p.dims[last - 1], n = p.dims[last], most = RowTile::kRowBytes / n;
  RowTile a_tile(n, p.a_strides[last - 1], p.a_strides[last] == 0);
  RowTile b_tile(n, p.b_strides[last - 1], p.b_strides[last] == 0);
  reference::Broadcast outer = p;
  outer.rank = last;
  outer.dims[last - 1] = rows * n;
  reference::for_each_row(
      outer, a, b, out,
      [&](int64_t, const uint8_t* x, int64_t, const uint8_t* y, int64_t, uint8_t* to) {
        for (int64_t i = 0; i < rows; i += most) {
          const int64_t count = min(most, rows - i);
          compute_row(count * n, {a_tile.rows(x, i, count), 1}, {b_tile.rows(y, i, count), 1},
                      to + i * n, compute);
        }
      });
}

// out = compute(a, b) by vectors of the operands' elements.
template <class T, class Compute>
void for_each_vector(const reference::Broadcast& broadcast, const T* a, const T* b, T* out,
                     Compute compute) {
  const auto* first = reinterpret_cast<const uint8_t*>(a);
  const auto* second = reinterpret_cast<const uint8_t*>(b);
  auto* to = reinterpret_cast<uint8_t*>(out);
  const int64_t n = broadcast.dims[broadcast.rank - 1];
  if (n == 0) return;
  if (broadcast.rank > 1 && n < RowTile::kLongest) {
    return for_each_tile(broadcast, first, second, to, compute);
  }
  reference::for_each_row(
      broadcast, first, second, to,
      [&](int64_t, const uint8_t* x, int64_t x_stride, const uint8_t* y, int64_t y_stride,
          uint8_t* row) { compute_row(n, {x, x_stride}, {y, y_stride}, row, compute); });
}

// The int8 of a vector as int32 times 2^24, in the order in which V::finish takes them.
struct Quarters {
  V::I32 v[4];
};
Quarters widen(B::Vec x) {
  const B::Vec zero = B::set8(0), low = B::low8(zero, x), high = B::high8(zero, x);
  return {{B::low16(zero, low), B::high16(zero, low), B::low16(zero, high), B::high16(zero, high)}};
}

// finish(compute(a, b)) for each quarter.
template <class Compute>
B::Vec by_quarters(B::Vec a, B::Vec b, const V::Output& to, Compute compute) {
  const Quarters x = widen(a), y = widen(b);
  return V::finish(compute(x.v[0], y.v[0]), compute(x.v[1], y.v[1]), compute(x.v[2], y.v[2]),
                   compute(x.v[3], y.v[3]), to);
}

// The greatest int8 of a row of at least kSize bytes, each combined with `flip` first.
template <class T>
int32_t greatest_of_row(const T* row, int64_t size, B::Vec flip) {
  // The last vector has some for a second time.
  B::Vec most = B::bit_xor(B::load(row + size - B::kSize), flip);
  for (int64_t i = 0; i + B::kSize <= size; i += B::kSize) {
    most = B::max8(most, B::bit_xor(B::load(row + i), flip));
  }
  return B::greatest8(most);
}
