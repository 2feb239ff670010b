#include "reference/compare.h"

#include "base/short_float.h"

namespace octavo::reference {
namespace {

template <Comparison kComparison, class T>
bool holds(T a, T b) {
  switch (kComparison) {
    case Comparison::kEqual:
      return a == b;
    case Comparison::kNotEqual:
      return a != b;
    case Comparison::kLess:
      return a < b;
    case Comparison::kLessEqual:
      return a <= b;
    case Comparison::kGreater:
      return a > b;
    case Comparison::kGreaterEqual:
      return a >= b;
  }
}

template <class T>
T number(T x) {
  return x;
}
float number(Half x) { return to_float(x); }
float number(BFloat16 x) { return to_float(x); }

}  // namespace

template <Comparison kComparison, class T>
void compare(const Broadcast& p, const T* a, const T* b, uint8_t* out) {
  for_each_broadcast(p, a, b, out, [](T x, T y) {
    return static_cast<uint8_t>(holds<kComparison>(number(x), number(y)));
  });
}

template <Comparison kComparison, class T>
void compare_scaled(const ScaledComparisonParams& params, const T* a, const T* b, uint8_t* out) {
  const ScaledComparisonParams p = params;  // a copy, which `out` cannot alias
  for_each_broadcast(params.broadcast, a, b, out, [=](T x, T y) {
    return static_cast<uint8_t>(holds<kComparison>(scale_compared(x - p.a_zero, p.a_scale),
                                                   scale_compared(y - p.b_zero, p.b_scale)));
  });
}

#define INSTANTIATE_PLAIN(comparison, type) \
  template void compare<comparison, type>(const Broadcast&, const type*, const type*, uint8_t*);
#define INSTANTIATE_SCALED(comparison, type)                                                 \
  template void compare_scaled<comparison, type>(const ScaledComparisonParams&, const type*, \
                                                 const type*, uint8_t*);
#define INSTANTIATE(comparison)           \
  INSTANTIATE_PLAIN(comparison, float)    \
  INSTANTIATE_PLAIN(comparison, Half)     \
  INSTANTIATE_PLAIN(comparison, BFloat16) \
  INSTANTIATE_PLAIN(comparison, uint8_t)  \
  INSTANTIATE_PLAIN(comparison, int16_t)  \
  INSTANTIATE_PLAIN(comparison, int32_t)  \
  INSTANTIATE_PLAIN(comparison, int64_t)  \
  INSTANTIATE_SCALED(comparison, int8_t)  \
  INSTANTIATE_SCALED(comparison, uint8_t) \
  INSTANTIATE_SCALED(comparison, int16_t)
INSTANTIATE(Comparison::kEqual)
INSTANTIATE(Comparison::kNotEqual)
INSTANTIATE(Comparison::kLess)
INSTANTIATE(Comparison::kLessEqual)
INSTANTIATE(Comparison::kGreater)
INSTANTIATE(Comparison::kGreaterEqual)
#undef INSTANTIATE
#undef INSTANTIATE_SCALED
#undef INSTANTIATE_PLAIN

}  // namespace octavo::reference
