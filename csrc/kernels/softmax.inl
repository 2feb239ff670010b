// SOFTMAX of 8 and 16 bits and LOG_SOFTMAX of 8 over the traits V and B; reference/softmax.h and
// log_softmax.h have their steps. An output of 8 bits depends on how far its input is from the
// row's greatest alone, which has 256 values: a row is a table of them and lookups.

// 1 / (1 + x) as base/fixed_exp.h has it, of several numbers.
V::I32 one_over_one_plus(V::I32 x) {
  const V::I32 one = V::set(1), two = V::set(2);
  const V::I32 d = V::add(V::shift_right(x, one), V::set(1 << 30));
  V::I32 r = V::add(V::set(k48Over17), V::srdhm(d, V::set(-k32Over17)));
  for (int i = 0; i < 3; ++i) {
    const V::I32 error = V::sub(V::set(1 << 29), V::srdhm(d, r));
    r = V::add(r, V::shift_left(V::srdhm(r, error), two));
  }
  // Twice that, saturating.
  const V::I32 twice = V::shift_left(V::min(r, V::set((1 << 30) - 1)), one);
  return V::add(twice, V::shift_right(r, V::set(30)));
}

// The quotients of as many rows as a vector has lanes, by their sums. All outputs are 0 from a sum
// of 512 on, which is no row's of fewer columns.
constexpr int32_t kSoftmaxSumOfZeros = 512 << reference::kSoftmaxTermFraction;
struct SoftmaxQuotients {
  V::I32 factor, right;

  explicit SoftmaxQuotients(const int32_t* sums) {
    constexpr int kOutputBits = 8, kRightOf0 = 31 - kOutputBits + 31;
    int32_t normal[V::kLanes], rights[V::kLanes];
    for (int r = 0; r < V::kLanes; ++r) {
      const auto sum = static_cast<uint32_t>(sums[r]);
      const int zeros = leading_zeros(sum);
      normal[r] = static_cast<int32_t>(sum << zeros & INT32_MAX);  // without the leading 1
      rights[r] = kRightOf0 - reference::kSoftmaxTermFraction - zeros;
    }
    factor = one_over_one_plus(V::load(normal));
    right = V::load(rights);
  }
};

V::I32 softmax_output(V::I32 exponential, V::I32 factor, V::I32 right) {
  return V::rdbp(V::srdhm(factor, exponential), right);
}

// Rows that are too short for tables of outputs: one in each lane of two vectors, column after
// column. Two, as one alone waits for its own quotients.
constexpr int kShortSoftmaxRows = 2 * V::kLanes;
constexpr int32_t kShortSoftmaxColumns = 4 * reference::kSoftmaxSteps / V::kLanes;
template <class T>
void softmax_of_short_rows(const reference::Softmax8Params& p, const T* in, T* out) {
  constexpr int kRows = kShortSoftmaxRows, kLanes = V::kLanes;
  constexpr int32_t kLow = std::numeric_limits<T>::min();
  const V::I32 one = V::set(1), low = V::set(kLow), high = V::set(std::numeric_limits<T>::max());
  const V::I32 to_term = V::set(31 - reference::kSoftmaxTermFraction);
  const int32_t depth = p.shape.depth, size = depth * kRows;
  int32_t columns[kShortSoftmaxColumns * kRows], sums[kRows];
  int64_t at[kRows];
  for (int64_t row = 0; row < p.shape.rows; row += kRows) {
    const auto last = static_cast<int32_t>(min<int64_t>(p.shape.rows - row, kRows)) - 1;
    const T* x = in + row * depth;
    for (int r = 0; r < kRows; ++r)
      at[r] = int64_t{depth} * min(r, last);  // perhaps the last again
    for (int32_t i = 0; i < depth; ++i) {
#pragma GCC unroll 32
      for (int r = 0; r < kRows; ++r) columns[i * kRows + r] = x[at[r] + i];
    }
    for (int r = 0; r < kRows; r += kLanes) {
      V::I32 greatest = V::load(columns + r), sum = V::set(0);
      for (int32_t i = r + kRows; i < size; i += kRows) {
        greatest = V::max(greatest, V::load(columns + i));
      }
      for (int32_t i = r; i < size; i += kRows) {
        const V::I32 steps = V::sub(greatest, V::load(columns + i));
        const V::I32 exponential = B::gather_pairs(p.exponentials, V::shift_left(steps, one));
        sum = V::add(sum, V::rdbp(exponential, to_term));
        V::store(exponential, columns + i);
      }
      V::store(sum, sums + r);
    }
    const SoftmaxQuotients quotients[] = {SoftmaxQuotients(sums), SoftmaxQuotients(sums + kLanes)};
    for (int32_t i = 0; i < size; i += kLanes) {
      const SoftmaxQuotients& of_rows = quotients[i / kLanes % 2];
      const V::I32 y = softmax_output(V::load(columns + i), of_rows.factor, of_rows.right);
      V::store(V::min(V::add(y, low), high), columns + i);
    }
    T* y = out + row * depth;
    for (int32_t i = 0; i < depth; ++i) {
#pragma GCC unroll 32
      for (int r = 0; r < kRows; ++r) y[at[r] + i] = static_cast<T>(columns[i * kRows + r]);
    }
  }
}

