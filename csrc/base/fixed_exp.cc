#include "base/fixed_exp.h"

#include "base/fixed_point.h"

namespace octavo {
namespace {

// exp(x) for x in [-1/4, 0), both Q0.31: the Taylor series to the fourth power around -1/8.
int32_t exp_of_quarter(int32_t x) {
  constexpr int32_t kExpOfCentre = 1895147668;  // exp(-1/8)
  constexpr int32_t kThird = 715827883;
  const int32_t t = x + (1 << 28);
  const int32_t t2 = srdhm(t, t);
  const int32_t t3 = srdhm(t2, t);
  const int32_t t4 = srdhm(t2, t2);
  // t^2/2 + t^3/6 + t^4/24 = ((t^4/4 + t^3) / 3 + t^2) / 2
  const int32_t tail = rdbp(srdhm(rdbp(t4, 2) + t3, kThird) + t2, 1);
  return kExpOfCentre + srdhm(kExpOfCentre, t + tail);
}

}  // namespace

int32_t exp_negative(int32_t x) {
  if (x == 0) return std::numeric_limits<int32_t>::max();
  // x = fraction - whole with fraction in [-1/4, 0) and whole a multiple of 1/4, whose bits choose
  // from exp(-1/4), exp(-1/2), ... exp(-16).
  constexpr int32_t kQuarter = 1 << 24;
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308,
                                  39332535,   720401,     242};
  const int32_t fraction = (x & (kQuarter - 1)) - kQuarter;
  const int32_t whole = fraction - x;
  int32_t result = exp_of_quarter(fraction * 32);  // Q5.26 to Q0.31
  for (int i = 0; i < 7; ++i) {
    if ((whole >> (24 + i) & 1) != 0) result = srdhm(result, kFactors[i]);
  }
  return result;
}

int32_t one_over_one_plus_x(int32_t x) {
  // Three Newton-Raphson steps r += r * (1 - d * r) for the reciprocal of d = (1 + x) / 2, which is
  // in [1/2, 1), from the linear estimate 48/17 - 32/17 d. r is Q2.29.
  constexpr int32_t k48Over17 = 1515870810;
  constexpr int32_t kMinus32Over17 = -1010580540;
  constexpr int32_t kOne = 1 << 29;
  const int32_t d = (x >> 1) + (1 << 30);
  int32_t r = k48Over17 + srdhm(d, kMinus32Over17);
  for (int i = 0; i < 3; ++i) {
    const int32_t correction = srdhm(r, kOne - srdhm(d, r));  // Q4.27
    r += shift_left(correction, 2);
  }
  // 1 / (1 + x) is r / 2: the same bits are Q1.30; to Q0.31 saturates where x is 0.
  return r >= 1 << 30 ? std::numeric_limits<int32_t>::max() : r * 2;
}

}  // namespace octavo
