// SOFTMAX, SUM and MEAN of float32 over the trait F; reference/softmax.h and reduce.h have their
// definitions.

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
  const F::Vec least = F::set(kLeastExponent), overflow = F::set(90);
  for (int64_t row = 0; row < shape.rows; ++row, in += depth, out += depth) {
    F::Vec most = lowest, sum = zero;
    for_each_part_of_row(depth, [&](int64_t i, auto count) {
      most = F::max(join_rest(load_of_row(in + i, count), lowest, count), most);
    });
    const F::Vec greatest = F::set(F::greatest(most));
    for_each_part_of_row(depth, [&](int64_t i, auto count) {
      const F::Vec x = F::mul(F::sub(load_of_row(in + i, count), greatest), factor);
      const F::Vec e = exp_real(clamp_real(x, least, overflow));
      sum = F::add(sum, join_rest(e, zero, count));
      store_of_row(e, out + i, count);
    });
    const F::Vec inverse = F::div(one, F::set(F::sum(sum)));
    for_each_vector(depth, out, out, [=](F::Vec e) { return F::mul(e, inverse); });
  }
}

// sums[j] += in[i * width + j] for all i < rows, in their order; j < count, at most kVectors
// vectors.
template <int kVectors>
void add_block(const float* in, int64_t rows, int64_t width, int64_t count, float* sums) {
  F::Vec sum[kVectors];
  const auto part = [=](int j) { return clamp<int64_t>(count - j * F::kLanes, 0, F::kLanes); };
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) sum[j] = F::load_part(sums + j * F::kLanes, part(j));
  for (int64_t i = 0; i < rows; ++i, in += width) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      sum[j] = F::add(sum[j], F::load_part(in + j * F::kLanes, part(j)));
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) F::store_part(sum[j], sums + j * F::kLanes, part(j));
}

void add_rows(const float* in, int64_t rows, int64_t width, float* sums) {
  constexpr int64_t kBlock = 4 * F::kLanes;
  int64_t i = 0;
  for (; i + kBlock <= width; i += kBlock) {
    add_block<4>(in + i, rows, width, kBlock, sums + i);
  }
  for (; i < width; i += F::kLanes) {
    add_block<1>(in + i, rows, width, min<int64_t>(F::kLanes, width - i), sums + i);
  }
}

float sum_of_reals(const float* in, int64_t n) {
  constexpr int kSums = 4;  // as many as hide the latency of an addition
  F::Vec sum[kSums];
  for (F::Vec& s : sum) s = F::set(0);
  int64_t i = 0;
  for (; i + kSums * F::kLanes <= n; i += kSums * F::kLanes) {
#pragma GCC unroll 4
    for (int j = 0; j < kSums; ++j) sum[j] = F::add(sum[j], F::load(in + i + j * F::kLanes));
  }
  for_each_part_of_row(n - i, [&](int64_t j, auto count) {
    sum[0] = F::add(sum[0], load_of_row(in + i + j, count));
  });
  return F::sum(F::add(F::add(sum[0], sum[1]), F::add(sum[2], sum[3])));
}

void real_sum(const reference::ReduceParams& p, const float* in, float* sums) {
  memset(sums, 0, static_cast<size_t>(p.outputs) * sizeof(*sums));
  const int32_t last = p.rank - 1;
  if (p.out_strides[last] == 0) {
    reference::for_each_reduced_row(
        p, in, sums, [](const float* row, int64_t n, float* to) { *to += sum_of_reals(row, n); });
    return;
  }
  // Rows that go into the same sums are one row to walk by.
  reference::ReduceParams q = p;
  const int64_t width = p.dims[last];
  const bool has_column = last > 0 && p.out_strides[last - 1] == 0;
  if (has_column) {
    q.rank = last;
    q.dims[last - 1] *= width;
  }
  const int64_t rows = has_column ? p.dims[last - 1] : 1;
  reference::for_each_reduced_row(
      q, in, sums, [=](const float* row, int64_t, float* to) { add_rows(row, rows, width, to); });
}

void real_mean(const reference::ReduceParams& p, const float* in, float* out) {
  real_sum(p, in, out);
  const F::Vec count = F::set(static_cast<float>(p.count));
  for_each_vector(p.outputs, out, out, [=](F::Vec sum) { return F::div(sum, count); });
}

constexpr void fill_real_rows(Kernels& k) {
  k.softmax_f32 = &softmax_f32;
  k.sum_f32 = &real_sum;
  k.mean_f32 = &real_mean;
}