// lut[i] = compute(steps[i]) for i < count; more may be written.
template <class T, class Compute>
void tabulate(const int32_t* steps, int32_t count, const V::Output& to, T* lut,
              const Compute& compute) {
  for (int32_t i = 0; i < count; i += B::kSize) {
    const auto part = [&](int32_t j) { return compute(V::load(steps + i + j * V::kLanes)); };
    B::store(B::in_order(V::finish(part(0), part(1), part(2), part(3), to)), lut + i);
  }
}

// out = lut[greatest - in].
template <class T>
void look_up_distances(const T* lut, int32_t greatest, int32_t depth, const T* in, T* out) {
  int32_t i = 0;
  if (depth >= 2 * B::kSize) {
    const B::Table table = B::load_table(reinterpret_cast<const uint8_t*>(lut));
    const B::Vec from = B::set8(greatest);
    for (; i + B::kSize <= depth; i += B::kSize) {
      B::store(B::look_up(table, B::sub8(from, B::load(in + i))), out + i);
    }
  }
  for (; i < depth; ++i) out[i] = lut[greatest - in[i]];
}

// The sum of terms[greatest - in], which are at most 1.
template <class T>
int64_t sum_of_terms(const int32_t* terms, int32_t greatest, int32_t depth, const T* in) {
  constexpr int32_t kBlock = 4096 - V::kLanes;  // whose sum is an int32
  static_assert(kBlock < int64_t{INT32_MAX} >> reference::kSoftmaxTermFraction);
  const V::I32 from = V::set(greatest), one = V::set(1);
  int64_t total = 0;
  int32_t i = 0;
  while (depth - i >= V::kLanes) {
    const int32_t end = depth - i > kBlock ? i + kBlock : depth;
    V::I32 sum = V::set(0);
    for (; i + V::kLanes <= end; i += V::kLanes) {
      const V::I32 steps = V::sub(from, B::widen(in + i));
      sum = V::add(sum, B::gather_pairs(terms, V::shift_left(steps, one)));
    }
    total += B::sum32(sum);
  }
  for (; i < depth; ++i) total += terms[greatest - in[i]];
  return total;
}

// The greatest element of any row.
template <class T>
int32_t greatest_of(const T* row, int32_t depth) {
  if (depth >= B::kSize) {
    return greatest_of_row(row, depth, Lanes<T>::flip()) + static_cast<int32_t>(kFlipOf<T>);
  }
  int32_t greatest = row[0];
  for (int32_t i = 1; i < depth; ++i) greatest = max<int32_t>(greatest, row[i]);
  return greatest;
}

