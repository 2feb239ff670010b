// The products of int16 by int8 of a table against reference/: every tail, both ends of every
// range, sums of 32 bits and of more.
#include <initializer_list>

#include "selftest/products.h"

namespace octavo::selftest {
namespace {

enum class Bias { kInt32, kInt64 };

int32_t bits_of(int64_t x) {
  int32_t bits = 0;
  while (x >> bits != 0) ++bits;
  return bits;
}

// How sums of `terms` products become outputs. Of int64 ones none leaves int32 when it is scaled:
// such layers are not for these kernels.
struct Outputs {
  Outputs(Bias type, int32_t count, int32_t terms, Random& random)
      : type(type), bias(count), wide_bias(count), multiplier(count), scale(count) {
    // Up to the greatest that may be; half of the layers stay within 32 bits.
    constexpr int32_t kBiasBits[] = {20, 30, 31, 36};
    const int32_t bias_bits = kBiasBits[random.bits() % 4];
    const int64_t most_bias = int64_t{1} << bias_bits;
    const int32_t bits = bits_of((int64_t{terms} << 22) + most_bias);
    const bool is_tame = random.bits() % 2 == 0;
    for (int32_t i = 0; i < count; ++i) {
      bias[i] = random.any_int32() >> (is_tame ? 8 : 0);
      const int64_t extremes[] = {-most_bias, 0, most_bias};
      wide_bias[i] = random.bits() % 8 == 0 ? extremes[random.bits() % 3]
                                            : random.integer(-most_bias, most_bias);
      int32_t most_shift = type == Bias::kInt32 ? 30 : min(30, 29 - bits);
      if (is_tame) most_shift = min(most_shift, 0);
      const int64_t least_shift = random.bits() % 2 == 0 ? -31 : max(-31, most_shift - 16);
      const auto shift = static_cast<int32_t>(random.integer(least_shift, most_shift));
      multiplier[i] = any_multiplier(shift, random);
      // Ties, what lies just below them, and anything.
      const double factors[] = {1, 0x1.fffffffffffffp-1, 1 + random.real()};
      scale[i] = factors[random.bits() % 3];
      for (int32_t s = shift; s < 0; ++s) scale[i] /= 2;
    }
    has_bias = random.bits() % 4 != 0;
    output.act_min = random.bits() % 2 == 0 ? INT16_MIN : any_bound<int16_t>(random);
    output.act_max = random.bits() % 2 == 0
                         ? INT16_MAX
                         : static_cast<int32_t>(random.integer(output.act_min, INT16_MAX));
    if (random.bits() % 4 == 0) {  // RELU
      output.act_min = 0;
      output.act_max = INT16_MAX;
    }
  }

  const int32_t* bias_or_null() { return has_bias ? bias.data() : nullptr; }
  const int64_t* wide_bias_or_null() { return has_bias ? wide_bias.data() : nullptr; }
  Epilogue epilogue(Scaling scaling) {
    const void* any_bias = bias_or_null();
    if (type == Bias::kInt64) any_bias = wide_bias_or_null();
    return {any_bias, type == Bias::kInt64, 0, scaling, multiplier.data(), scale.data(), output};
  }
  reference::ConvParams conv_params() {
    reference::ConvParams p = {};
    p.batch = p.in_h = p.in_w = p.out_h = p.out_w = p.filter_h = p.filter_w = 1;
    p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
    p.act_min = output.act_min;
    p.act_max = output.act_max;
    p.multiplier = multiplier.data();
    return p;
  }

