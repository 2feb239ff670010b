// The elementwise kernels of a table against reference/: every tail, both ends of every range.
#include <utility>

#include "kernels/table.h"
#include "selftest/kernel_inputs.h"

namespace octavo::selftest {
namespace {

template <class Params>
using BinaryKernel = void (*)(const Params& p, const int8_t* a, const int8_t* b, int8_t* out);

// `p` but for what the operands say.
template <class Params>
void check_binary(BinaryKernel<Params> kernel, BinaryKernel<Params> reference, const Shape& a_shape,
                  const Shape& b_shape, Params p, Random& random, Check& check) {
  Shape shape;
  check.expect(reference::broadcast_shapes(a_shape, b_shape, shape), a_shape, " and ", b_shape);
  p.broadcast = reference::plan_broadcast(a_shape, b_shape, shape);
  p.a_zero = any_zero_point(random);
  p.b_zero = any_zero_point(random);
  Buffer<int8_t> a(a_shape.count()), b(b_shape.count());
  fill(any_content(random), random, a);
  fill(any_content(random), random, b);
  Buffer<int8_t> out(shape.count() + kGuard), expected(shape.count() + kGuard);
  kernel(p, a.data(), b.data(), out.data());
  reference(p, a.data(), b.data(), expected.data());
  for (int64_t i = 0; i < shape.count() + kGuard; ++i) {
    check.expect(out[i] == expected[i], a_shape, " and ", b_shape, ": element ", i, " is ", out[i],
                 ", should be ", expected[i]);
  }
}

// Rows of every length, with each way in which an operand can repeat.
template <class Params, class MakeParams>
void sweep_binary(BinaryKernel<Params> kernel, BinaryKernel<Params> reference,
                  MakeParams make_params, Check& check) {
  Random random(33);
  for (int32_t n = 1; n <= 130; ++n) {
    const Shape full = make_shape(3, n), row = make_shape(n), column = make_shape(3, 1);
    const Shape pairs[][2] = {{full, full}, {make_shape(1), full}, {full, make_shape(1)},
                              {full, row},  {column, full},        {row, column}};
    for (int i = 0; i < 20; ++i) {
      OutputStage stage(1, 1, random);
      Params p = make_params(stage, random);
      p.out_zero = stage.output.out_zero;
      p.act_min = stage.output.act_min;
      p.act_max = stage.output.act_max;
      const auto& [a, b] = pairs[random.bits() % (sizeof(pairs) / sizeof(pairs[0]))];
      check_binary(kernel, reference, a, b, p, random, check);
    }
  }
}

// Multipliers below 1, as the operator has them; the sum has about 28 bits.
reference::ScaledSumParams sum_params(OutputStage&, Random& random) {
  reference::ScaledSumParams p = {};
  p.left_shift = 20;
  p.a_scale = any_multiplier(static_cast<int32_t>(random.integer(-7, 0)), random);
  p.b_scale = any_multiplier(static_cast<int32_t>(random.integer(-31, 0)), random);
  if (random.bits() % 2 == 0) std::swap(p.a_scale, p.b_scale);
  p.out_scale = any_multiplier(static_cast<int32_t>(random.integer(-27, -12)), random);
  return p;
}

reference::ScaledProductParams product_params(OutputStage& stage, Random&) {
  reference::ScaledProductParams p = {};
  p.multiplier = stage.multiplier[0];
  return p;
}

void test_add(const Kernels& kernels, Check& check) {
  sweep_binary<reference::ScaledSumParams>(kernels.add_s8, &reference::add_s8, &sum_params, check);
}

void test_sub(const Kernels& kernels, Check& check) {
  sweep_binary<reference::ScaledSumParams>(kernels.sub_s8, &reference::sub_s8, &sum_params, check);
}

void test_mul(const Kernels& kernels, Check& check) {
  sweep_binary<reference::ScaledProductParams>(kernels.mul_s8, &reference::mul_s8, &product_params,
                                               check);
}

constexpr KernelTest kTests[] = {
    {"int8 ADD", &test_add},
    {"int8 SUB", &test_sub},
    {"int8 MUL", &test_mul},
};

}  // namespace

const Span<const KernelTest> kElementwiseTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
