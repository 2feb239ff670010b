// What tests of kernels of two operands that broadcast share.
#pragma once

#include "selftest/kernel_inputs.h"

namespace octavo::selftest {

using reference::Broadcast;

template <class T>
void expect_same(const Shape& a_shape, const Shape& b_shape, Buffer<T>& out, Buffer<T>& expected,
                 Check& check) {
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    check.expect(out[i] == expected[i], a_shape, " and ", b_shape, ": element ", i, " is ",
                 int32_t{out[i]}, ", should be ", int32_t{expected[i]});
  }
}

template <class T, class Params>
using BinaryKernel = void (*)(const Params& p, const T* a, const T* b, T* out);

template <class T, class Params>
void compare(BinaryKernel<T, Params> kernel, BinaryKernel<T, Params> reference, const Params& p,
             const Shape& a_shape, const Shape& b_shape, const Shape& shape, Random& random,
             Check& check) {
  Buffer<T> a(a_shape.count()), b(b_shape.count());
  fill(any_content(random), random, a);
  fill(any_content(random), random, b);
  Buffer<T> out(shape.count() + kGuard), expected(shape.count() + kGuard);
  kernel(p, a.data(), b.data(), out.data());
  reference(p, a.data(), b.data(), expected.data());
  expect_same(a_shape, b_shape, out, expected, check);
}

// int16 operands of arithmetic have none.
template <class T>
int32_t any_zero(Random& random) {
  return sizeof(T) == 2 ? 0 : any_bound<T>(random);
}

// Half of the bounds are the type's.
template <class T>
void draw_bounds(Random& random, int32_t& low, int32_t& high) {
  using Limits = std::numeric_limits<T>;
  low = random.bits() % 2 == 0 ? Limits::min() : any_bound<T>(random);
  high = random.bits() % 2 == 0 ? Limits::max()
                                : static_cast<int32_t>(random.integer(low, Limits::max()));
}

}  // namespace octavo::selftest
