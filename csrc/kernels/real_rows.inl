// SOFTMAX, LOG_SOFTMAX, L2_NORMALIZATION and reductions of float32 over the trait F; softmax.h,
// log_softmax.h, normalize.h, reduce.h and reduce_extremes.h of reference/ have their definitions.

// Calls part(i, count) for the vectors of a row of n. A whole one's count is a type of its own, for
// which the functions below need no mask.
struct Whole {};
template <class Part>
void for_each_part_of_row(int64_t n, Part part) {
  int64_t i = 0;
  for (; i + F::kLanes <= n; i += F::kLanes) part(i, Whole());
  if (i < n) part(i, n - i);
}
F::Vec load_of_row(const float* p, Whole) { return F::load(p); }
F::Vec load_of_row(const float* p, int64_t count) { return F::load_part(p, count); }
void store_of_row(F::Vec x, float* p, Whole) { F::store(x, p); }
void store_of_row(F::Vec x, float* p, int64_t count) { F::store_part(x, p, count); }
F::Vec join_rest(F::Vec x, F::Vec, Whole) { return x; }
F::Vec join_rest(F::Vec x, F::Vec rest, int64_t count) { return F::join(x, rest, count); }

void softmax_f32(const reference::SoftmaxShape& shape, float beta, const float* in, float* out) {
  const int64_t depth = shape.depth;
  const F::Vec lowest = F::set(std::numeric_limits<float>::lowest());
  const F::Vec factor = F::set(beta), zero = F::set(0), one = F::set(1);
  const F::Vec least = F::set(kLeastNormalExponent), overflow = F::set(90);
  for (int64_t row = 0; row < shape.rows; ++row, in += depth, out += depth) {
    F::Vec most = lowest, sum = zero;
    for_each_part_of_row(depth, [&](int64_t i, auto count) {
      most = F::max(join_rest(load_of_row(in + i, count), lowest, count), most);
    });
    const F::Vec greatest = F::set(F::greatest(most));
    for_each_part_of_row(depth, [&](int64_t i, auto count) {
      const F::Vec x = F::mul(F::sub(load_of_row(in + i, count), greatest), factor);
      // Less than a normal number counts as 0: making it, and multiplying by it, takes long.
      const F::Vec e = F::select_above(least, x, zero, exp_real(clamp_real(x, least, overflow)));
      sum = F::add(sum, join_rest(e, zero, count));
      store_of_row(e, out + i, count);
    });
    const F::Vec inverse = F::div(one, F::set(F::sum(sum)));
    for_each_vector(depth, out, out, [=](F::Vec e) { return F::mul(e, inverse); });
  }
}

// What a reduction does with two numbers, what it begins with, and what it makes of a vector's.
struct AddUp {
  static constexpr float kStart = 0;
  static F::Vec apply(F::Vec so_far, F::Vec x) { return F::add(so_far, x); }
  static float apply(float so_far, float x) { return so_far + x; }
  static float all(F::Vec x) { return F::sum(x); }
};
struct KeepGreatest {  // NaN is passed over
  static constexpr float kStart = std::numeric_limits<float>::lowest();
  static F::Vec apply(F::Vec so_far, F::Vec x) { return F::max(x, so_far); }
  static float apply(float so_far, float x) { return x > so_far ? x : so_far; }
  static float all(F::Vec x) { return F::greatest(x); }
};
struct KeepLeast {
  static constexpr float kStart = std::numeric_limits<float>::max();
  static F::Vec apply(F::Vec so_far, F::Vec x) { return F::min(x, so_far); }
  static float apply(float so_far, float x) { return x < so_far ? x : so_far; }
  static float all(F::Vec x) { return -F::greatest(F::mul(F::set(-1), x)); }
};
struct MultiplyAll {
  static constexpr float kStart = 1;
  static F::Vec apply(F::Vec so_far, F::Vec x) { return F::mul(so_far, x); }
  static float apply(float so_far, float x) { return so_far * x; }
  static float all(F::Vec x) {
    float lanes[F::kLanes], product = 1;
    F::store(x, lanes);
    for (float lane : lanes) product *= lane;
    return product;
  }
};

