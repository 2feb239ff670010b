#include "reference/reduce.h"

#include <limits>
#include <type_traits>

#include "base/math.h"

namespace octavo::reference {
namespace {

template <class T>
T add(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return add_wrapping(a, b);
  } else {
    return a + b;
  }
}

template <class In, class Acc>
void accumulate(const ReduceParams& p, const In* in, Acc* out) {
  for (int64_t i = 0; i < p.outputs; ++i) out[i] = 0;
  const bool is_one = p.out_strides[p.rank - 1] == 0;
  for_each_reduced_row(p, in, out, [is_one](const In* row, int64_t width, Acc* sums) {
    if (is_one) {
      Acc sum = *sums;
      for (int64_t i = 0; i < width; ++i) sum = add(sum, static_cast<Acc>(row[i]));
      *sums = sum;
    } else {
      for (int64_t i = 0; i < width; ++i) sums[i] = add(sums[i], static_cast<Acc>(row[i]));
    }
  });
}

template <class T>
void quantized_sum(const ReduceParams& p, const T* in, int32_t* sums, T* out) {
  accumulate(p, in, sums);
  const auto zeros = static_cast<int32_t>(-p.count * p.in_zero);
  for (int64_t i = 0; i < p.outputs; ++i) {
    const int32_t y = requantize(add_wrapping(sums[i], zeros), p.multiplier, p.out_zero,
                                 std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    out[i] = p.count == 0 ? T{0} : static_cast<T>(y);
  }
}

template <class T>
void integer_mean(const ReduceParams& p, const T* in, int64_t* sums, T* out) {
  accumulate(p, in, sums);
  const int64_t count = max<int64_t>(p.count, 1);
  for (int64_t i = 0; i < p.outputs; ++i) out[i] = static_cast<T>(sums[i] / count);
}

}  // namespace

void sum_f32(const ReduceParams& p, const float* in, float* out) { accumulate(p, in, out); }

void sum_s32(const ReduceParams& p, const int32_t* in, int32_t* out) { accumulate(p, in, out); }

void row_sums_s8(int64_t rows, int64_t width, const int8_t* in, int32_t* sums) {
  for (int64_t i = 0; i < rows; ++i, in += width) {
    int32_t sum = 0;
    for (int64_t j = 0; j < width; ++j) sum = add_wrapping<int32_t>(sum, in[j]);
    sums[i] = sum;
  }
}

void sum_s64(const ReduceParams& p, const int64_t* in, int64_t* out) { accumulate(p, in, out); }

void sum_s8(const ReduceParams& p, const int8_t* in, int32_t* sums, int8_t* out) {
  quantized_sum(p, in, sums, out);
}

void sum_u8(const ReduceParams& p, const uint8_t* in, int32_t* sums, uint8_t* out) {
  quantized_sum(p, in, sums, out);
}

void sum_s16(const ReduceParams& p, const int16_t* in, int32_t* sums, int16_t* out) {
  quantized_sum(p, in, sums, out);
}

void mean_f32(const ReduceParams& p, const float* in, float* out) {
  accumulate(p, in, out);
  for (int64_t i = 0; i < p.outputs; ++i) out[i] /= static_cast<float>(p.count);
}

void mean_s32(const ReduceParams& p, const int32_t* in, int64_t* sums, int32_t* out) {
  integer_mean(p, in, sums, out);
}

void mean_s64(const ReduceParams& p, const int64_t* in, int64_t* out) {
  integer_mean(p, in, out, out);
}

Multiplier mean_multiplier(Multiplier scale, int64_t count) {
  int k = 0;
  while (k < min(32, 31 + scale.shift) && (count >> (k + 1)) != 0) ++k;
  return {static_cast<int32_t>((int64_t{scale.m} << k) / count), scale.shift - k};
}

}  // namespace octavo::reference
