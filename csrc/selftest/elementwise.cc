// The elementwise kernels of a table against reference/: every tail, both ends of every range.
#include <type_traits>
#include <utility>

#include "kernels/table.h"
#include "selftest/pairs.h"

namespace octavo::selftest {
namespace {

using reference::Broadcast;

// make_params(random) gives what the operands and the output do not say.
template <class T, class Params>
void sweep_binary(BinaryKernel<T, Params> kernel, BinaryKernel<T, Params> reference,
                  Params (*make_params)(Random&), Check& check) {
  Random random(33);
  const auto try_pair = [&](const Shape& a, const Shape& b, const Shape& shape,
                            const Broadcast& broadcast) {
    Params p = make_params(random);
    p.broadcast = broadcast;
    p.a_zero = any_zero<T>(random);
    p.b_zero = any_zero<T>(random);
    p.out_zero = any_zero<T>(random);
    draw_bounds<T>(random, p.act_min, p.act_max);
    compare<T>(kernel, reference, p, a, b, shape, random, check);
  };
  for_each_pair(20, random, check, try_pair);
  // A row of whole vectors for all rows may be looked at once, unless it is long.
  for (int32_t n : {64, 128, 1024, 2048, 2112}) {
    const Shape rows = make_shape(3, n), row = make_shape(n);
    for (int i = 0; i < 10; ++i) {
      try_pair(rows, row, rows, reference::plan_broadcast(rows, row, rows));
    }
  }
}

// The sum has 28 bits, of int16 30.
template <class T>
reference::ScaledSumParams sum_params(Random& random) {
  reference::ScaledSumParams p = {};
  p.left_shift = sizeof(T) == 2 ? 15 : 20;
  p.a_scale = {1 << 30, 0};
  p.b_scale = any_multiplier(static_cast<int32_t>(random.integer(-31, -1)), random);
  if (random.bits() % 2 == 0) p.b_scale = {p.b_scale.m, max(p.b_scale.shift, -7)};
  if (random.bits() % 2 == 0) std::swap(p.a_scale, p.b_scale);
  const int64_t shift = random.integer(-27, -12) + 20 - p.left_shift;
  p.out_scale = any_multiplier(static_cast<int32_t>(shift), random);
  if (random.bits() % 16 == 0) p.out_scale = any_multiplier(random.bits() % 2 ? 1 : -31, random);
  return p;
}

reference::ScaledProductParams product_params(Random& random) {
  reference::ScaledProductParams p = {};
  p.multiplier = OutputStage(1, 1, random).multiplier[0];
  return p;
}

void test_add(const Kernels& k, Check& check) {
  sweep_binary<int8_t>(k.add_s8, &reference::add_s8, &sum_params<int8_t>, check);
  sweep_binary<uint8_t>(k.add_u8, &reference::add_u8, &sum_params<uint8_t>, check);
  sweep_binary<int16_t>(k.add_s16, &reference::add_s16, &sum_params<int16_t>, check);
}

void test_sub(const Kernels& k, Check& check) {
  sweep_binary<int8_t>(k.sub_s8, &reference::sub_s8, &sum_params<int8_t>, check);
  sweep_binary<uint8_t>(k.sub_u8, &reference::sub_u8, &sum_params<uint8_t>, check);
  sweep_binary<int16_t>(k.sub_s16, &reference::sub_s16, &sum_params<int16_t>, check);
}

void test_mul(const Kernels& k, Check& check) {
  sweep_binary<int8_t>(k.mul_s8, &reference::mul_s8, &product_params, check);
  sweep_binary<uint8_t>(k.mul_u8, &reference::mul_u8, &product_params, check);
  sweep_binary<int16_t>(k.mul_s16, &reference::mul_s16, &product_params, check);
}

using PlainParams = reference::PlainBinaryParams<int16_t>;

void sweep_plain(BinaryKernel<int16_t, PlainParams> kernel,
                 BinaryKernel<int16_t, PlainParams> reference, Check& check) {
  Random random(47);
  for_each_pair(
      6, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        int32_t low, high;
        draw_bounds<int16_t>(random, low, high);
        const PlainParams p = {broadcast, static_cast<int16_t>(low), static_cast<int16_t>(high)};
        compare<int16_t>(kernel, reference, p, a, b, shape, random, check);
      });
}

void test_plain(const Kernels& k, Check& check) {
  sweep_plain(k.add_plain_s16, &reference::add_plain_s16, check);
  sweep_plain(k.sub_plain_s16, &reference::sub_plain_s16, check);
  sweep_plain(k.mul_plain_s16, &reference::mul_plain_s16, check);
}

void test_shifted(const Kernels& k, Check& check) {
  Random random(48);
  for_each_pair(
      20, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        reference::ShiftedSumParams p = {};
        p.broadcast = broadcast;
        (random.bits() % 2 == 0 ? p.a_right : p.b_right) = static_cast<int32_t>(
            random.bits() % 4 == 0 ? random.integer(0, 31) : random.integer(0, 16));
        draw_bounds<int16_t>(random, p.act_min, p.act_max);
        compare<int16_t>(k.add_shifted_s16, &reference::add_shifted_s16, p, a, b, shape, random,
                         check);
        compare<int16_t>(k.sub_shifted_s16, &reference::sub_shifted_s16, p, a, b, shape, random,
                         check);
      });
}

