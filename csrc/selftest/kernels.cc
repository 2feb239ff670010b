// The fast kernels of a table against reference/: every tail, both ends of every range.
#include <initializer_list>
#include <new>
#include <utility>

#include "base/arena.h"
#include "base/math.h"
#include "kernels/depthwise.h"
#include "kernels/gemm.h"
#include "kernels/table.h"
#include "selftest/selftest.h"

namespace octavo::selftest {
namespace {

// Exactly `count` elements of garbage, so that a sanitizer sees whoever reads or writes beyond.
template <class T>
class Buffer {
 public:
  explicit Buffer(int64_t count)
      : count_(static_cast<size_t>(count)),
        data_(static_cast<T*>(::operator new(count_ * sizeof(T), kAlignment))) {
    memset(static_cast<void*>(data_), kGarbage, count_ * sizeof(T));
  }
  ~Buffer() { ::operator delete(data_, kAlignment); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  T* data() { return data_; }
  T& operator[](int64_t i) { return data_[i]; }
  size_t size() const { return count_; }

 private:
  static constexpr auto kAlignment = std::align_val_t{Arena::kAlignment};
  static constexpr int kGarbage = 0xa5;

  size_t count_;
  T* data_;
};

constexpr int64_t kGuard = 64;  // elements after an output that stay as they are

enum class Content { kAny, kExtremes, kOneExtreme, kZeros };

Content any_content(Random& random) { return static_cast<Content>(random.integer(0, 2)); }

void fill(Content content, Random& random, Buffer<int8_t>& to) {
  constexpr int8_t kExtremes[] = {-128, -127, 127, 127};
  const int8_t one = kExtremes[random.bits() % 4];
  uint64_t bits = 0;
  for (size_t i = 0; i < to.size(); ++i, bits >>= 8) {
    if (i % 8 == 0) bits = random.bits();
    switch (content) {
      case Content::kAny:
        to.data()[i] = static_cast<int8_t>(bits);
        break;
      case Content::kExtremes:
        to.data()[i] = kExtremes[bits % 4];
        break;
      case Content::kOneExtreme:
        to.data()[i] = one;
        break;
      case Content::kZeros:
        to.data()[i] = 0;
        break;
    }
  }
}

int32_t any_zero_point(Random& random) {
  const int64_t x = random.integer(-256, 255);
  return static_cast<int32_t>(clamp<int64_t>(x, -128, 127));
}

// Half of the shifts are anything; the others leave much of a sum of `terms` products in int8.
int32_t any_shift(int32_t terms, Random& random) {
  if (random.bits() % 2 == 0) return static_cast<int32_t>(random.integer(-31, 30));
  int32_t bits = 0;
  while (terms >> bits != 0) ++bits;
  return static_cast<int32_t>(random.integer(-7 - bits, -4));
}

// The least m makes ties.
Multiplier any_multiplier(int32_t shift, Random& random) {
  if (random.bits() % 32 == 0) return {};
  const int64_t m[] = {1 << 30, INT32_MAX, random.integer(1 << 30, INT32_MAX)};
  return {static_cast<int32_t>(m[random.bits() % 3]), shift};
}

// How sums become outputs, for each of `count` channels.
struct OutputStage {
  OutputStage(int32_t count, int32_t terms, Random& random)
      : bias(count), multiplier(count), scale(count), has_bias(random.bits() % 4 != 0) {
    for (int32_t i = 0; i < count; ++i) {
      bias[i] = random.any_int32();
      const int32_t shift = any_shift(terms, random);
      multiplier[i] = any_multiplier(shift, random);
      const double power = shift < 0 ? 1.0 / static_cast<double>(int64_t{1} << -shift)
                                     : static_cast<double>(int64_t{1} << shift);
      // Ties, what lies just below them, and anything.
      const double factors[] = {1, 0x1.fffffffffffffp-1, 1 + random.real()};
      scale[i] = factors[random.bits() % 3] * power;
    }
    output.out_zero = any_zero_point(random);
    output.act_min = random.bits() % 2 == 0 ? -128 : any_zero_point(random);
    output.act_max =
        random.bits() % 2 == 0 ? 127 : static_cast<int32_t>(random.integer(output.act_min, 127));
  }

