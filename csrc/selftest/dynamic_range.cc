// What float activations and integer weights take: rows quantized by their own range, and products
// with them, against reference/. All their bits are the same on every table.
#include "base/int4.h"
#include "kernels/table.h"
#include "selftest/kernel_inputs.h"

namespace octavo::selftest {
namespace {

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
    if (has_others && random.bits() % 32 == 0) row[i] = any_real(1, 300, random);
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

struct HybridSize {
  int32_t rows, n, taps, depth;
  bool is_int4;
  int32_t k() const { return taps * depth; }
};

// Elements of 4 bits, two in a byte.
void pack_int4(Buffer<int8_t>& weights, Buffer<uint8_t>& packed) {
  memset(packed.data(), 0, packed.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    weights.data()[i] = static_cast<int8_t>(weights.data()[i] >> 4);
    uint8_t& byte = packed.data()[i / 2];
    byte = static_cast<uint8_t>(byte | (weights.data()[i] & 15) << (i % 2 * 4));
  }
}

// FULLY_CONNECTED, whose rows are cut into taps; each row has a range of its own, or all the same.
void check_hybrid(const Kernels& kernels, const HybridSize& size, Random& random, Check& check) {
  const auto [rows, n, taps, depth, is_int4] = size;
  const int32_t k = size.k();
  const Product& product = is_int4 ? *kernels.product_hybrid_s4 : *kernels.product_hybrid_s8;
  const bool by_row = random.bits() % 2 == 0, asymmetric = random.bits() % 2 == 0;
  Buffer<float> in(int64_t{rows} * k), bias(n), scale(n);
  const int64_t row_size = by_row ? k : in.size();
  for (int64_t i = 0; i < static_cast<int64_t>(in.size()); i += row_size) {
    fill_row(row_size, random, in.data() + i);
  }
  Buffer<int8_t> weights(int64_t{n} * k);
  fill(any_content(random), random, weights);
  Buffer<uint8_t> int4(static_cast<int64_t>(weights.size() + 1) / 2);
  if (is_int4) pack_int4(weights, int4);
  for (int32_t i = 0; i < n; ++i) {
    bias[i] = static_cast<float>(random.real() - 0.5);
    scale[i] = static_cast<float>(random.real() / (127 * k));
  }
  const bool has_bias = random.bits() % 4 != 0;
  const bool is_clamped = random.bits() % 2 == 0;
  reference::FullyConnectedParams p = {};
  p.rows = rows;
  p.depth = k;
  p.units = n;
  p.filter_scale = scale.data();
  p.float_min = is_clamped ? 0.0f : -std::numeric_limits<float>::infinity();
  p.float_max = is_clamped ? 6.0f : std::numeric_limits<float>::infinity();

  Buffer<int8_t> quantized(int64_t{rows} * k);
  Buffer<float> in_scale(rows), expected(int64_t{rows} * n);
  Buffer<int32_t> in_zero(rows);
  // `by_row` the conversion finds them.
  Buffer<reference::RowQuantization> quantization(rows);
  reference::quantize_rows_s8(by_row ? rows : 1, row_size, asymmetric, in.data(), quantized.data(),
                              in_scale.data(), in_zero.data());
  for (int32_t r = 0; r < rows; ++r) {
    if (!by_row && r > 0) {
      in_scale[r] = in_scale[0];
      in_zero[r] = in_zero[0];
    }
    if (!by_row) quantization[r] = {in_scale[r], in_zero[r]};
  }
  const float* bias_or_null = has_bias ? bias.data() : nullptr;
  reference::fully_connected_hybrid(p, quantized.data(), in_scale.data(), in_zero.data(),
                                    weights.data(), bias_or_null, expected.data());

  const GemmKernel& g = product.gemm;
  Epilogue epilogue = {};
  epilogue.bias = bias_or_null;
  epilogue.float_output = {p.float_min, p.float_max};
  epilogue.weight_scale = scale.data();
  const void* file = is_int4 ? static_cast<void*>(int4.data()) : weights.data();
  Buffer<uint8_t> packed(g.packed_bytes(n, taps, depth));
  g.pack({n,
          taps,
          depth,
          {file, Flip::kNo, 0, false, is_int4 ? &dtype_info(DType::kInt4) : nullptr},
          k,
          1,
          nullptr,
          epilogue},
         packed.data());
  Buffer<uint8_t> converted((int64_t{rows} * k + g.image.slack) * g.image.element_bytes);
  ImageConversion c = {};
  c.in = in.data();
  c.in_stride = c.channels = k;
  c.rows = rows;
  c.middle = c.repeat = c.planes = 1;
  c.quantization = quantization.data();
  c.by_row = by_row;
  c.low = asymmetric ? -128 : -127;
  g.image.convert(c, converted.data());

  Buffer<int32_t> tap_offsets(taps);
  for (int32_t t = 0; t < taps; ++t) tap_offsets[t] = t * depth;
  const int64_t stride = n + random.integer(0, 3);
  Buffer<float> out((rows - 1) * stride + n + kGuard), untouched(1);
  GemmArgs args = {};
  args.image = converted.data();
  args.columns = INT32_MAX;
  args.pixel_step = k;
  args.tap_offsets = tap_offsets.data();
  args.rows = rows;
  args.taps = taps;
  args.depth = depth;
  args.n = n;
  args.packed = packed.data();
  args.out = out.data();
  args.out_stride = stride;
  args.quantization = quantization.data();
  args.by_row = by_row;
  run_panels(g, args, random);
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    const int64_t row = i / stride, column = i % stride;
    const float wanted = row < rows && column < n ? expected[row * n + column] : untouched[0];
    const bool are_nan = out[i] != out[i] && wanted != wanted;
    check.expect(are_nan || memcmp(&out[i], &wanted, sizeof(wanted)) == 0, rows, "x", taps, "x",
                 depth, " by ", n, is_int4 ? " of int4" : " of int8", ": row ", row, ", column ",
                 column, " is ", out[i], ", should be ", wanted);
  }
}

void sweep_hybrid(const Kernels& kernels, bool is_int4, Check& check) {
  constexpr int32_t kMostRows = 17;
  Random random(41);
  int32_t rows = 0;
  for (int32_t n = 1; n <= 130; ++n) {
    for (int32_t k = 1; k <= 130; k += static_cast<int32_t>(random.integer(10, 40))) {
      rows = rows % kMostRows + 1;
      const auto taps = static_cast<int32_t>(random.integer(1, random.bits() % 2 == 0 ? 1 : 9));
      check_hybrid(kernels, {rows, n, taps, (k + taps - 1) / taps, is_int4}, random, check);
    }
  }
  // The longest sums of int4, 16 times as great in registers, that are packed.
  for (int32_t i = 0; i < 4; ++i) check_hybrid(kernels, {1, 2, 1, 65536, is_int4}, random, check);
}

void test_int8_weights(const Kernels& kernels, Check& check) {
  sweep_hybrid(kernels, /*is_int4=*/false, check);
}
void test_int4_weights(const Kernels& kernels, Check& check) {
  sweep_hybrid(kernels, /*is_int4=*/true, check);
}

constexpr KernelTest kTests[] = {
    {"float rows to int8", &test_quantize_rows},
    {"float by int8 products", &test_int8_weights},
    {"float by int4 products", &test_int4_weights},
};

}  // namespace

const Span<const KernelTest> kDynamicRangeTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