template <class T>
void sweep_prelu(BinaryKernel<T, reference::PreluParams> kernel,
                 BinaryKernel<T, reference::PreluParams> reference, Check& check) {
  Random random(34);
  for_each_pair(
      20, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        OutputStage stage(2, 1, random);
        const reference::PreluParams p = {broadcast,           any_zero<T>(random),
                                          any_zero<T>(random), any_zero<T>(random),
                                          stage.multiplier[0], stage.multiplier[1]};
        compare<T>(kernel, reference, p, a, b, shape, random, check);
      });
}

void test_prelu(const Kernels& k, Check& check) {
  sweep_prelu<int8_t>(k.prelu_s8, &reference::prelu_s8, check);
  sweep_prelu<uint8_t>(k.prelu_u8, &reference::prelu_u8, check);
}

void test_leaky_relu(const Kernels& k, Check& check) {
  Random random(49);
  for (int32_t n = 1; n <= 130; ++n) {
    for (int i = 0; i < 20; ++i) {
      OutputStage stage(2, 1, random);
      const reference::LeakyReluParams p = {
          n, 0, 0, stage.multiplier[0], stage.multiplier[1], random.bits() % 2 == 0};
      Buffer<int16_t> in(n), out(n + kGuard), expected(n + kGuard);
      fill(any_content(random), random, in);
      k.leaky_relu_s16(p, in.data(), out.data());
      reference::leaky_relu_s16(p, in.data(), expected.data());
      expect_same(make_shape(n), Shape(), out, expected, check);
    }
  }
}

template <class T>
void sweep_extreme(BinaryKernel<T, Broadcast> kernel, BinaryKernel<T, Broadcast> reference,
                   Check& check) {
  Random random(35);
  for_each_pair(
      6, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        compare<T>(kernel, reference, broadcast, a, b, shape, random, check);
      });
}

void test_extremes(const Kernels& k, Check& check) {
  sweep_extreme<int8_t>(k.maximum_s8, &reference::maximum_s8, check);
  sweep_extreme<int8_t>(k.minimum_s8, &reference::minimum_s8, check);
  sweep_extreme<uint8_t>(k.maximum_u8, &reference::maximum_u8, check);
  sweep_extreme<uint8_t>(k.minimum_u8, &reference::minimum_u8, check);
  sweep_extreme<int16_t>(k.maximum_s16, &reference::maximum_s16, check);
  sweep_extreme<int16_t>(k.minimum_s16, &reference::minimum_s16, check);
}

void test_lookup(const Kernels& k, Check& check) {
  Random random(37);
  Buffer<uint8_t> table(reference::kLut8Size);
  for (int32_t n = 1; n <= 400; ++n) {
    Buffer<uint8_t> in(n), out(n + kGuard), expected(n + kGuard);
    fill(Content::kAny, random, table);
    fill(any_content(random), random, in);
    k.lookup_8(n, table.data(), in.data(), out.data());
    reference::lookup_8(n, table.data(), in.data(), expected.data());
    expect_same(make_shape(n), Shape(), out, expected, check);
  }
  // Every value of the input.
  Buffer<int8_t> lut(reference::kLut8Size), in(4096), out(4096);
  fill(Content::kAny, random, lut);
  for (int32_t i = 0; i < 4096; ++i) in[i] = static_cast<int8_t>(i * 7);
  const auto* entries = reinterpret_cast<const uint8_t*>(lut.data());
  k.lookup_8(4096, entries, reinterpret_cast<const uint8_t*>(in.data()),
             reinterpret_cast<uint8_t*>(out.data()));
  for (int32_t i = 0; i < 4096; ++i) {
    check.expect_equal<int32_t>(out[i], lut[static_cast<uint8_t>(in[i])], "entry");
  }
}

