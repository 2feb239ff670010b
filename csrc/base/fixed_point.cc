#include "base/fixed_point.h"

#include "base/math.h"

namespace octavo {

Multiplier quantize_multiplier(double real) {
  Multiplier k;
  const double fraction = split_exponent(real, &k.shift);
  auto m = static_cast<int64_t>(round_away(fraction * 2147483648.0));
  if (m == int64_t{1} << 31) {
    m /= 2;
    ++k.shift;
  }
  if (k.shift < -31) return {};
  if (k.shift > 30) return {std::numeric_limits<int32_t>::max(), 30};
  k.m = static_cast<int32_t>(m);
  return k;
}

}  // namespace octavo