  const int32_t* bias_or_null() { return has_bias ? bias.data() : nullptr; }

  Buffer<int32_t> bias;
  Buffer<Multiplier> multiplier;
  Buffer<double> scale;
  bool has_bias;
  QuantizedOutput output;
};

reference::ConvParams conv_params(OutputStage& stage, int32_t in_zero) {
  reference::ConvParams p = {};
  p.batch = p.in_h = p.in_w = p.out_h = p.out_w = p.filter_h = p.filter_w = 1;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
  p.in_zero = in_zero;
  p.out_zero = stage.output.out_zero;
  p.act_min = stage.output.act_min;
  p.act_max = stage.output.act_max;
  p.multiplier = stage.multiplier.data();
  return p;
}

struct Product {
  Epilogue epilogue;
  int32_t rows, n, k;
};

// [rows][n], by CONV_2D over a row of pixels or by FULLY_CONNECTED.
void multiply_by_reference(const Product& size, OutputStage& stage, int32_t in_zero,
                           Buffer<int8_t>& left, Buffer<int8_t>& weights, Buffer<int8_t>& out) {
  if (size.epilogue == Epilogue::kFixedPoint) {
    reference::ConvParams p = conv_params(stage, in_zero);
    p.in_w = p.out_w = size.rows;
    p.in_c = p.filter_c = size.k;
    p.out_c = size.n;
    reference::conv_2d_s8(p, left.data(), weights.data(), stage.bias_or_null(), out.data());
  } else {
    reference::FullyConnectedParams p = {};
    p.rows = size.rows;
    p.depth = size.k;
    p.units = size.n;
    p.in_zero = in_zero;
    p.out_zero = stage.output.out_zero;
    p.act_min = stage.output.act_min;
    p.act_max = stage.output.act_max;
    p.scale = stage.scale.data();
    reference::fully_connected_s8(p, left.data(), weights.data(), stage.bias_or_null(), out.data());
  }
}

// A tile's row in pieces, some of which are made one value throughout, in `left` too. The last
// comes first, so that a piece that is written too far spoils the next.
void pack_row(const GemmS8& g, int32_t k, int32_t row, int8_t* left, uint8_t* tile,
              Random& random) {
  for (int32_t at = k; at > 0;) {
    const auto count = static_cast<int32_t>(random.integer(1, at));
    at -= count;
    if (random.bits() % 4 == 0) {
      memset(left + at, left[at], static_cast<size_t>(count));
      g.fill_row(tile, k, row, at, left[at], count);
    } else {
      g.pack_row(tile, k, row, at, left + at, count);
    }
  }
}

// `content` is the weights'.
void check_product(const GemmS8& g, const Product& size, Content content, Random& random,
                   Check& check) {
  const auto [epilogue, rows, n, k] = size;
  Buffer<int8_t> left(int64_t{rows} * k), weights(int64_t{n} * k);
  fill(any_content(random), random, left);
  fill(content, random, weights);
  OutputStage stage(n, k, random);
  const int32_t in_zero = any_zero_point(random);

  Buffer<uint8_t> packed(g.packed_bytes(n, k)), tile(g.tile_bytes(k));
  g.pack(epilogue,
         {n, k, weights.data(), stage.bias_or_null(), in_zero, stage.multiplier.data(),
          stage.scale.data()},
         packed.data());
  const int64_t stride = n + random.integer(0, 3);
  Buffer<int8_t> out((rows - 1) * stride + n + kGuard), untouched(1);
  for (int32_t first = 0; first < rows; first += g.mr) {
    const int32_t count = min(g.mr, rows - first);
    for (int32_t row = 0; row < count; ++row) {
      pack_row(g, k, row, left.data() + int64_t{first + row} * k, tile.data(), random);
    }
    g.run(epilogue, tile.data(), packed.data(), count, n, k, stage.output,
          out.data() + first * stride, stride);
  }

  Buffer<int8_t> expected(int64_t{rows} * n);
  multiply_by_reference(size, stage, in_zero, left, weights, expected);
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    const int64_t row = i / stride, column = i % stride;
    const bool is_output = row < rows && column < n;
    const int8_t wanted = is_output ? expected[row * n + column] : untouched[0];
    check.expect(out[i] == wanted, rows, "x", k, " by ", k, "x", n, ": row ", row, ", column ",
                 column, " is ", out[i], ", should be ", wanted);
  }
}

// Every n up to two wide panels and every k that one loop may treat in a way of its own, every
// number of rows with each of them.
void sweep_products(const GemmS8& g, Epilogue epilogue, Check& check) {
  Random random(31);
  const int32_t most_rows = 2 * g.mr + 1;
  int32_t rows = 0;
  for (int32_t n = 1; n <= 130; ++n) {
    for (auto k = 1; k <= 130; k += static_cast<int>(random.integer(1, 3))) {
      rows = rows % most_rows + 1;
      check_product(g, {epilogue, rows, n, k}, any_content(random), random, check);
    }
  }
  for (const Product& size : {Product{epilogue, 3, 300, 700}, Product{epilogue, 11, 70, 1030}}) {
    check_product(g, size, any_content(random), random, check);
  }
  // The products' sum alone leaves int32: 70000 * 255 * 128 > 2^31.
  for (int i = 0; i < 60; ++i) {
    check_product(g, {epilogue, 1, 2, 70000}, Content::kOneExtreme, random, check);
  }
  // The sum is the bias: every one of them, by every multiplier.
  for (int i = 0; i < 2000; ++i) {
    check_product(g, {epilogue, 1, 130, 1}, Content::kZeros, random, check);
  }
}

void test_fixed_point_products(const Kernels& kernels, Check& check) {
  sweep_products(*kernels.gemm_s8, Epilogue::kFixedPoint, check);
}

void test_double_products(const Kernels& kernels, Check& check) {
  sweep_products(*kernels.gemm_s8, Epilogue::kDouble, check);
}

void check_depthwise(const DepthwiseS8& d, int32_t channels, int32_t taps, Random& random,
                     Check& check) {
  Buffer<int8_t> pixels(int64_t{taps} * channels), weights(int64_t{taps} * channels);
  fill(any_content(random), random, pixels);
  fill(any_content(random), random, weights);
  OutputStage stage(channels, taps, random);
  const int32_t in_zero = any_zero_point(random);

  Buffer<uint8_t> packed(d.packed_bytes(channels, taps));
  d.pack({channels, taps, weights.data(), stage.bias_or_null(), in_zero, stage.multiplier.data()},
         packed.data());
  const int32_t multiple = d.taps_multiple;
  Buffer<const int8_t*> inputs((taps + multiple - 1) / multiple * multiple);
  for (int32_t t = 0; t < static_cast<int32_t>(inputs.size()); ++t) {
    inputs[t] = pixels.data() + int64_t{t % taps} * channels;
  }
  Buffer<int8_t> out(channels + kGuard), expected(channels + kGuard);
  d.run(inputs.data(), packed.data(), channels, taps, stage.output, out.data());

  reference::ConvParams p = conv_params(stage, in_zero);
  p.in_w = p.filter_w = taps;
  p.in_c = p.out_c = channels;
  p.filter_c = 1;
  reference::depthwise_conv_2d_s8(p, pixels.data(), weights.data(), stage.bias_or_null(),
                                  expected.data());
  for (int32_t c = 0; c < channels + kGuard; ++c) {
    check.expect(out[c] == expected[c], channels, " channels, ", taps, " taps: channel ", c, " is ",
                 out[c], ", should be ", expected[c]);
  }
}

void test_depthwise(const Kernels& kernels, Check& check) {
  Random random(32);
  for (int32_t channels = 1; channels <= 130; ++channels) {
    for (int32_t taps = 1; taps <= 26; ++taps) {
      check_depthwise(*kernels.depthwise_s8, channels, taps, random, check);
    }
  }
  check_depthwise(*kernels.depthwise_s8, 1030, 9, random, check);
  check_depthwise(*kernels.depthwise_s8, 5, 1100, random, check);
}

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
    {"int8 products, fixed point", &test_fixed_point_products},
    {"int8 products, double", &test_double_products},
    {"int8 depthwise", &test_depthwise},
    {"int8 ADD", &test_add},
    {"int8 SUB", &test_sub},
    {"int8 MUL", &test_mul},
};

}  // namespace

const Span<const KernelTest> kKernelTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