float any_scale(Random& random) {
  constexpr float kSpecial[] = {1.0f, 0.1f, 1.0f / 255, 1e-38f, 1e38f};
  if (random.bits() % 2 == 0) return kSpecial[random.bits() % 5];
  return static_cast<float>(0.001 + random.real());
}

template <class T>
void sweep_quantize(void (*kernel)(const reference::AffineParams&, const float*, T*),
                    void (*reference)(const reference::AffineParams&, const float*, T*),
                    Check& check) {
  Random random(38);
  for (int32_t n = 1; n <= 300; ++n) {
    const float scale[] = {any_scale(random), any_scale(random)};
    const int32_t zero[] = {any_bound<T>(random), any_bound<T>(random)};
    const int64_t channels = n % 7 == 0 ? 2 : 1;
    const reference::AffineParams p = {1, channels, n, scale, zero};
    const int64_t count = channels * n;
    Buffer<float> in(count);
    for (int64_t i = 0; i < count; ++i)
      in[i] = any_real(scale[0], sizeof(T) == 2 ? 70000 : 300, random);
    Buffer<T> out(count + kGuard), expected(count + kGuard);
    kernel(p, in.data(), out.data());
    reference(p, in.data(), expected.data());
    for (int64_t i = 0; i < count + kGuard; ++i) {
      check.expect(out[i] == expected[i], n, " elements: number ", i, ", which is ",
                   in[i < count ? i : 0], " of scale ", scale[0], ", is ", int32_t{out[i]},
                   ", should be ", int32_t{expected[i]});
    }
  }
}

void test_quantize(const Kernels& k, Check& check) {
  sweep_quantize<int8_t>(k.quantize_s8, &reference::quantize_s8, check);
  sweep_quantize<uint8_t>(k.quantize_u8, &reference::quantize_u8, check);
  sweep_quantize<int16_t>(k.quantize_s16, &reference::quantize_s16, check);
}

template <class T>
void sweep_dequantize(void (*kernel)(const reference::AffineParams&, const T*, float*),
                      void (*reference)(const reference::AffineParams&, const T*, float*),
                      Check& check) {
  Random random(39);
  for (int32_t n = 1; n <= 300; ++n) {
    const float scale[] = {any_scale(random), any_scale(random)};
    const int32_t zero[] = {any_bound<T>(random), any_bound<T>(random)};
    const int64_t channels = n % 7 == 0 ? 2 : 1;
    const reference::AffineParams p = {1, channels, n, scale, zero};
    Buffer<T> in(channels * n);
    fill(any_content(random), random, in);
    const int64_t count = channels * n + kGuard;
    Buffer<float> out(count), expected(count);
    kernel(p, in.data(), out.data());
    reference(p, in.data(), expected.data());
    check.expect(
        memcmp(out.data(), expected.data(), static_cast<size_t>(count) * sizeof(float)) == 0, n,
        " elements of scale ", scale[0], " differ");
  }
}

void test_dequantize(const Kernels& k, Check& check) {
  sweep_dequantize<int8_t>(k.dequantize_s8, &reference::dequantize_s8, check);
  sweep_dequantize<uint8_t>(k.dequantize_u8, &reference::dequantize_u8, check);
  sweep_dequantize<int16_t>(k.dequantize_s16, &reference::dequantize_s16, check);
}

template <class In, class Out>
using RequantizeKernel = void (*)(const reference::RequantizeParams& p, const In* in, Out* out);

template <class In, class Out>
void sweep_requantize(RequantizeKernel<In, Out> kernel, RequantizeKernel<In, Out> reference,
                      Check& check) {
  Random random(52);
  for (int32_t n = 1; n <= 130; ++n) {
    for (int i = 0; i < 20; ++i) {
      OutputStage stage(1, 1, random);
      reference::RequantizeParams p = {};
      p.count = n;
      p.multiplier = stage.multiplier[0];
      p.in_zero = any_bound<In>(random);
      p.out_zero = any_bound<Out>(random);
      draw_bounds<Out>(random, p.low, p.high);
      Buffer<In> in(n);
      fill(any_content(random), random, in);
      Buffer<Out> out(n + kGuard), expected(n + kGuard);
      kernel(p, in.data(), out.data());
      reference(p, in.data(), expected.data());
      expect_same(make_shape(n), Shape(), out, expected, check);
    }
  }
}

void test_requantize(const Kernels& k, Check& check) {
  sweep_requantize<int16_t, int16_t>(k.requantize_s16, &reference::requantize_s16, check);
  sweep_requantize<int16_t, int8_t>(k.requantize_s16_s8, &reference::requantize_s16_s8, check);
  sweep_requantize<int16_t, int32_t>(k.requantize_s16_s32, &reference::requantize_s16_s32, check);
  sweep_requantize<int32_t, int8_t>(k.requantize_s32_s8, &reference::requantize_s32_s8, check);
  sweep_requantize<int32_t, int16_t>(k.requantize_s32_s16, &reference::requantize_s32_s16, check);
}

