// The elementwise kernels of a table against reference/: every tail, both ends of every range.
#include <cmath>
#include <type_traits>
#include <utility>

#include "kernels/table.h"
#include "selftest/kernel_inputs.h"

namespace octavo::selftest {
namespace {

using reference::Broadcast;

// int8's, moved to T.
template <class T>
int32_t moved(int32_t value) {
  return std::is_signed_v<T> ? value : value + 128;
}

void expect_same(const Shape& a_shape, const Shape& b_shape, Buffer<int8_t>& out,
                 Buffer<int8_t>& expected, Check& check) {
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    check.expect(out[i] == expected[i], a_shape, " and ", b_shape, ": element ", i, " is ", out[i],
                 ", should be ", expected[i]);
  }
}

// Calls run(a, b, out, kernel) for each of the pair of kernels, which shall give the same.
template <class Run>
void compare(const Shape& a_shape, const Shape& b_shape, const Shape& shape, Random& random,
             Check& check, Run run) {
  Buffer<int8_t> a(a_shape.count()), b(b_shape.count());
  fill(any_content(random), random, a);
  fill(any_content(random), random, b);
  Buffer<int8_t> out(shape.count() + kGuard), expected(shape.count() + kGuard);
  run(a.data(), b.data(), out.data(), true);
  run(a.data(), b.data(), expected.data(), false);
  expect_same(a_shape, b_shape, out, expected, check);
}

// Calls body(a_shape, b_shape, shape, broadcast) for rows of every length, with each way in which
// an operand can repeat.
template <class Body>
void for_each_pair(int repetitions, Random& random, Check& check, Body body) {
  for (int32_t n = 1; n <= 130; ++n) {
    const auto rows = static_cast<int32_t>(random.integer(1, 4000 / n));
    const Shape full = make_shape(3, n), row = make_shape(n), column = make_shape(3, 1);
    const Shape images = make_shape(2, rows, n);
    const Shape pairs[][2] = {{full, full},
                              {make_shape(1), full},
                              {full, make_shape(1)},
                              {full, row},
                              {column, full},
                              {row, column},
                              {images, make_shape(2, 1, n)},
                              {make_shape(rows, 1), images},
                              {make_shape(2, rows, 1), make_shape(rows, n)}};
    for (int i = 0; i < repetitions; ++i) {
      const auto& [a, b] = pairs[random.bits() % (sizeof(pairs) / sizeof(pairs[0]))];
      Shape shape;
      check.expect(reference::broadcast_shapes(a, b, shape), a, " and ", b);
      body(a, b, shape, reference::plan_broadcast(a, b, shape));
    }
  }
}

template <class T, class Params>
using BinaryKernel = void (*)(const Params& p, const T* a, const T* b, T* out);

// make_params(stage, random) gives what the operands and the output do not say.
template <class T, class Params, class MakeParams>
void sweep_binary(BinaryKernel<T, Params> kernel, BinaryKernel<T, Params> reference,
                  MakeParams make_params, Check& check) {
  Random random(33);
  for_each_pair(
      20, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        OutputStage stage(1, 1, random);
        Params p = make_params(stage, random);
        p.broadcast = broadcast;
        p.a_zero = moved<T>(any_zero_point(random));
        p.b_zero = moved<T>(any_zero_point(random));
        p.out_zero = moved<T>(stage.output.out_zero);
        p.act_min = moved<T>(stage.output.act_min);
        p.act_max = moved<T>(stage.output.act_max);
        compare(a, b, shape, random, check, [&](void* x, void* y, void* out, bool fast) {
          (fast ? kernel : reference)(p, static_cast<T*>(x), static_cast<T*>(y),
                                      static_cast<T*>(out));
        });
      });
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

using reference::ScaledProductParams;
using reference::ScaledSumParams;

void test_add(const Kernels& k, Check& check) {
  sweep_binary<int8_t, ScaledSumParams>(k.add_s8, &reference::add_s8, &sum_params, check);
  sweep_binary<uint8_t, ScaledSumParams>(k.add_u8, &reference::add_u8, &sum_params, check);
}

void test_sub(const Kernels& k, Check& check) {
  sweep_binary<int8_t, ScaledSumParams>(k.sub_s8, &reference::sub_s8, &sum_params, check);
  sweep_binary<uint8_t, ScaledSumParams>(k.sub_u8, &reference::sub_u8, &sum_params, check);
}

void test_mul(const Kernels& k, Check& check) {
  sweep_binary<int8_t, ScaledProductParams>(k.mul_s8, &reference::mul_s8, &product_params, check);
  sweep_binary<uint8_t, ScaledProductParams>(k.mul_u8, &reference::mul_u8, &product_params, check);
}

template <class T>
void sweep_prelu(BinaryKernel<T, reference::PreluParams> kernel,
                 BinaryKernel<T, reference::PreluParams> reference, Check& check) {
  Random random(34);
  for_each_pair(
      20, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        OutputStage stage(2, 1, random);
        const reference::PreluParams p = {broadcast,
                                          moved<T>(any_zero_point(random)),
                                          moved<T>(any_zero_point(random)),
                                          moved<T>(stage.output.out_zero),
                                          stage.multiplier[0],
                                          stage.multiplier[1]};
        compare(a, b, shape, random, check, [&](void* x, void* y, void* out, bool fast) {
          (fast ? kernel : reference)(p, static_cast<T*>(x), static_cast<T*>(y),
                                      static_cast<T*>(out));
        });
      });
}

