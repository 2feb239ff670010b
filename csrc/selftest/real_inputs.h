// What tests of float32 kernels have in common: numbers of every kind, and how near two must be.
#pragma once

#include <cmath>
#include <limits>

#include "selftest/kernel_inputs.h"

namespace octavo::selftest {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kEpsilon = std::numeric_limits<float>::epsilon();
constexpr float kLeast = std::numeric_limits<float>::denorm_min();
constexpr float kLeastNormal = std::numeric_limits<float>::min();
constexpr float kGreatest = std::numeric_limits<float>::max();

// Of magnitudes that functions care for, of any magnitude, or a number that is special.
inline float any_float(Random& random) {
  constexpr float kSpecial[] = {0.0f,      -0.0f,      1,      -1,        0.5f,
                                kInfinity, -kInfinity, kNan,   kGreatest, -kGreatest,
                                kLeast,    -kLeast,    88.73f, -103.98f,  -87.34f};
  constexpr size_t kSpecials = sizeof(kSpecial) / sizeof(kSpecial[0]);
  const auto x = static_cast<float>(2 * random.real() - 1);
  const uint64_t kind = random.bits() % 16;
  if (kind == 0) return kSpecial[random.bits() % kSpecials];
  if (kind == 1) return std::ldexp(x, static_cast<int>(random.integer(-140, 127)));
  return x * static_cast<float>(1 << random.bits() % 8);
}

// Finite ones, so that a sum says something.
inline float any_finite(Random& random) {
  float x = any_float(random);
  while (!(std::fabs(x) < 1e6f)) x = any_float(random);
  return x;
}

template <class Value>
void fill_reals(Buffer<float>& to, Random& random, Value value) {
  for (size_t i = 0; i < to.size(); ++i) to.data()[i] = value(random);
}

// Within `units` in the last place of `expected`, or too little for a normal number.
inline bool are_near(float found, float expected, float units) {
  if (are_same(found, expected)) return true;
  return std::fabs(found - expected) <= units * kEpsilon * std::fabs(expected) + kLeastNormal;
}

}  // namespace octavo::selftest