using SigmoidKernel = void (*)(const reference::SigmoidParams& p, int64_t count, const int16_t* in,
                               int16_t* out);

// All inputs at scales from such that all give the same to such that all but 0 saturate.
void sweep_sigmoid(SigmoidKernel kernel, SigmoidKernel reference, Check& check) {
  Random random(53);
  uint16_t lut[reference::kSigmoidLutSize];
  reference::build_sigmoid_lut(lut);
  constexpr int32_t kAll = 1 << 16;
  Buffer<int16_t> in(kAll), out(kAll + kGuard), expected(kAll + kGuard);
  for (int32_t i = 0; i < kAll; ++i) in[i] = static_cast<int16_t>(i - (1 << 15));
  for (int i = 0; i < 120; ++i) {
    constexpr int32_t kMultipliers[] = {3,     6,      32767,  32768,    65279,
                                        65280, 130559, 130560, INT32_MAX};
    reference::SigmoidParams p = {static_cast<int32_t>(random.integer(16384, 32767)),
                                  static_cast<int32_t>(random.integer(0, 31)), lut};
    if (i < 9) p = {kMultipliers[i], 0, lut};
    if (i >= 100) p = {static_cast<int32_t>(random.integer(32768, 1 << 18)), 0, lut};
    const int64_t count = i < 60 ? kAll : i;
    kernel(p, count, in.data(), out.data());
    reference(p, count, in.data(), expected.data());
    for (int64_t j = 0; j < count + kGuard; ++j) {
      check.expect(out[j] == expected[j], "of ", j - (1 << 15), " with multiplier ", p.multiplier,
                   " and shift ", p.right, ": ", int32_t{out[j]}, ", should be ",
                   int32_t{expected[j]});
    }
  }
}

void test_sigmoid(const Kernels& k, Check& check) {
  sweep_sigmoid(k.logistic_s16, &reference::logistic_s16, check);
  sweep_sigmoid(k.tanh_s16, &reference::tanh_s16, check);
}

using DivisionKernel = void (*)(const Broadcast& p, const int32_t* a, const int32_t* b,
                                int32_t* out);

void sweep_division(DivisionKernel kernel, DivisionKernel reference, Check& check) {
  Random random(47);
  const auto try_pair = [&](const Shape& a_shape, const Shape& b_shape, const Shape& shape,
                            const Broadcast& p) {
    Buffer<int32_t> a(a_shape.count()), b(b_shape.count());
    fill(any_content(random), random, a);
    fill(any_content(random), random, b);
    for (size_t i = 0; i < b.size(); ++i) {
      int32_t& divisor = b.data()[i];
      if (random.bits() % 2 == 0) divisor = static_cast<int32_t>(random.integer(-9, 9));
      if (divisor == 0) divisor = -1;
    }
    Buffer<int32_t> out(shape.count() + kGuard), expected(shape.count() + kGuard);
    kernel(p, a.data(), b.data(), out.data());
    reference(p, a.data(), b.data(), expected.data());
    expect_same(a_shape, b_shape, out, expected, check);
  };
  for_each_pair(20, random, check, try_pair);
}

void test_division(const Kernels& k, Check& check) {
  sweep_division(k.floor_div_s32, &reference::floor_div_s32, check);
  sweep_division(k.floor_mod_s32, &reference::floor_mod_s32, check);
}

constexpr KernelTest kTests[] = {
    {"ADD of 8 and 16 bits", &test_add},
    {"SUB of 8 and 16 bits", &test_sub},
    {"MUL of 8 and 16 bits", &test_mul},
    {"ADD, SUB, MUL of plain int16", &test_plain},
    {"ADD, SUB of int16 by shifts", &test_shifted},
    {"FLOOR_DIV, FLOOR_MOD of int32", &test_division},
    {"8-bit PRELU", &test_prelu},
    {"LEAKY_RELU of int16", &test_leaky_relu},
    {"MAXIMUM, MINIMUM of 8 and 16 bits", &test_extremes},
    {"8-bit lookup", &test_lookup},
    {"LOGISTIC, TANH of int16", &test_sigmoid},
    {"QUANTIZE to 8 and 16 bits", &test_quantize},
    {"DEQUANTIZE of 8 and 16 bits", &test_dequantize},
    {"QUANTIZE between integers", &test_requantize},
};

}  // namespace

const Span<const KernelTest> kElementwiseTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
