// The matrix products and depthwise convolutions of a table against reference/: every tail, both
// ends of every range.
#include <initializer_list>

#include "selftest/products.h"

namespace octavo::selftest {
namespace {

uint8_t* as_uint8(Buffer<int8_t>& b) { return reinterpret_cast<uint8_t*>(b.data()); }

Flip any_flip(Random& random) { return random.bits() % 2 == 0 ? Flip::kNo : Flip::kSign; }

// The number that a tensor of the file's type has where the kernels have `value`.
int32_t in_file(int32_t value, Flip flip) { return value + static_cast<int32_t>(flip); }

reference::ConvParams conv_params(OutputStage& stage, int32_t in_zero, int32_t weight_zero) {
  const Flip flip = stage.output.flip;
  reference::ConvParams p = {};
  p.batch = p.in_h = p.in_w = p.out_h = p.out_w = p.filter_h = p.filter_w = 1;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
  p.in_zero = in_file(in_zero, flip);
  p.filter_zero = in_file(weight_zero, flip);
  p.out_zero = in_file(stage.output.out_zero, flip);
  p.act_min = in_file(stage.output.act_min, flip);
  p.act_max = in_file(stage.output.act_max, flip);
  p.multiplier = stage.multiplier.data();
  return p;
}

// A zero point that two weights can make up for: none of the differences is 255.
int32_t any_weight_zero(Buffer<int8_t>& weights, Flip flip, Random& random) {
  const int32_t zero = any_zero_point(random);
  for (size_t i = 0; i < weights.size(); ++i) {
    const FileWeights w = {weights.data(), flip, zero, false};
    if (w.centred(static_cast<int64_t>(i)) > 254) return zero + 1;
  }
  return zero;
}

bool needs_split(Buffer<int8_t>& weights, Flip flip, int32_t zero) {
  const FileWeights w = {weights.data(), flip, zero, false};
  for (size_t i = 0; i < weights.size(); ++i) {
    const int32_t x = w.centred(static_cast<int64_t>(i));
    if (x < -128 || x > 127) return true;
  }
  return false;
}

// [rows][n], by CONV_2D over a row of pixels or by FULLY_CONNECTED.
void multiply_by_reference(const ProductSize& size, OutputStage& stage, int32_t in_zero,
                           int32_t weight_zero, Buffer<int8_t>& left, Buffer<int8_t>& weights,
                           Buffer<int8_t>& out) {
  reference::ConvParams p = conv_params(stage, in_zero, weight_zero);
  const bool is_unsigned = stage.output.flip == Flip::kSign;
  if (size.scaling == Scaling::kFixedPoint) {
    p.in_w = p.out_w = size.rows;
    p.in_c = p.filter_c = size.k();
    p.out_c = size.n;
    if (is_unsigned) {
      reference::conv_2d_u8(p, as_uint8(left), as_uint8(weights), stage.bias_or_null(),
                            as_uint8(out));
    } else {
      reference::conv_2d_s8(p, left.data(), weights.data(), stage.bias_or_null(), out.data());
    }
    return;
  }
  reference::FullyConnectedParams f = {};
  f.rows = size.rows;
  f.depth = size.k();
  f.units = size.n;
  f.in_zero = p.in_zero;
  f.filter_zero = p.filter_zero;
  f.out_zero = p.out_zero;
  f.act_min = p.act_min;
  f.act_max = p.act_max;
  f.scale = stage.scale.data();
  if (is_unsigned) {
    reference::fully_connected_u8(f, as_uint8(left), as_uint8(weights), stage.bias_or_null(),
                                  as_uint8(out));
  } else {
    reference::fully_connected_s8(f, left.data(), weights.data(), stage.bias_or_null(), out.data());
  }
}

// `content` is the weights'.
void check_product(const Kernels& kernels, const ProductSize& size, Content content, Random& random,
                   Check& check) {
  const GemmKernel& g = kernels.product_s8->gemm;
  const auto [scaling, rows, n, taps, depth] = size;
  Left<int8_t> left(size, random);
  Buffer<int8_t> weights(int64_t{n} * size.k());
  fill(content, random, weights);
  OutputStage stage(n, size.k(), random);
  const Flip flip = stage.output.flip = any_flip(random);
  const int32_t in_zero = any_zero_point(random);
  // CONV_2D on int8 has none.
  const bool has_zero = flip == Flip::kSign || scaling == Scaling::kDouble;
  const int32_t weight_zero = has_zero ? any_weight_zero(weights, flip, random) : 0;
  const bool is_split = needs_split(weights, flip, weight_zero);
  const int32_t packed_taps = (is_split ? 2 : 1) * taps;

  Buffer<uint8_t> packed(g.packed_bytes(n, packed_taps, depth));
  g.pack({n,
          taps,
          depth,
          {weights.data(), flip, weight_zero, is_split},
          size.k(),
          1,
          nullptr,
          {stage.bias_or_null(), false, in_zero, scaling, stage.multiplier.data(),
           stage.scale.data(), stage.output}},
         packed.data());
  Buffer<int8_t> expected(int64_t{rows} * n);
  multiply_by_reference(size, stage, in_zero, weight_zero, left.matrix, weights, expected);
  check_outputs(g, size, packed_taps, flip, left, packed, expected, random, check);
}

// Every n up to two wide panels and every k that one loop may treat in a way of its own, every
// number of rows with each of them.
void sweep_products(const Kernels& kernels, Scaling scaling, Check& check) {
  constexpr int32_t kMostRows = 17;
  Random random(31);
  int32_t rows = 0;
  for (int32_t n = 1; n <= 130; ++n) {
    for (int32_t k = 1; k <= 130; k += static_cast<int32_t>(random.integer(1, 6))) {
      rows = rows % kMostRows + 1;
      const auto taps = static_cast<int32_t>(random.integer(1, random.bits() % 2 == 0 ? 1 : 9));
      const ProductSize size = {scaling, rows, n, taps, (k + taps - 1) / taps};
      check_product(kernels, size, any_content(random), random, check);
    }
  }
  for (const ProductSize& size :
       {ProductSize{scaling, 3, 300, 1, 700}, ProductSize{scaling, 11, 70, 5, 206}}) {
    check_product(kernels, size, any_content(random), random, check);
  }
  // The products' sum alone leaves int32: 70000 * 255 * 128 > 2^31.
  for (int i = 0; i < 60; ++i) {
    check_product(kernels, {scaling, 1, 2, 1, 70000}, Content::kOneExtreme, random, check);
  }
  // The sum is the bias: every one of them, by every multiplier.
  for (int i = 0; i < 2000; ++i) {
    check_product(kernels, {scaling, 1, 130, 1, 1}, Content::kZeros, random, check);
  }
}

void test_fixed_point_products(const Kernels& kernels, Check& check) {
  sweep_products(kernels, Scaling::kFixedPoint, check);
}

void test_double_products(const Kernels& kernels, Check& check) {
  sweep_products(kernels, Scaling::kDouble, check);
}

void check_sums(const Kernels& kernels, const ProductSize& size, Random& random, Check& check) {
  const GemmKernel& g = kernels.product_sums_s8->gemm;
  Left<int8_t> left(size, random);
  Buffer<int8_t> weights(int64_t{size.n} * size.k());
  fill(any_content(random), random, weights);
  OutputStage stage(size.n, size.k(), random);
  reference::FullyConnectedParams p = {};
  p.rows = size.rows;
  p.depth = size.k();
  p.units = size.n;
  p.in_zero = any_zero_point(random);
  GemmColumns columns = {size.n,   size.taps, size.depth, {weights.data(), Flip::kNo, 0, false},
                         size.k(), 1,         nullptr,    {}};
  columns.epilogue.bias = stage.bias_or_null();
  columns.epilogue.in_zero = p.in_zero;
  Buffer<uint8_t> packed(g.packed_bytes(size.n, size.taps, size.depth));
  g.pack(columns, packed.data());
  Buffer<int32_t> expected(int64_t{size.rows} * size.n);
  reference::fully_connected_sums_s8(p, left.matrix.data(), weights.data(), stage.bias_or_null(),
                                     expected.data());
  check_outputs(g, size, size.taps, Flip::kNo, left, packed, expected, random, check);
}

void test_sums(const Kernels& kernels, Check& check) {
  Random random(35);
  for (int32_t n = 1; n <= 130; ++n) {
    for (int32_t k = 1; k <= 130; k += static_cast<int32_t>(random.integer(1, 12))) {
      const auto rows = static_cast<int32_t>(random.integer(1, 17));
      const auto taps = static_cast<int32_t>(random.integer(1, random.bits() % 2 == 0 ? 1 : 9));
      check_sums(kernels, {Scaling::kFixedPoint, rows, n, taps, (k + taps - 1) / taps}, random,
                 check);
    }
  }
  check_sums(kernels, {Scaling::kFixedPoint, 1, 2, 1, 70000}, random, check);
}

void test_images(const Kernels& kernels, Check& check) {
  Random random(34);
  const Multiplier unit = {1 << 30, 1};
  for_each_image<int8_t>(random, [&](ImageConversion c) {
    c.flip = any_flip(random);
    const QuantizedOutput output = {0, -128, 127, c.flip};
    check_image<int8_t>(kernels.product_s8->gemm, c,
                        {nullptr, false, 0, Scaling::kFixedPoint, &unit, nullptr, output}, check);
  });
}

void check_depthwise(const Kernels& kernels, const DepthwiseSize& size, Random& random,
                     Check& check) {
  Buffer<int8_t> image(size.inputs()), weights(int64_t{size.taps()} * size.channels);
  fill(any_content(random), random, image);
  fill(any_content(random), random, weights);
  OutputStage stage(size.channels, size.taps(), random);
  const Flip flip = stage.output.flip = any_flip(random);
  const int32_t in_zero = any_zero_point(random);
  const int32_t weight_zero = flip == Flip::kSign ? any_weight_zero(weights, flip, random) : 0;
  const bool is_split = needs_split(weights, flip, weight_zero);

  Buffer<int8_t> expected(size.outputs() + kGuard);
  reference::ConvParams p = conv_params(stage, in_zero, weight_zero);
  set_sizes(size, &p);
  if (flip == Flip::kSign) {
    reference::depthwise_conv_2d_u8(p, as_uint8(image), as_uint8(weights), stage.bias_or_null(),
                                    as_uint8(expected));
  } else {
    reference::depthwise_conv_2d_s8(p, image.data(), weights.data(), stage.bias_or_null(),
                                    expected.data());
  }
  const GemmColumns columns = {size.channels,
                               1,
                               size.taps(),
                               {weights.data(), flip, weight_zero, is_split},
                               1,
                               size.channels,
                               nullptr,
                               {stage.bias_or_null(), false, in_zero, Scaling::kFixedPoint,
                                stage.multiplier.data(), nullptr, stage.output}};
  check_depthwise_outputs(kernels.product_s8->depthwise, p, columns, flip, image, expected, check);
}

void test_depthwise(const Kernels& kernels, Check& check) {
  Random random(32);
  for (int32_t channels = 1; channels <= 130; ++channels) {
    for (int32_t taps = 1; taps <= 26; ++taps) {
      check_depthwise(kernels, any_depthwise_size(channels, taps, random), random, check);
    }
  }
  check_depthwise(kernels, {1030, 3, 3, 1, 1, 3}, random, check);
  check_depthwise(kernels, {5, 1, 1100, 1, 2, 3}, random, check);
  check_depthwise(kernels, {5, 1100, 1, 1, 2, 3}, random, check);
}

constexpr KernelTest kTests[] = {
    {"int8 products, fixed point", &test_fixed_point_products},
    {"int8 products, double", &test_double_products},
    {"int8 products, sums", &test_sums},
    {"int8 images", &test_images},
    {"int8 depthwise", &test_depthwise},
};

}  // namespace

const Span<const KernelTest> kConvolutionTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