// results[j] becomes that of itself and in[i * width + j] for all i < rows, in their order;
// j < count, at most kVectors vectors.
template <class Operation, int kVectors, class T>
void reduce_block(const T* in, int64_t rows, int64_t width, int64_t count, T* results) {
  using L = Lanes<T>;
  typename L::Vec so_far[kVectors];
  const T* const end = results + count;
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) so_far[j] = load_channels(results + j * L::kLanes, end);
  for (int64_t i = 0; i < rows; ++i, in += width) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      so_far[j] = Operation::apply(so_far[j], load_channels(in + j * L::kLanes, in + count));
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) store_channels(so_far[j], results + j * L::kLanes, end);
}

template <class Operation, class T>
void reduce_rows(const T* in, int64_t rows, int64_t width, T* results) {
  constexpr int64_t kLanes = Lanes<T>::kLanes, kBlock = 4 * kLanes;
  int64_t i = 0;
  for (; i + kBlock <= width; i += kBlock) {
    reduce_block<Operation, 4>(in + i, rows, width, kBlock, results + i);
  }
  for (; i + kLanes <= width; i += kLanes) {
    reduce_block<Operation, 1>(in + i, rows, width, kLanes, results + i);
  }
  if (i < width) reduce_block<Operation, 1>(in + i, rows, width, width - i, results + i);
}

template <class Operation>
float reduce_row(const float* in, int64_t n) {
  constexpr int kChains = 4;  // as many as hide the latency of an addition
  const F::Vec start = F::set(Operation::kStart);
  F::Vec so_far[kChains];
  for (F::Vec& s : so_far) s = start;
  int64_t i = 0;
  for (; i + kChains * F::kLanes <= n; i += kChains * F::kLanes) {
#pragma GCC unroll 4
    for (int j = 0; j < kChains; ++j) {
      so_far[j] = Operation::apply(so_far[j], F::load(in + i + j * F::kLanes));
    }
  }
  for_each_part_of_row(n - i, [&](int64_t j, auto count) {
    const F::Vec x = join_rest(load_of_row(in + i + j, count), start, count);
    so_far[0] = Operation::apply(so_far[0], x);
  });
  return Operation::all(Operation::apply(Operation::apply(so_far[0], so_far[1]),
                                         Operation::apply(so_far[2], so_far[3])));
}

// Calls body(rows, count, width, results) for the rows of a walk that keeps its last dimension:
// `count` of them in a row go into the same results.
template <class T, class Result, class Body>
void for_each_rows(const reference::ReduceParams& p, const T* in, Result* results, Body body) {
  reference::ReduceParams q = p;
  const int32_t last = p.rank - 1;
  const int64_t width = p.dims[last];
  const bool has_column = last > 0 && p.out_strides[last - 1] == 0;
  if (has_column) {
    q.rank = last;
    q.dims[last - 1] *= width;
  }
  const int64_t count = has_column ? p.dims[last - 1] : 1;
  reference::for_each_reduced_row(
      q, in, results, [=](const T* row, int64_t, Result* to) { body(row, count, width, to); });
}

// results[i] = of(row, n) of each row of a walk that keeps one dimension and reduces the last, of 2
// to 4 elements: n is a constant, by which compilers make vectors of rows. False of other walks.
template <class T, class Result, class OfRow>
bool reduce_few(const reference::ReduceParams& p, const T* in, Result* results, OfRow of) {
  if (p.rank != 2 || p.out_strides[1] != 0) return false;
  const auto reduce_each = [&](auto n) {
    for (int64_t i = 0; i < p.dims[0]; ++i) results[i] = of(in + i * n, n);
    return true;
  };
  switch (p.dims[1]) {
    case 2:
      return reduce_each(std::integral_constant<int, 2>());
    case 3:
      return reduce_each(std::integral_constant<int, 3>());
    case 4:
      return reduce_each(std::integral_constant<int, 4>());
    default:
      return false;
  }
}