void test_prelu(const Kernels& k, Check& check) {
  sweep_prelu<int8_t>(k.prelu_s8, &reference::prelu_s8, check);
  sweep_prelu<uint8_t>(k.prelu_u8, &reference::prelu_u8, check);
}

template <class T>
void sweep_extreme(BinaryKernel<T, Broadcast> kernel, BinaryKernel<T, Broadcast> reference,
                   Check& check) {
  Random random(35);
  for_each_pair(
      6, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        compare(a, b, shape, random, check, [&](void* x, void* y, void* out, bool fast) {
          (fast ? kernel : reference)(broadcast, static_cast<T*>(x), static_cast<T*>(y),
                                      static_cast<T*>(out));
        });
      });
}

void test_extremes(const Kernels& k, Check& check) {
  sweep_extreme<int8_t>(k.maximum_s8, &reference::maximum_s8, check);
  sweep_extreme<int8_t>(k.minimum_s8, &reference::minimum_s8, check);
  sweep_extreme<uint8_t>(k.maximum_u8, &reference::maximum_u8, check);
  sweep_extreme<uint8_t>(k.minimum_u8, &reference::minimum_u8, check);
}

int32_t weighted(int32_t value, LinearWeight w) { return 256 * value * w.high; }

// What kernels/linear_sum.h says.
void linear_sum_by_formula(const LinearSumParams& p, const uint8_t* a, const uint8_t* b,
                           uint8_t* out) {
  const auto flip = static_cast<uint8_t>(p.flip);
  reference::for_each_broadcast(p.broadcast, a, b, out, [&](uint8_t i, uint8_t j) {
    const auto x = static_cast<int8_t>(i ^ flip), y = static_cast<int8_t>(j ^ flip);
    const int32_t low = 256 * (x * p.a.low + y * p.b.low);
    const int32_t s = weighted(x, p.a) + weighted(y, p.b) + (low >> 15) + p.zeros;
    const int32_t rounded = (s + p.constant - (s < 0 ? p.away : 0)) >> p.right;
    return static_cast<uint8_t>(clamp(rounded, p.act_min, p.act_max) ^ flip);
  });
}