template <class T>
void softmax(const reference::Softmax8Params& p, const T* in, T* out) {
  constexpr T kLow = std::numeric_limits<T>::min();
  constexpr int kLanes = V::kLanes;
  const int32_t depth = p.shape.depth;
  if (depth <= kShortSoftmaxColumns) return softmax_of_short_rows(p, in, out);
  const V::Output to = V::make_output({-128, -128, 127, kFlipOf<T>});
  T lut[reference::kSoftmaxSteps];
  for (T& output : lut) output = kLow;
  for (int64_t row = 0; row < p.shape.rows; row += kLanes) {
    const auto count = static_cast<int32_t>(min<int64_t>(p.shape.rows - row, kLanes));
    int32_t greatest[kLanes], sums[kLanes], factors[kLanes], rights[kLanes];
    for (int32_t r = 0; r < count; ++r) {
      const T* x = in + (row + r) * depth;
      greatest[r] = greatest_of(x, depth);
      const int64_t sum = sum_of_terms(p.terms, greatest[r], depth, x);
      sums[r] = static_cast<int32_t>(min<int64_t>(sum, kSoftmaxSumOfZeros));
    }
    for (int32_t r = count; r < kLanes; ++r) sums[r] = kSoftmaxSumOfZeros;
    const SoftmaxQuotients quotients(sums);
    V::store(quotients.factor, factors);
    V::store(quotients.right, rights);
    for (int32_t r = 0; r < count; ++r) {
      const int64_t at = (row + r) * depth;
      if (sums[r] == kSoftmaxSumOfZeros) {
        memset(out + at, static_cast<uint8_t>(kLow), static_cast<size_t>(depth));
        continue;
      }
      const V::I32 factor = V::set(factors[r]), right = V::set(rights[r]);
      tabulate(p.exponentials, p.outputs, to, lut,
               [&](V::I32 exponential) { return softmax_output(exponential, factor, right); });
      look_up_distances(lut, greatest[r], depth, in + at, out + at);
    }
  }
}

// LOG_SOFTMAX, whose outputs are a table of distances from the greatest, too.
template <class T>
void log_softmax(const reference::LogSoftmax8Params& p, const T* in, T* out) {
  constexpr int32_t kSteps = reference::kSoftmaxSteps;
  const int32_t depth = p.shape.depth;
  const V::Output to = V::make_output({127, -128, 127, kFlipOf<T>});
  const V::I32 right = V::set(reference::kLogSoftmaxShift);
  T lut[kSteps];
  for (int64_t row = 0; row < p.shape.rows; ++row, in += depth, out += depth) {
    const int32_t greatest = greatest_of(in, depth);
    const int64_t total = sum_of_terms(p.terms, greatest, depth, in);
    const auto sum = reference::log_softmax_sum(p, static_cast<int32_t>(total));
    const V::I32 log = V::set(sum.log);
    const int32_t outputs = clamp(-sum.least, 0, kSteps);
    tabulate(p.exponents, outputs, to, lut,
             [&](V::I32 exponent) { return V::rdbp(V::sub(exponent, log), right); });
    for (int32_t i = outputs; i < kSteps; ++i) lut[i] = std::numeric_limits<T>::min();
    look_up_distances(lut, greatest, depth, in, out);
  }
}

// The sum of a row's exponentials is to stay an int32.
constexpr int32_t kLongestSoftmax = 1 << 16;

void softmax_s16(const reference::Softmax16Params& p, const int16_t* in, int16_t* out) {
  using L = Lanes<int16_t>;
  const int32_t depth = p.shape.depth;
  if (depth < L::kLanes || depth > kLongestSoftmax) return reference::softmax_s16(p, in, out);
  const auto to = output_of<int16_t>(0), to_quotient = output_of<int16_t>(0, 0, INT16_MAX);
  const V::I32 low = V::set(INT16_MIN), high = V::set(INT16_MAX), right = V::set(16);
  const V::I32 multiplier = V::set(p.to_exponent.m), shift = V::set(p.to_exponent.shift);
  for (int64_t row = 0; row < p.shape.rows; ++row, in += depth, out += depth) {
    const Centre from_greatest = centre_of<int16_t>(greatest_of_row(in, depth, L::flip()));
    for_each_vector(depth, in, out, [&](B::Vec elements) {
      return by_parts<int16_t>(
          to,
          [&](V::I32 x) {
            const V::I32 y = V::add(requantize(from_greatest(x), multiplier, shift), high);
            return lookup_16(p.exp_lut, V::min(V::max(y, low), high));
          },
          elements);
    });
    const auto quotient = reference::softmax_quotient_16(sum_of_row(out, depth), p.reciprocal_lut);
    const V::I32 factor = V::set(quotient.factor), bits = V::set(quotient.right);
    const V::I32 half = V::set(1 << (quotient.right - 1));
    for_each_vector(depth, out, out, [&](B::Vec elements) {
      return by_parts<int16_t>(
          to_quotient,
          [&](V::I32 x) {
            const V::I32 y = B::dot16(V::shift_right_logical(x, right), factor);
            return V::shift_right(V::add(y, half), bits);
          },
          elements);
    });
  }
}
