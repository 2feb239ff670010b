#include "ops/linear_sum.h"

#include <cstring>

#include "base/math.h"

namespace octavo {
namespace {

using reference::ScaledSumParams;

constexpr int32_t kValues = 256;  // of an operand

// Of a Multiplier below 1.
double real(Multiplier k) {
  return static_cast<double>(k.m) / static_cast<double>(int64_t{1} << (31 - k.shift));
}

// weight * 2^(right + 7) in two parts: see LinearWeight.
LinearWeight split(double weight, int32_t right) {
  const auto whole =
      static_cast<int64_t>(round_away(weight * static_cast<double>(int64_t{1} << (right + 7))));
  return {static_cast<int16_t>(whole >> 15), static_cast<int16_t>(whole & 0x7fff)};
}

// False where the sum would leave no bits for rounding.
bool choose_weights(const ScaledSumParams& exact, DType type, bool subtract, LinearSumParams* p) {
  const double unit = real(exact.out_scale) * static_cast<double>(int64_t{1} << exact.left_shift);
  const double a = real(exact.a_scale) * unit;
  const double b = real(exact.b_scale) * unit;
  // No sum, the constant included, reaches 2^31.
  constexpr double kMost = 2147483647;
  const double greatest = 255 * (a + b) + 257;
  p->right = 0;
  while (p->right < 22 && greatest * static_cast<double>(int64_t{2} << p->right) < kMost) {
    ++p->right;
  }
  if (p->right == 0) return false;
  p->a = split(a, p->right);
  p->b = split(subtract ? -b : b, p->right);

  p->flip = type == DType::kUInt8 ? Flip::kSign : Flip::kNo;
  const auto offset = static_cast<int32_t>(p->flip);
  const auto unit_out = static_cast<double>(int64_t{1} << p->right);
  const double zeros = (exact.a_zero - offset) * a + (exact.b_zero - offset) * (subtract ? -b : b);
  p->zeros = static_cast<int32_t>(round_away(-zeros * unit_out));
  // The lower parts of the products are rounded down: by a half on average.
  p->constant = (exact.out_zero - offset) * (1 << p->right) + (1 << (p->right - 1)) + 1;
  p->away = 0;
  p->act_min = exact.act_min - offset;
  p->act_max = exact.act_max - offset;
  return true;
}

// The definition rounds away from zero twice: to units of 2^-r of an output, then to outputs. What
// reaches the middle of two outputs but for half a unit is rounded up above zero, and down below.
void round_away_from_zero(const ScaledSumParams& exact, LinearSumParams* p) {
  const int32_t unit = p->right + exact.out_scale.shift;
  p->away = (unit > 0 ? 1 << unit : 0) + 1;
  p->constant += p->away / 2;
}

void run_exact(const Kernels& k, DType type, bool subtract, const ScaledSumParams& p, Data a,
               Data b, Data out) {
  if (type == DType::kInt8) {
    (subtract ? k.sub_s8 : k.add_s8)(p, static_cast<int8_t*>(a), b, out);
  } else {
    (subtract ? k.sub_u8 : k.add_u8)(p, static_cast<uint8_t*>(a), b, out);
  }
}

// Tries each value of a with all of b.
bool is_exact(const Kernels& kernels, DType type, bool subtract, const ScaledSumParams& exact,
              const LinearSumParams& linear) {
  ScaledSumParams p = exact;
  LinearSumParams q = linear;
  p.broadcast = q.broadcast = {1, {kValues}, {0}, {1}};
  uint8_t b[kValues], expected[kValues], found[kValues];
  for (int32_t i = 0; i < kValues; ++i) b[i] = static_cast<uint8_t>(i);
  for (int32_t i = 0; i < kValues; ++i) {
    auto a = static_cast<uint8_t>(i);
    run_exact(kernels, type, subtract, p, {&a}, {b}, {expected});
    kernels.linear_sum_8(q, &a, b, found);
    if (memcmp(expected, found, kValues) != 0) return false;
  }
  return true;
}

}  // namespace

bool find_linear_sum(const Kernels& kernels, DType type, bool subtract,
                     const ScaledSumParams& exact, LinearSumParams* out) {
  if (kernels.linear_sum_8 == nullptr || !choose_weights(exact, type, subtract, out)) return false;
  out->broadcast = exact.broadcast;
  if (is_exact(kernels, type, subtract, exact, *out)) return true;
  round_away_from_zero(exact, out);
  return is_exact(kernels, type, subtract, exact, *out);
}

}  // namespace octavo
