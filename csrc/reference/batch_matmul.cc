#include "reference/batch_matmul.h"

#include <limits>
#include <type_traits>

namespace octavo::reference {
namespace {

// Modulo the width of the accumulator: an unsigned Sum wraps.
template <class Sum, class A, class B>
Sum column_dot(const MatmulParams& p, const A* row, int32_t a_zero, const B* column) {
  Sum sum = 0;
  for (int32_t k = 0; k < p.depth; ++k) {
    const B b = column[k * p.b_row_stride];
    if constexpr (std::is_floating_point_v<Sum>) {
      sum += row[k] * b;
    } else {
      // Of int16 the product is 2^30 at most: their zero points are 0.
      sum += static_cast<Sum>(int64_t{row[k] - a_zero} * (b - p.b_zero));
    }
  }
  return sum;
}

template <class Sum, class A, class B, class Out, class Finish>
void multiply_row(const MatmulParams& p, const A* row, int32_t a_zero, const B* b, Out* out,
                  Finish finish) {
  for (int32_t j = 0; j < p.columns; ++j) {
    out[j] = finish(column_dot<Sum>(p, row, a_zero, b + j * p.b_column_stride), j);
  }
}

template <class Accumulator, class A, class B>
void multiply_integers(const MatmulParams& p, const A* a, const B* b, A* out) {
  using Limits = std::numeric_limits<A>;
  using Sum = std::make_unsigned_t<Accumulator>;
  for (int32_t i = 0; i < p.rows; ++i, a += p.depth, out += p.columns) {
    multiply_row<Sum>(p, a, p.a_zero, b, out, [&](Sum sum, int32_t) {
      return static_cast<A>(requantize(static_cast<Accumulator>(sum), p.multiplier, p.out_zero,
                                       Limits::min(), Limits::max()));
    });
  }
}

}  // namespace

void batch_matmul_f32(const MatmulParams& p, const float* a, const float* b, float* out) {
  for (int32_t i = 0; i < p.rows; ++i, a += p.depth, out += p.columns) {
    multiply_row<float>(p, a, 0, b, out, [](float sum, int32_t) { return sum; });
  }
}

void add_row_product_f32(int64_t depth, int64_t columns, const float* x, const float* matrix,
                         float* sums) {
  for (int64_t i = 0; i < depth; ++i, matrix += columns) {
    for (int64_t j = 0; j < columns; ++j) sums[j] += x[i] * matrix[j];
  }
}

void batch_matmul_s8(const MatmulParams& p, const int8_t* a, const int8_t* b, int8_t* out) {
  multiply_integers<int32_t>(p, a, b, out);
}

void batch_matmul_s16(const MatmulParams& p, const int16_t* a, const int16_t* b, int16_t* out) {
  multiply_integers<int64_t>(p, a, b, out);
}

void requantize_sums_s16(const SumsParams& p, const int32_t* sums, int16_t* out) {
  for (int64_t i = 0; i < p.count; ++i) {
    int64_t sum = 0;
    for (int32_t c = 0; c < p.chunks; ++c) {
      const int32_t* parts = sums + c * kSumParts * p.count;
      sum += int64_t{256} * parts[i] + parts[p.count + i];
    }
    out[i] = static_cast<int16_t>(requantize(sum, p.multiplier, p.out_zero, INT16_MIN, INT16_MAX));
  }
}

bool fits_int32(const MatmulParams& p) {
  if (p.multiplier.shift > 0) return false;
  // 2^30 depth m 2^-right + 1, m below 2^15.
  return int64_t{p.depth} < (int64_t{1} << min(15 - p.multiplier.shift - 14, 40)) / 2;
}

void batch_matmul_s16_s8(const MatmulParams& p, const int16_t* a, const int8_t* b, int16_t* out) {
  multiply_integers<int64_t>(p, a, b, out);
}

void batch_matmul_hybrid(const MatmulParams& p, const int8_t* a, const float* a_scale,
                         const int32_t* a_zero, const int8_t* b, const float* b_scale, float* out) {
  for (int32_t i = 0; i < p.rows; ++i, a += p.depth, out += p.columns) {
    multiply_row<uint32_t>(p, a, a_zero[i], b, out, [&](uint32_t sum, int32_t j) {
      return static_cast<float>(static_cast<int32_t>(sum)) * (a_scale[i] * b_scale[j]);
    });
  }
}

}  // namespace octavo::reference