// Weights and constants so large that the sum just fits.
void test_linear_sum(const Kernels& k, Check& check) {
  Random random(36);
  for_each_pair(
      20, random, check,
      [&](const Shape& a, const Shape& b, const Shape& shape, const Broadcast& broadcast) {
        OutputStage stage(1, 1, random);
        const auto low = [&] { return static_cast<int16_t>(random.integer(0, INT16_MAX)); };
        const auto high = static_cast<int16_t>(random.integer(-32000, 32000));
        const int16_t rest = static_cast<int16_t>(32000 - (high < 0 ? -high : high));
        const auto other = static_cast<int16_t>(random.integer(-rest, rest));
        const LinearSumParams p = {broadcast,
                                   {high, low()},
                                   {other, low()},
                                   static_cast<int32_t>(random.integer(-(1 << 29), 1 << 29)),
                                   static_cast<int32_t>(random.integer(-(1 << 28), 1 << 28)),
                                   static_cast<int32_t>(max<int64_t>(0, random.integer(-99, 99))),
                                   static_cast<int32_t>(random.integer(1, 22)),
                                   stage.output.act_min,
                                   stage.output.act_max,
                                   random.bits() % 2 == 0 ? Flip::kNo : Flip::kSign};
        compare(a, b, shape, random, check, [&](void* x, void* y, void* out, bool fast) {
          (fast ? k.linear_sum_8 : &linear_sum_by_formula)(
              p, static_cast<uint8_t*>(x), static_cast<uint8_t*>(y), static_cast<uint8_t*>(out));
        });
      });
}

