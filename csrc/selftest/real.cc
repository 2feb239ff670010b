// The kernels of float32 of a table, but for those of rows, against reference/: every tail, every
// kind of number. Equal to the bit where the reference rounds once, else within a few units in the
// last place.
#include <cmath>
#include <initializer_list>

#include "kernels/table.h"
#include "selftest/real_inputs.h"

namespace octavo::selftest {
namespace {

using reference::Broadcast;

// Calls kernel(count, in, out) and reference(count, in, out) for every tail. `units` as in
// are_near; 0: the same bits.
template <class Kernel, class Reference>
void sweep_unary(float units, Check& check, Kernel kernel, Reference reference) {
  Random random(61);
  for (int64_t n = 1; n <= 200; ++n) {
    Buffer<float> in(n), out(n + kGuard), expected(n + kGuard);
    fill_reals(in, random, any_float);
    kernel(n, in.data(), out.data());
    reference(n, in.data(), expected.data());
    for (int64_t i = 0; i < n + kGuard; ++i) {
      check.expect(
          i < n && units > 0 ? are_near(out[i], expected[i], units) : are_same(out[i], expected[i]),
          n, " elements: number ", i, ", of ", i < n ? in[i] : 0, ", is ", out[i], ", should be ",
          expected[i]);
    }
  }
}

void test_logistic(const Kernels& k, Check& check) {
  sweep_unary(4, check, k.logistic_f32, &reference::logistic_f32);
}

void test_tanh(const Kernels& k, Check& check) {
  sweep_unary(4, check, k.tanh_f32, &reference::tanh_f32);
}

void test_exponentials(const Kernels& k, Check& check) {
  sweep_unary(4, check, k.exp_f32, &reference::exp_f32);
  sweep_unary(4, check, k.elu_f32, &reference::elu_f32);
}

void test_roots(const Kernels& k, Check& check) {
  sweep_unary(2, check, k.sqrt_f32, &reference::sqrt_f32);
  sweep_unary(2, check, k.rsqrt_f32, &reference::rsqrt_f32);
}

void test_rounding(const Kernels& k, Check& check) {
  sweep_unary(0, check, k.ceil_f32, &reference::ceil_f32);
  sweep_unary(0, check, k.neg_f32, &reference::neg_f32);
  sweep_unary(0, check, k.round_f32, &reference::round_f32);
  sweep_unary(0, check, k.sign_f32, &reference::sign_f32);
  sweep_unary(0, check, k.square_f32, &reference::square_f32);
}

void test_logarithm(const Kernels& k, Check& check) {
  sweep_unary(4, check, k.log_f32, &reference::log_f32);
}

// Near their zeros the functions have an error of their own size: it is 1 that is rounded.
void test_turns(const Kernels& k, Check& check) {
  Random random(68);
  for (int64_t n = 1; n <= 200; ++n) {
    Buffer<float> in(n), out(n + kGuard), expected(n + kGuard);
    fill_reals(in, random, n % 2 == 0 ? any_float : any_finite);
    for (bool is_sine : {false, true}) {
      (is_sine ? k.sin_f32 : k.cos_f32)(n, in.data(), out.data());
      (is_sine ? &reference::sin_f32 : &reference::cos_f32)(n, in.data(), expected.data());
      for (int64_t i = 0; i < n + kGuard; ++i) {
        check.expect(are_same(out[i], expected[i]) ||
                         (i < n && std::fabs(out[i] - expected[i]) <= 1.5f * kEpsilon),
                     is_sine ? "sine" : "cosine", " of ", i < n ? in[i] : 0, " is ", out[i],
                     ", should be ", expected[i]);
      }
    }
  }
}

// Where x is negative, 1 + erf(x) cancels: a few units of x, not of the result.
void sweep_gelu(void (*kernel)(int64_t, const float*, float*),
                void (*reference)(int64_t, const float*, float*), Check& check) {
  Random random(67);
  for (int64_t n = 1; n <= 200; ++n) {
    Buffer<float> in(n), out(n + kGuard), expected(n + kGuard);
    fill_reals(in, random, any_finite);
    kernel(n, in.data(), out.data());
    reference(n, in.data(), expected.data());
    for (int64_t i = 0; i < n + kGuard; ++i) {
      const float bound = i < n ? 6 * kEpsilon * std::fabs(in[i]) : 0;
      check.expect(std::fabs(out[i] - expected[i]) <= bound, n, " elements: number ", i, ", of ",
                   i < n ? in[i] : 0, ", is ", out[i], ", should be ", expected[i]);
    }
  }
}

void test_gelu(const Kernels& k, Check& check) {
  sweep_unary(32, check, k.gelu_erf_f32, &reference::gelu_erf_f32);
  sweep_gelu(k.gelu_tanh_f32, &reference::gelu_tanh_f32, check);
}

void test_hard_swish(const Kernels& k, Check& check) {
  sweep_unary(2, check, k.hard_swish_f32, &reference::hard_swish_f32);
}

void test_floor(const Kernels& k, Check& check) {
  sweep_unary(0, check, k.floor_f32, &reference::floor_f32);
}

void test_rectifiers(const Kernels& k, Check& check) {
  constexpr float kRanges[][2] = {{0, 6}, {-1, 1}, {0, kGreatest}};
  for (const auto& [low, high] : kRanges) {
    const auto run = [low = low, high = high](auto kernel) {
      return [=](int64_t n, const float* in, float* out) { kernel({n, low, high}, in, out); };
    };
    sweep_unary(0, check, run(k.relu_f32), run(&reference::relu_f32));
  }
  for (const float alpha : {0.1f, -2.0f, 0.0f}) {
    const auto run = [=](auto kernel) {
      return [=](int64_t n, const float* in, float* out) { kernel({n, alpha}, in, out); };
    };
    sweep_unary(0, check, run(k.leaky_relu_f32), run(&reference::leaky_relu_f32));
  }
}

template <class Kernel>
void sweep_binary(Kernel kernel, Kernel reference, Check& check) {
  Random random(62);
  for_each_pair(
      6, random, check,
      [&](const Shape& a_shape, const Shape& b_shape, const Shape& shape, const Broadcast& p) {
        const int64_t count = shape.count();
        Buffer<float> a(a_shape.count()), b(b_shape.count());
        Buffer<float> out(count + kGuard), expected(count + kGuard);
        fill_reals(a, random, any_float);
        fill_reals(b, random, any_float);
        kernel(p, a.data(), b.data(), out.data());
        reference(p, a.data(), b.data(), expected.data());
        for (int64_t i = 0; i < count + kGuard; ++i) {
          check.expect(are_same(out[i], expected[i]), a_shape, " and ", b_shape, ": element ", i,
                       " is ", out[i], ", should be ", expected[i]);
        }
      });
}

using PlainParams = reference::PlainBinaryParams<float>;
using PlainKernel = void (*)(const PlainParams&, const float*, const float*, float*);
using BroadcastKernel = void (*)(const Broadcast&, const float*, const float*, float*);

void sweep_plain(PlainKernel kernel, PlainKernel reference, Check& check) {
  constexpr float kRanges[][2] = {{-kGreatest, kGreatest}, {0, 6}};
  for (const auto& [low, high] : kRanges) {
    const auto run = [low = low, high = high](PlainKernel f) {
      return [=](const Broadcast& p, const float* a, const float* b, float* out) {
        f({p, low, high}, a, b, out);
      };
    };
    sweep_binary(run(kernel), run(reference), check);
  }
}

void test_arithmetic(const Kernels& k, Check& check) {
  sweep_plain(k.add_f32, &reference::add_f32, check);
  sweep_plain(k.sub_f32, &reference::sub_f32, check);
  sweep_plain(k.mul_f32, &reference::mul_f32, check);
  sweep_plain(k.div_f32, &reference::div_f32, check);
  sweep_binary<BroadcastKernel>(k.floor_div_f32, &reference::floor_div_f32, check);
  sweep_binary<BroadcastKernel>(k.squared_difference_f32, &reference::squared_difference_f32,
                                check);
}

void test_extremes(const Kernels& k, Check& check) {
  sweep_binary<BroadcastKernel>(k.maximum_f32, &reference::maximum_f32, check);
  sweep_binary<BroadcastKernel>(k.minimum_f32, &reference::minimum_f32, check);
}

float usual_exponent(Random& random) {
  constexpr float kExponents[] = {0.5f, 2, 3, -1, -0.5f, 0.75f, 2.2f, 4, 1, 0};
  return kExponents[random.bits() % 10];
}

void test_powers(const Kernels& k, Check& check) {
  Random random(72);
  for (int64_t n = 1; n <= 400; ++n) {
    Buffer<float> a(n), b(n), out(n + kGuard), expected(n + kGuard);
    fill_reals(a, random, n % 4 == 0 ? any_float : any_finite);
    fill_reals(b, random, n % 4 < 2 ? any_float : usual_exponent);
    if (n % 4 == 3) {
      for (int64_t i = 0; i < n; ++i) a.data()[i] = std::fabs(a[i]);
    }
    const Broadcast p = {1, {n}, {1}, {1}};
    k.pow_f32(p, a.data(), b.data(), out.data());
    reference::pow_f32(p, a.data(), b.data(), expected.data());
    for (int64_t i = 0; i < n + kGuard; ++i) {
      check.expect(i < n ? are_near(out[i], expected[i], 4) : are_same(out[i], expected[i]),
                   i < n ? a[i] : 0, " to the power of ", i < n ? b[i] : 0, " is ", out[i],
                   ", should be ", expected[i]);
    }
  }
}

void test_angles(const Kernels& k, Check& check) {
  Random random(73);
  for (int64_t n = 1; n <= 300; ++n) {
    Buffer<float> y(n), x(n), out(n + kGuard), expected(n + kGuard);
    fill_reals(y, random, n % 2 == 0 ? any_float : any_finite);
    fill_reals(x, random, n % 2 == 0 ? any_float : any_finite);
    const Broadcast p = {1, {n}, {1}, {1}};
    k.atan2_f32(p, y.data(), x.data(), out.data());
    reference::atan2_f32(p, y.data(), x.data(), expected.data());
    for (int64_t i = 0; i < n + kGuard; ++i) {
      const bool is_right =
          i < n ? are_near(out[i], expected[i], 3) : are_same(out[i], expected[i]);
      const bool has_sign = out[i] != out[i] || std::signbit(out[i]) == std::signbit(expected[i]);
      check.expect(is_right && has_sign, "angle of y = ", i < n ? y[i] : 0,
                   " and x = ", i < n ? x[i] : 0, " is ", out[i], ", should be ", expected[i]);
    }
  }
}

void test_prelu(const Kernels& k, Check& check) {
  sweep_binary<BroadcastKernel>(k.prelu_f32, &reference::prelu_f32, check);
}

using PoolKernel = void (*)(const reference::Pool2DParams&, const float*, float*);

void sweep_pool(PoolKernel kernel, PoolKernel reference, Check& check) {
  Random random(65);
  for (int32_t channels = 1; channels <= 150; ++channels) {
    for (int i = 0; i < 4; ++i) {
      reference::Pool2DParams p = any_pool(channels, random);
      const bool is_clamped = random.bits() % 2 == 0;
      p.act_min_f32 = is_clamped ? 0 : -kGreatest;
      p.act_max_f32 = is_clamped ? 6 : kGreatest;
      Buffer<float> in(int64_t{p.batch} * p.in_h * p.in_w * channels);
      fill_reals(in, random, any_float);
      const int64_t count = int64_t{p.batch} * p.out_h * p.out_w * channels + kGuard;
      Buffer<float> out(count), expected(count);
      kernel(p, in.data(), out.data());
      reference(p, in.data(), expected.data());
      for (int64_t j = 0; j < count; ++j) {
        check.expect(are_same(out[j], expected[j]), channels, " channels, filter ", p.filter_h, "x",
                     p.filter_w, ": element ", j, " is ", out[j], ", should be ", expected[j]);
      }
    }
  }
}

void test_pools(const Kernels& k, Check& check) {
  sweep_pool(k.average_pool_2d_f32, &reference::average_pool_2d_f32, check);
  sweep_pool(k.max_pool_2d_f32, &reference::max_pool_2d_f32, check);
}

void test_resize(const Kernels& k, Check& check) {
  Random random(66);
  for (int32_t channels = 1; channels <= 100; ++channels) {
    for (int i = 0; i < 6; ++i) {
      const reference::ResizeParams p = any_resize(channels, random);
      Buffer<float> in(int64_t{p.batch} * p.in_h * p.in_w * channels);
      fill_reals(in, random, any_float);
      const int64_t count = int64_t{p.batch} * p.out_h * p.out_w * channels + kGuard;
      Buffer<float> out(count), expected(count);
      k.resize_bilinear_f32(p, in.data(), out.data());
      reference::resize_bilinear_f32(p, in.data(), expected.data());
      for (int64_t j = 0; j < count; ++j) {
        check.expect(are_same(out[j], expected[j]), p.in_h, "x", p.in_w, " to ", p.out_h, "x",
                     p.out_w, ", ", channels, " channels: element ", j, " is ", out[j],
                     ", should be ", expected[j]);
      }
    }
  }
}

constexpr KernelTest kTests[] = {
    {"float LOGISTIC", &test_logistic},
    {"float TANH", &test_tanh},
    {"float EXP, ELU", &test_exponentials},
    {"float SQRT, RSQRT", &test_roots},
    {"float CEIL, NEG, ROUND, SIGN, SQUARE", &test_rounding},
    {"float LOG", &test_logarithm},
    {"float SIN, COS", &test_turns},
    {"float GELU", &test_gelu},
    {"float HARD_SWISH", &test_hard_swish},
    {"float FLOOR", &test_floor},
    {"float RELU family, LEAKY_RELU", &test_rectifiers},
    {"float ADD, SUB, MUL, DIV, FLOOR_DIV, SQUARED_DIFFERENCE", &test_arithmetic},
    {"float MAXIMUM, MINIMUM", &test_extremes},
    {"float ATAN2", &test_angles},
    {"float POW", &test_powers},
    {"float PRELU", &test_prelu},
    {"float AVERAGE_POOL_2D, MAX_POOL_2D", &test_pools},
    {"float RESIZE_BILINEAR", &test_resize},
};

}  // namespace

const Span<const KernelTest> kRealTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
