// exp, what is made of it, and reciprocals in fixed point, with gemmlowp's series and constants:
// their last bits are part of what SOFTMAX, LOG_SOFTMAX and the integer LSTM compute. Qm.n is an
// integer of m + n + 1 bits that stands for value / 2^n.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"

namespace octavo {

// The series' constants, of 32 bits: numbers of no integer bits, but for those of the reciprocal's
// linear estimate 48/17 - 32/17 x, which have two.
constexpr int32_t kExpOfMinusEighth = 1895147668;
constexpr int32_t kThird = 715827883;
constexpr int32_t k48Over17 = 1515870810, k32Over17 = 1010580540;
// exp(-1/4), exp(-1/2), ... exp(-16): for numbers of so many integer bits; from 32 on exp is 0.
constexpr int kMostExpBits = 5;
constexpr int32_t kExpFactors[kMostExpBits + 2] = {1672461947, 1302514674, 790015084, 290630308,
                                                   39332535,   720401,     242};

// One of them in the width of Int.
template <class Int>
constexpr Int fixed_constant(int32_t of_32_bits) {
  return static_cast<Int>(rdbp(of_32_bits, 32 - 8 * static_cast<int>(sizeof(Int))));
}

// exp(x) for x <= 0; x is Q5.26, the result Q0.31 (1 saturates to 2^31 - 1).
int32_t exp_negative(int32_t x);

// 1 / (1 + x) for x in [0, 1), both Q0.31.
int32_t one_over_one_plus_x(int32_t x);

// 1 / (1 + exp(-x)); x is Q3.12, the result Q0.15.
int16_t logistic_16(int16_t x);

// tanh(x); x has so many integer bits, 0 to 6, the result none.
int16_t tanh_16(int16_t x, int integer_bits);

// 1 / sqrt(x), as LiteRT's layer normalization rounds it. Of x below 2 it is 1 - 2^-31.
Multiplier inverse_sqrt(int32_t x);

// log(x) for x >= 1; x is Q12.19, the result Q5.26.
int32_t log_at_least_1(int32_t x);

}  // namespace octavo