// kRow is the Operation of a whole row.
template <class Operation, class T, T (*kRow)(const T*, int64_t)>
void reduce(const reference::ReduceParams& p, const T* in, T* results) {
  const bool is_done = reduce_few(p, in, results, [](const T* row, int n) {
    T so_far = Operation::kStart;
    for (int i = 0; i < n; ++i) so_far = Operation::apply(so_far, row[i]);
    return so_far;
  });
  if (is_done) return;
  for (int64_t i = 0; i < p.outputs; ++i) results[i] = Operation::kStart;
  if (p.out_strides[p.rank - 1] == 0) {
    reference::for_each_reduced_row(p, in, results, [](const T* row, int64_t n, T* to) {
      *to = Operation::apply(*to, kRow(row, n));
    });
  } else {
    for_each_rows(p, in, results, &reduce_rows<Operation, T>);
  }
}

template <class Operation>
void real_reduce(const reference::ReduceParams& p, const float* in, float* results) {
  reduce<Operation, float, &reduce_row<Operation>>(p, in, results);
}

void real_mean(const reference::ReduceParams& p, const float* in, float* out) {
  real_reduce<AddUp>(p, in, out);
  const F::Vec count = F::set(static_cast<float>(p.count));
  for_each_vector(p.outputs, out, out, [=](F::Vec sum) { return F::div(sum, count); });
}

// The same sum as SOFTMAX has; what is taken from each number is the row's alone.
void log_softmax_f32(const reference::SoftmaxShape& shape, const float* in, float* out) {
  const int64_t depth = shape.depth;
  // The sum is 1 or more: what less adds to it is nothing.
  const F::Vec zero = F::set(0), least = F::set(kLeastNormalExponent), overflow = F::set(90);
  for (int64_t row = 0; row < shape.rows; ++row, in += depth, out += depth) {
    const F::Vec most = F::set(reduce_row<KeepGreatest>(in, depth));
    F::Vec sum = zero;
    for_each_part_of_row(depth, [&](int64_t i, auto count) {
      const F::Vec x = F::sub(load_of_row(in + i, count), most);
      sum = F::add(sum, join_rest(exp_real(clamp_real(x, least, overflow)), zero, count));
    });
    const F::Vec log_sum = F::set(reference::log_real(F::sum(sum)));
    for_each_vector(depth, in, out, [=](F::Vec x) { return F::sub(F::sub(x, most), log_sum); });
  }
}

void l2_normalization_f32(const reference::L2NormalizationParams& p, const float* in, float* out) {
  const int64_t depth = p.depth;
  for (int64_t row = 0; row < p.rows; ++row, in += depth, out += depth) {
    F::Vec square = F::set(0);
    for_each_part_of_row(depth, [&](int64_t i, auto count) {
      const F::Vec x = load_of_row(in + i, count);
      square = F::fma(x, x, square);
    });
    const F::Vec norm = F::max(F::sqrt(F::set(F::sum(square))), F::set(1e-6f));
    for_each_vector(depth, in, out, [=](F::Vec x) { return F::div(x, norm); });
  }
}

#include "kernels/row_product.inl"

constexpr void fill_real_rows(Kernels& k) {
  k.add_row_product_f32 = &add_row_product_f32;
  k.batch_matmul_f32 = &batch_matmul_f32;
  k.softmax_f32 = &softmax_f32;
  k.sum_f32 = &real_reduce<AddUp>;
  k.reduce_max_f32 = &real_reduce<KeepGreatest>;
  k.reduce_min_f32 = &real_reduce<KeepLeast>;
  k.reduce_prod_f32 = &real_reduce<MultiplyAll>;
  k.l2_normalization_f32 = &l2_normalization_f32;
  k.log_softmax_f32 = &log_softmax_f32;
  k.mean_f32 = &real_mean;
}
