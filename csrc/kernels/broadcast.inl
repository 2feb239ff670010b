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

  // Slices of so many rows of `n` elements; strides are those of slices, rows and elements.
  RowTile(int64_t slices, int64_t rows, int64_t n, const int64_t (&strides)[3])
      : rows_(rows),
        n_(n),
        slice_stride_(strides[0]),
        stride_(strides[1]),
        repeats_(strides[2] == 0),
        is_in_place_(stride_ == n && !repeats_ && (slices == 1 || slice_stride_ == rows * n)),
        is_same_((slices == 1 ? stride_ : slice_stride_) == 0) {}

  // `count` rows from row `first` on; of several slices these are whole ones. A tile that would be
  // the same again is not filled again.
  const Element* rows(const Element* data, int64_t first, int64_t count) {
    if (is_in_place_) return data + first * n_;
    if (is_same_ && first > 0) return tile_;
    const Element* slice = data + first / rows_ * slice_stride_ + first % rows_ * stride_;
    for (int64_t i = 0; i < count; i += rows_, slice += slice_stride_) {
      fill(slice, min(rows_, count - i), tile_ + i * n_);
    }
    return tile_;
  }

 private:
  // The next row comes over what is too much.
  void fill(const Element* from, int64_t count, Element* to) const {
    if (repeats_) {
      for (int64_t i = 0; i < count; ++i, from += stride_, to += n_) {
        const typename L::Vec value = L::set(*from);
        for (int64_t j = 0; j < n_; j += L::kLanes) L::store(value, to + j);
      }
    } else if (stride_ == 0 && n_ < L::kLanes) {
      const typename L::Vec row = L::load_part(from, n_);
      for (int64_t i = 0; i < count; ++i, to += n_) L::store(row, to);
    } else if (stride_ == 0) {
      for (int64_t i = 0; i < count; ++i, to += n_) memcpy(to, from, n_ * sizeof(Element));
    } else {
      memcpy(to, from, count * n_ * sizeof(Element));
    }
  }

  int64_t rows_, n_, slice_stride_, stride_;
  bool repeats_, is_in_place_, is_same_;
  Element tile_[kRow + L::kLanes];
};

// The innermost dimensions of a walk whose rows are short, as many rows at a time as make long
// ones: those of two dimensions, or of three where so several of the second fit.
template <class L, class Compute, class Element = typename L::Element>
void for_each_tile(const reference::Broadcast& p, const Element* a, const Element* b, Element* out,
                   const Compute& compute) {
  int32_t first = p.rank - 2;  // of those dimensions
  const int64_t rows = p.dims[first], n = p.dims[first + 1];
  int64_t slices = 1, most = RowTile<L>::kRow / n;
  if (first > 0 && most >= 2 * rows) {
    slices = p.dims[--first];
    most = most / rows * rows;
  }
  const auto tile_of = [&](const int64_t* strides) {
    return RowTile<L>(slices, rows, n, {strides[first], strides[p.rank - 2], strides[p.rank - 1]});
  };
  RowTile<L> a_tile = tile_of(p.a_strides), b_tile = tile_of(p.b_strides);
  reference::Broadcast outer = p;
  outer.rank = first + 1;
  outer.dims[first] = slices * rows * n;
  reference::for_each_row(
      outer, a, b, out,
      [&](int64_t, const Element* x, int64_t, const Element* y, int64_t, Element* to) {
        for (int64_t i = 0; i < slices * rows; i += most) {
          const int64_t count = min(most, slices * rows - i);
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