void test_lookup(const Kernels& k, Check& check) {
  Random random(37);
  const Shape table = make_shape(reference::kLut8Size);
  for (int32_t n = 1; n <= 400; ++n) {
    const Shape shape = make_shape(n);
    compare(shape, table, shape, random, check, [&](void* in, void* lut, void* out, bool fast) {
      (fast ? k.lookup_8 : &reference::lookup_8)(
          n, static_cast<uint8_t*>(lut), static_cast<uint8_t*>(in), static_cast<uint8_t*>(out));
    });
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

// Ties and their neighbours, what is clamped, NaN and the infinities.
float any_real(float scale, Random& random) {
  constexpr float kSpecial[] = {0.0f, -0.0f, 1e30f, -1e30f, INFINITY, -INFINITY, NAN, 1e-40f};
  const auto integer = static_cast<float>(random.integer(-300, 300));
  switch (random.bits() % 8) {
    case 0:
      return kSpecial[random.bits() % 8];
    case 1:
      return integer * scale;
    case 2:
    case 3: {
      float x = (integer + 0.5f) * scale;
      uint32_t bits;
      memcpy(&bits, &x, sizeof(bits));
      bits += static_cast<uint32_t>(random.integer(-2, 2));
      memcpy(&x, &bits, sizeof(x));
      return x;
    }
    default:
      return static_cast<float>((random.real() - 0.5) * 600) * scale;
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
    const int32_t zero[] = {moved<T>(any_zero_point(random)), moved<T>(any_zero_point(random))};
    const int64_t channels = n % 7 == 0 ? 2 : 1;
    const reference::AffineParams p = {1, channels, n, scale, zero};
    const int64_t count = channels * n;
    Buffer<float> in(count);
    for (int64_t i = 0; i < count; ++i) in[i] = any_real(scale[0], random);
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
}

template <class T>
void sweep_dequantize(void (*kernel)(const reference::AffineParams&, const T*, float*),
                      void (*reference)(const reference::AffineParams&, const T*, float*),
                      Check& check) {
  Random random(39);
  for (int32_t n = 1; n <= 300; ++n) {
    const float scale[] = {any_scale(random), any_scale(random)};
    const int32_t zero[] = {moved<T>(any_zero_point(random)), moved<T>(any_zero_point(random))};
    const int64_t channels = n % 7 == 0 ? 2 : 1;
    const reference::AffineParams p = {1, channels, n, scale, zero};
    Buffer<int8_t> in(channels * n);
    fill(any_content(random), random, in);
    const auto* from = reinterpret_cast<const T*>(in.data());
    const int64_t count = channels * n + kGuard;
    Buffer<float> out(count), expected(count);
    kernel(p, from, out.data());
    reference(p, from, expected.data());
    check.expect(
        memcmp(out.data(), expected.data(), static_cast<size_t>(count) * sizeof(float)) == 0, n,
        " elements of scale ", scale[0], " differ");
  }
}

void test_dequantize(const Kernels& k, Check& check) {
  sweep_dequantize<int8_t>(k.dequantize_s8, &reference::dequantize_s8, check);
  sweep_dequantize<uint8_t>(k.dequantize_u8, &reference::dequantize_u8, check);
}

// Rows whose range decides their scale: ordinary ones, one of zeros, of floats at the ends of their
// type, with NaN and infinities.
void fill_row(int64_t size, Random& random, float* row) {
  constexpr float kMagnitudes[] = {1.0f, 255.0f, 1e-3f, 1e-43f, 3e38f, 0.0f};
  const float magnitude = kMagnitudes[random.bits() % 6];
  const bool is_positive = random.bits() % 3 == 0, has_others = random.bits() % 4 == 0;
  for (int64_t i = 0; i < size; ++i) {
    const double x = random.real() - (is_positive ? 0 : 0.5);
    row[i] = static_cast<float>(x) * magnitude;
    // Middles between two integers, where the range is 255 times a power of two.
    if (random.bits() % 4 == 0)
      row[i] = magnitude * static_cast<float>(random.integer(0, 510)) / 510;
    if (has_others && random.bits() % 32 == 0) row[i] = any_real(1, random);
  }
}

void test_quantize_rows(const Kernels& k, Check& check) {
  Random random(40);
  for (int32_t n = 1; n <= 600; ++n) {
    const int64_t rows = random.integer(1, 3), size = n % 300 + 1, count = rows * size;
    const bool asymmetric = random.bits() % 2 == 0;
    Buffer<float> in(count);
    for (int64_t r = 0; r < rows; ++r) fill_row(size, random, in.data() + r * size);
    Buffer<int8_t> out(count + kGuard), expected(count + kGuard);
    Buffer<float> scale(rows), expected_scale(rows);
    Buffer<int32_t> zero(rows), expected_zero(rows);
    k.quantize_rows_s8(rows, size, asymmetric, in.data(), out.data(), scale.data(), zero.data());
    reference::quantize_rows_s8(rows, size, asymmetric, in.data(), expected.data(),
                                expected_scale.data(), expected_zero.data());
    for (int64_t r = 0; r < rows; ++r) {
      check.expect(scale[r] == expected_scale[r] && zero[r] == expected_zero[r], size,
                   " elements: scale ", scale[r], " and zero point ", zero[r], ", should be ",
                   expected_scale[r], " and ", expected_zero[r]);
    }
    for (int64_t i = 0; i < count + kGuard; ++i) {
      check.expect(out[i] == expected[i], size, " elements: number ", i, ", which is ",
                   in[i < count ? i : 0], " of scale ", scale[0], ", is ", int32_t{out[i]},
                   ", should be ", int32_t{expected[i]});
    }
  }
}

constexpr KernelTest kTests[] = {
    {"8-bit ADD", &test_add},
    {"8-bit SUB", &test_sub},
    {"8-bit MUL", &test_mul},
    {"8-bit PRELU", &test_prelu},
    {"8-bit MAXIMUM, MINIMUM", &test_extremes},
    {"8-bit weighted sum", &test_linear_sum},
    {"8-bit lookup", &test_lookup},
    {"8-bit QUANTIZE", &test_quantize},
    {"8-bit DEQUANTIZE", &test_dequantize},
    {"float rows to int8", &test_quantize_rows},
};

}  // namespace

const Span<const KernelTest> kElementwiseTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
