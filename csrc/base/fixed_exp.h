// exp and the reciprocal in fixed point, with gemmlowp's series and constants: their last bits are
// part of what SOFTMAX and LOG_SOFTMAX compute. Qm.n is an int32 that stands for value / 2^n.
#pragma once

#include <cstdint>

namespace octavo {

// exp(x) for x <= 0; x is Q5.26, the result Q0.31 (1 saturates to 2^31 - 1).
int32_t exp_negative(int32_t x);

// 1 / (1 + x) for x in [0, 1), both Q0.31.
int32_t one_over_one_plus_x(int32_t x);

}  // namespace octavo
