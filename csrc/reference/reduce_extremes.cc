#include "reference/reduce_extremes.h"

#include <limits>
#include <type_traits>

#include "base/math.h"

namespace octavo::reference {
namespace {

// out[..] = f(out[..], in[..]) from `start` on.
template <class T, class F>
void accumulate(const ReduceParams& p, const T* in, T* out, T start, F f) {
  for (int64_t i = 0; i < p.outputs; ++i) out[i] = start;
  const int64_t step = p.out_strides[p.rank - 1];
  for_each_reduced_row(p, in, out, [=](const T* row, int64_t width, T* to) {
    if (step == 0) {
      T sum = *to;
      for (int64_t i = 0; i < width; ++i) sum = f(sum, row[i]);
      *to = sum;
    } else {
      for (int64_t i = 0; i < width; ++i) to[i] = f(to[i], row[i]);
    }
  });
}

template <class T>
T product(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  } else {
    return a * b;
  }
}

template <class T>
void quantized_product(const ReduceParams& p, const T* in, int32_t* products, T* out) {
  using Limits = std::numeric_limits<T>;
  // No product is 2^31 - 1: it marks an output without elements so far.
  constexpr int32_t kNone = std::numeric_limits<int32_t>::max();
  for (int64_t i = 0; i < p.outputs; ++i) products[i] = kNone;
  const int64_t step = p.out_strides[p.rank - 1];
  for_each_reduced_row(p, in, products, [&](const T* row, int64_t width, int32_t* to) {
    for (int64_t i = 0; i < width; ++i, to += step) {
      const int32_t x = row[i] - p.in_zero;
      *to = *to == kNone ? x : requantize(static_cast<int64_t>(*to) * x, p.multiplier);
    }
  });
  for (int64_t i = 0; i < p.outputs; ++i) {
    const int32_t y = requantize(static_cast<int64_t>(products[i]), p.multiplier, p.out_zero,
                                 Limits::min(), Limits::max());
    out[i] = p.count == 0 ? T{0} : static_cast<T>(y);
  }
}

}  // namespace

template <Reduction kReduction, class T>
void reduce(const ReduceParams& p, const T* in, T* out) {
  using Limits = std::numeric_limits<T>;
  if constexpr (kReduction == Reduction::kMax) {
    accumulate(p, in, out, Limits::lowest(), [](T a, T b) { return b > a ? b : a; });
  } else if constexpr (kReduction == Reduction::kMin) {
    accumulate(p, in, out, Limits::max(), [](T a, T b) { return b < a ? b : a; });
  } else {
    accumulate(p, in, out, T{1}, &product<T>);
  }
}

#define INSTANTIATE(reduction, type) \
  template void reduce<Reduction::reduction, type>(const ReduceParams&, const type*, type*);
INSTANTIATE(kMax, int32_t)
INSTANTIATE(kMax, int64_t)
INSTANTIATE(kMin, int32_t)
INSTANTIATE(kMin, int64_t)
INSTANTIATE(kProd, int8_t)
INSTANTIATE(kProd, int16_t)
INSTANTIATE(kProd, int32_t)
INSTANTIATE(kProd, int64_t)
#undef INSTANTIATE

#define REDUCE(name, reduction, type)                           \
  void name(const ReduceParams& p, const type* in, type* out) { \
    reduce<Reduction::reduction>(p, in, out);                   \
  }
REDUCE(reduce_max_f32, kMax, float)
REDUCE(reduce_max_s8, kMax, int8_t)
REDUCE(reduce_max_u8, kMax, uint8_t)
REDUCE(reduce_max_s16, kMax, int16_t)
REDUCE(reduce_min_f32, kMin, float)
REDUCE(reduce_min_s8, kMin, int8_t)
REDUCE(reduce_min_u8, kMin, uint8_t)
REDUCE(reduce_min_s16, kMin, int16_t)
REDUCE(reduce_prod_f32, kProd, float)
#undef REDUCE

void reduce_prod_s8(const ReduceParams& p, const int8_t* in, int32_t* products, int8_t* out) {
  quantized_product(p, in, products, out);
}
void reduce_prod_s16(const ReduceParams& p, const int16_t* in, int32_t* products, int16_t* out) {
  quantized_product(p, in, products, out);
}

}  // namespace octavo::reference
