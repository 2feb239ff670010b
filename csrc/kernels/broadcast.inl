// Walking operands that broadcast against each other by vectors of their elements, over a trait L
// of such vectors: Element, Vec, kLanes, set, load, store, load_part, store_part.

// One operand of a row: its elements, or one that repeats.
template <class L>
struct RowOperand {
  using Element = typename L::Element;
  using Vec = typename L::Vec;

  const Element* data;
  bool repeats;
  Vec value;  // where it repeats

  RowOperand(const Element* data, int64_t stride)
      : data(data), repeats(stride == 0), value(L::set(*data)) {}
  Vec at(int64_t i) const { return repeats ? value : L::load(data + i); }
  Vec part_at(int64_t i, int64_t count) const {
    return repeats ? value : L::load_part(data + i, count);
  }
};

// What computes is handed on by reference: gcc takes the upper halves of vectors for clean behind
// a call of a function that was given one, which they are not, and what comes next waits.
template <class L, class Compute>
void compute_row(int64_t n, const RowOperand<L>& a, const RowOperand<L>& b,
                 typename L::Element* out, const Compute& given) {
  const Compute compute = given;  // which no output changes
  int64_t i = 0;
  for (; i + L::kLanes <= n; i += L::kLanes) L::store(compute(a.at(i), b.at(i)), out + i);
  if (i == n) return;
  L::store_part(compute(a.part_at(i, n - i), b.part_at(i, n - i)), out + i, n - i);
}

// Short rows of an operand, side by side: in its own memory where they lie so, else in a tile.
template <class L>
class RowTile {
 public:
  using Element = typename L::Element;
  static constexpr int64_t kLongest = 512 / sizeof(Element), kRow = 4096 / sizeof(Element);

  // Rows of `n` elements, `stride` apart, of one element each that repeats if `repeats`.
  RowTile(int64_t n, int64_t stride, bool repeats)
      : n_(n), stride_(stride), repeats_(repeats), is_in_place_(stride == n && !repeats) {}

  // `count` rows from row `first` on; a tile of the same row throughout is filled once.
  const Element* rows(const Element* data, int64_t first, int64_t count) {
    const Element* from = data + first * stride_;
    if (is_in_place_) return from;
    if (stride_ == 0 && first > 0) return tile_;
    for (int64_t i = 0; i < count; ++i, from += stride_) {
      Element* to = tile_ + i * n_;
      if (!repeats_) {
        memcpy(to, from, static_cast<size_t>(n_) * sizeof(Element));
        continue;
      }
      // The next row comes over what is too much.
      const typename L::Vec value = L::set(*from);
      for (int64_t j = 0; j < n_; j += L::kLanes) L::store(value, to + j);
    }
    return tile_;
  }

 private:
  int64_t n_, stride_;
  bool repeats_, is_in_place_;
  Element tile_[kRow + L::kLanes];
};

// The two innermost dimensions of a walk whose rows are short, as many rows at a time as make long
// ones.
template <class L, class Compute, class Element = typename L::Element>
void for_each_tile(const reference::Broadcast& p, const Element* a, const Element* b, Element* out,
                   const Compute& compute) {
  const int32_t last = p.rank - 1;
  const int64_t rows = p.dims[last - 1], n = p.dims[last], most = RowTile<L>::kRow / n;
  RowTile<L> a_tile(n, p.a_strides[last - 1], p.a_strides[last] == 0);
  RowTile<L> b_tile(n, p.b_strides[last - 1], p.b_strides[last] == 0);
  reference::Broadcast outer = p;
  outer.rank = last;
  outer.dims[last - 1] = rows * n;
  reference::for_each_row(
      outer, a, b, out,
      [&](int64_t, const Element* x, int64_t, const Element* y, int64_t, Element* to) {
        for (int64_t i = 0; i < rows; i += most) {
          const int64_t count = min(most, rows - i);
          compute_row<L>(count * n, {a_tile.rows(x, i, count), 1}, {b_tile.rows(y, i, count), 1},
                         to + i * n, compute);
        }
      });
}

// out = compute(a, b) by vectors of the operands' elements.
template <class L, class Compute, class Element = typename L::Element>
void compute_broadcast(const reference::Broadcast& p, const Element* a, const Element* b,
                       Element* out, const Compute& compute) {
  const int64_t n = p.dims[p.rank - 1];
  if (n == 0) return;
  if (p.rank > 1 && n < RowTile<L>::kLongest) return for_each_tile<L>(p, a, b, out, compute);
  reference::for_each_row(
      p, a, b, out,
      [&](int64_t, const Element* x, int64_t x_stride, const Element* y, int64_t y_stride,
          Element* row) { compute_row<L>(n, {x, x_stride}, {y, y_stride}, row, compute); });
}