  Bias type;
  Buffer<int32_t> bias;
  Buffer<int64_t> wide_bias;
  Buffer<Multiplier> multiplier;
  Buffer<double> scale;
  bool has_bias;
  QuantizedOutput output = {};
};

// [rows][n], by CONV_2D over a row of pixels or by FULLY_CONNECTED.
void multiply_by_reference(const ProductSize& size, Outputs& outputs, int32_t weight_zero,
                           Buffer<int16_t>& left, Buffer<int8_t>& weights, Buffer<int16_t>& out) {
  const bool is_wide = outputs.type == Bias::kInt64;
  if (size.scaling == Scaling::kFixedPoint) {
    reference::ConvParams p = outputs.conv_params();
    p.in_w = p.out_w = size.rows;
    p.in_c = p.filter_c = size.k();
    p.out_c = size.n;
    if (is_wide) {
      reference::conv_2d_s16(p, left.data(), weights.data(), outputs.wide_bias_or_null(),
                             out.data());
    } else {
      reference::conv_2d_s16_b32(p, left.data(), weights.data(), outputs.bias_or_null(),
                                 out.data());
    }
    return;
  }
  reference::FullyConnectedParams f = {};
  f.rows = size.rows;
  f.depth = size.k();
  f.units = size.n;
  f.filter_zero = weight_zero;
  f.act_min = outputs.output.act_min;
  f.act_max = outputs.output.act_max;
  f.scale = outputs.scale.data();
  if (is_wide) {
    reference::fully_connected_s16(f, left.data(), weights.data(), outputs.wide_bias_or_null(),
                                   out.data());
  } else {
    reference::fully_connected_s16_b32(f, left.data(), weights.data(), outputs.bias_or_null(),
                                       out.data());
  }
}

// `content` is the weights'.
void check_product(const Kernels& kernels, Bias bias, const ProductSize& size, Content content,
                   Random& random, Check& check) {
  const GemmKernel& g = kernels.product_s16->gemm;
  const int32_t n = size.n, depth = size.depth;
  Left<int16_t> left(size, random);
  Buffer<int8_t> weights(int64_t{n} * size.k());
  fill(content, random, weights);
  Outputs outputs(bias, n, size.k(), random);
  // Only FULLY_CONNECTED has one; differences of 255 are not for these kernels.
  const bool has_zero = size.scaling == Scaling::kDouble && random.bits() % 2 == 0;
  const int32_t zero = has_zero ? static_cast<int32_t>(random.integer(-126, 127)) : 0;
  const int32_t packed_taps = (has_zero ? 2 : 1) * size.taps;

  Buffer<uint8_t> packed(g.packed_bytes(n, packed_taps, depth));
  g.pack({n,
          size.taps,
          depth,
          {weights.data(), Flip::kNo, zero, has_zero},
          size.k(),
          1,
          nullptr,
          outputs.epilogue(size.scaling)},
         packed.data());
  Buffer<int16_t> expected(int64_t{size.rows} * n);
  multiply_by_reference(size, outputs, zero, left.matrix, weights, expected);
  check_outputs(g, size, packed_taps, Flip::kNo, left, packed, expected, random, check);
}

// As sweep_products of int8.
void sweep_products(const Kernels& kernels, Bias bias, Scaling scaling, Check& check) {
  constexpr int32_t kMostRows = 17;
  Random random(41);
  int32_t rows = 0;
  for (int32_t n = 1; n <= 130; ++n) {
    for (int32_t k = 1; k <= 130; k += static_cast<int32_t>(random.integer(2, 12))) {
      rows = rows % kMostRows + 1;
      const auto taps = static_cast<int32_t>(random.integer(1, random.bits() % 2 == 0 ? 1 : 9));
      const ProductSize size = {scaling, rows, n, taps, (k + taps - 1) / taps};
      check_product(kernels, bias, size, any_content(random), random, check);
    }
  }
  // The products' sum leaves int32: 700 * 32768 * 127 > 2^31.
  for (int i = 0; i < 30; ++i) {
    check_product(kernels, bias, {scaling, 3, 70, 1, 700}, Content::kOneExtreme, random, check);
    check_product(kernels, bias, {scaling, 11, 17, 5, 206}, any_content(random), random, check);
  }
  const int32_t most = kernels.product_s16->gemm.most_terms;
  for (int i = 0; i < 60; ++i) {
    check_product(kernels, bias, {scaling, 1, 2, 1, most}, Content::kOneExtreme, random, check);
  }
  // The sum is the bias: every one of them, by every multiplier.
  for (int i = 0; i < 500; ++i) {
    check_product(kernels, bias, {scaling, 1, 130, 1, 1}, Content::kZeros, random, check);
  }
}

template <Bias kBias, Scaling kScaling>
void test_products(const Kernels& kernels, Check& check) {
  sweep_products(kernels, kBias, kScaling, check);
}

void test_images(const Kernels& kernels, Check& check) {
  Random random(44);
  const Multiplier unit = {1 << 30, 1};
  const QuantizedOutput output = {0, INT16_MIN, INT16_MAX, Flip::kNo};
  for_each_image<int16_t>(random, [&](const ImageConversion& c) {
    check_image<int16_t>(kernels.product_s16->gemm, c,
                         {nullptr, true, 0, Scaling::kFixedPoint, &unit, nullptr, output}, check);
    const ImageKernel& words = kernels.product_s16->depthwise.image;
    const int64_t columns = c.left + c.middle + c.right;
    Buffer<int16_t> copy((c.above + c.rows + c.below) * c.planes *
                             plane_columns(static_cast<int32_t>(columns), c.planes) * c.channels *
                             c.repeat +
                         words.slack);
    words.convert(c, copy.data());
    check_pixels<int16_t>(c, [&](int64_t i) { return copy[i]; }, check);
  });
}

void check_depthwise(const Kernels& kernels, const DepthwiseSize& size, Content content,
                     Random& random, Check& check) {
  Buffer<int16_t> image(size.inputs());
  Buffer<int8_t> weights(int64_t{size.taps()} * size.channels);
  fill(any_content(random), random, image);
  fill(content, random, weights);
  Outputs outputs(Bias::kInt64, size.channels, size.taps(), random);
  const GemmColumns columns = {size.channels,
                               1,
                               size.taps(),
                               {weights.data(), Flip::kNo, 0, false},
                               1,
                               size.channels,
                               nullptr,
                               outputs.epilogue(Scaling::kFixedPoint)};
  reference::ConvParams p = outputs.conv_params();
  set_sizes(size, &p);
  Buffer<int16_t> expected(size.outputs() + kGuard);
  reference::depthwise_conv_2d_s16(p, image.data(), weights.data(), outputs.wide_bias_or_null(),
                                   expected.data());
  check_depthwise_outputs(kernels.product_s16->depthwise, p, columns, Flip::kNo, image, expected,
                          check);
}

void test_depthwise(const Kernels& kernels, Check& check) {
  Random random(42);
  for (int32_t channels = 1; channels <= 130; ++channels) {
    for (int32_t taps = 1; taps <= 26; ++taps) {
      check_depthwise(kernels, any_depthwise_size(channels, taps, random), any_content(random),
                      random, check);
    }
  }
  check_depthwise(kernels, {1030, 3, 3, 1, 1, 3}, Content::kAny, random, check);
  const int32_t most = kernels.product_s16->depthwise.most_terms;
  for (int i = 0; i < 60; ++i) {
    check_depthwise(kernels, {5, most, 1, 1, 2, 3}, Content::kOneExtreme, random, check);
  }
}

constexpr KernelTest kTests[] = {
    {"int16 products, fixed point", &test_products<Bias::kInt64, Scaling::kFixedPoint>},
    {"int16 products, int32 bias, fixed point", &test_products<Bias::kInt32, Scaling::kFixedPoint>},
    {"int16 products, double", &test_products<Bias::kInt64, Scaling::kDouble>},
    {"int16 products, int32 bias, double", &test_products<Bias::kInt32, Scaling::kDouble>},
    {"int16 images", &test_images},
    {"int16 depthwise", &test_depthwise},
};

}  // namespace

const Span<const KernelTest> kProductS16Tests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
