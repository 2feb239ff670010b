// SUM, MEAN, REDUCE_MAX and REDUCE_MIN of 8 and 16 bits over the traits V and B; reduce.h and
// reduce_extremes.h of reference/ have their definitions. They walk as those of float32 do.

void row_sums_s8(int64_t rows, int64_t width, const int8_t* in, int32_t* sums) {
  for (int64_t i = 0; i < rows; ++i) sums[i] = sum_of_row(in + i * width, width);
}

template <class T>
void add_up(const reference::ReduceParams& p, const T* in, int32_t* sums) {
  const bool is_done = reduce_few(p, in, sums, [](const T* row, int n) {
    int32_t sum = 0;
    for (int i = 0; i < n; ++i) sum += row[i];
    return sum;
  });
  if (is_done) return;
  memset(sums, 0, static_cast<size_t>(p.outputs) * sizeof(*sums));
  if (p.out_strides[p.rank - 1] == 0) {
    reference::for_each_reduced_row(p, in, sums, [](const T* row, int64_t width, int32_t* to) {
      *to = add_wrapping(*to, sum_of_row(row, width));
    });
  } else {
    for_each_rows(p, in, sums, [](const T* row, int64_t rows, int64_t width, int32_t* to) {
      add_rows(row, rows, width, width, to);
    });
  }
}

template <class T, auto kReference>
void reduce_sum(const reference::ReduceParams& p, const T* in, int32_t* sums, T* out) {
  if (p.count == 0) return kReference(p, in, sums, out);
  add_up(p, in, sums);
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
