// The matrix products and depthwise convolutions of a table against reference/: every tail, both
// ends of every range.
#include <initializer_list>

#include "kernels/table.h"
#include "selftest/kernel_inputs.h"

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

// A converted line of `in`, with what may be read behind it.
void convert_line(const ImageKernel& image, Buffer<int8_t>& in, Flip flip, Buffer<uint8_t>& out) {
  ImageConversion c = {};
  c.in = in.data();
  c.rows = c.channels = c.repeat = c.planes = 1;
  c.middle = static_cast<int32_t>(in.size());
  c.flip = flip;
  image.convert(c, out.data());
}

int64_t converted_bytes(const ImageKernel& image, int64_t elements) {
  return (elements + image.slack) * image.element_bytes;
}

struct ProductSize {
  Scaling scaling;
  int32_t rows, n, taps, depth;
  int32_t k() const { return taps * depth; }
};

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

// A left matrix whose rows are windows of a line of elements, with taps anywhere in it.
struct Left {
  Left(const ProductSize& size, Random& random)
      : columns(static_cast<int32_t>(random.integer(1, size.rows))),
        row_step(random.integer(0, 40)),
        pixel_step(random.integer(0, 10)),
        line(size.k() + place(size.rows - 1) + columns * pixel_step + random.integer(0, 200)),
        matrix(int64_t{size.rows} * size.k()),
        tap_offsets(2 * size.taps) {
    fill(any_content(random), random, line);
    const int64_t beyond = static_cast<int64_t>(line.size()) - size.depth - columns * pixel_step -
                           place(size.rows - 1);
    for (int32_t t = 0; t < size.taps; ++t) {
      tap_offsets[t] = tap_offsets[size.taps + t] = static_cast<int32_t>(random.integer(0, beyond));
    }
    for (int32_t r = 0; r < size.rows; ++r) {
      for (int32_t i = 0; i < size.k(); ++i) {
        matrix[int64_t{r} * size.k() + i] =
            line[place(r) + tap_offsets[i / size.depth] + i % size.depth];
      }
    }
  }

  int64_t place(int32_t r) const { return r / columns * row_step + r % columns * pixel_step; }

  int32_t columns;
  int64_t row_step, pixel_step;
  Buffer<int8_t> line, matrix;
  Buffer<int32_t> tap_offsets;
};

// `content` is the weights'.
void check_product(const Kernels& kernels, const ProductSize& size, Content content, Random& random,
                   Check& check) {
  const Product& product = *kernels.product_s8;
  const GemmKernel& g = product.gemm;
  const auto [scaling, rows, n, taps, depth] = size;
  Left left(size, random);
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
          {stage.bias_or_null(), in_zero, scaling, stage.multiplier.data(), stage.scale.data(),
           stage.output}},
         packed.data());
  Buffer<uint8_t> line(converted_bytes(g.image, static_cast<int64_t>(left.line.size())));
  convert_line(g.image, left.line, flip, line);

  const int64_t stride = n + random.integer(0, 3);
  Buffer<int8_t> out((rows - 1) * stride + n + kGuard), untouched(1);
  const int32_t panels = (n + g.panel_width - 1) / g.panel_width;
  for (int32_t first = 0; first < panels;) {
    const auto count = static_cast<int32_t>(random.integer(1, panels - first));
    g.run({line.data(), 0, left.columns, left.row_step, left.pixel_step, left.tap_offsets.data(),
           rows, packed_taps, depth, n, first, count, packed.data(), out.data(), stride});
    first += count;
  }

  Buffer<int8_t> expected(int64_t{rows} * n);
  multiply_by_reference(size, stage, in_zero, weight_zero, left.matrix, weights, expected);
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    const int64_t row = i / stride, column = i % stride;
    const bool is_output = row < rows && column < n;
    const int8_t wanted = is_output ? expected[row * n + column] : untouched[0];
    check.expect(out[i] == wanted, rows, "x", taps, "x", depth, " by ", n, ": row ", row,
                 ", column ", column, " is ", out[i], ", should be ", wanted);
  }
}

// Every n up to two wide panels and every k that one loop may treat in a way of its own, every
// number of rows with each of them.
void sweep_products(const Kernels& kernels, Scaling scaling, Check& check) {
  constexpr int32_t kMostRows = 17;
  Random random(31);
  int32_t rows = 0;
  for (int32_t n = 1; n <= 130; ++n) {
    for (int32_t k = 1; k <= 130; k += static_cast<int32_t>(random.integer(1, 3))) {
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

// A converted image is read back by a product with the matrix of one weight, 1.
void check_image(const Product& product, const ImageConversion& c, Check& check) {
  const auto* in = static_cast<const int8_t*>(c.in);
  const int32_t columns = c.left + c.middle + c.right, rows = c.above + c.rows + c.below;
  const int64_t pixel = int64_t{c.channels} * c.repeat;
  const int64_t plane = plane_columns(columns, c.planes) * pixel;
  const int64_t count = rows * c.planes * plane;
  Buffer<uint8_t> converted(converted_bytes(product.gemm.image, count));
  product.gemm.image.convert(c, converted.data());

  const GemmKernel& g = product.gemm;
  const int8_t one = 1;
  const Multiplier unit = {1 << 30, 1};
  Buffer<uint8_t> packed(g.packed_bytes(1, 1, 1));
  g.pack({1,
          1,
          1,
          {&one, Flip::kNo, 0, false},
          1,
          1,
          nullptr,
          {nullptr, 0, Scaling::kFixedPoint, &unit, nullptr, {0, -128, 127, c.flip}}},
         packed.data());
  const auto windows = static_cast<int32_t>(count);
  const int32_t tap = 0;
  Buffer<int8_t> out(count);
  g.run({converted.data(), 0, windows, 0, 1, &tap, windows, 1, 1, 1, 0, 1, packed.data(),
         out.data(), 1});

  for (int32_t y = 0; y < rows; ++y) {
    for (int32_t x = 0; x < columns; ++x) {
      for (int32_t k = 0; k < pixel; ++k) {
        const int32_t in_y = y - c.above, in_x = x - c.left;
        const bool is_inside = in_y >= 0 && in_y < c.rows && in_x >= 0 && in_x < c.middle;
        const int8_t wanted = is_inside ? in[in_y * c.in_stride + in_x * c.channels + k / c.repeat]
                                        : static_cast<int8_t>(c.fill);
        const int8_t found = out[(y * c.planes + x % c.planes) * plane + x / c.planes * pixel + k];
        check.expect(found == wanted, c.rows, "x", c.middle, "x", c.channels, ": (", y, ", ", x,
                     ", ", k, ") is ", found, ", should be ", wanted);
      }
    }
  }
}

void test_images(const Kernels& kernels, Check& check) {
  Random random(34);
  auto any = [&](int64_t low, int64_t high) {
    return static_cast<int32_t>(random.integer(low, high));
  };
  for (int32_t channels = 1; channels <= 130; ++channels) {
    for (int i = 0; i < 8; ++i) {
      const int32_t rows = any(1, 3), middle = any(1, 9);
      Buffer<int8_t> in(int64_t{rows} * middle * channels);
      fill(any_content(random), random, in);
      const bool is_line = i % 4 == 0;
      check_image(*kernels.product_s8,
                  {in.data(), int64_t{middle} * channels, any(0, 2), rows, any(0, 2), any(0, 2),
                   middle, any(0, 2), channels, is_line ? 1 : any(1, 3), is_line ? 1 : any(1, 4),
                   any_flip(random), any_zero_point(random), 0},
                  check);
    }
  }
}

struct DepthwiseSize {
  int32_t channels, taps, rows, columns;
};

// As over an image of one column, `taps` rows high, whose pixels are rows of outputs' pixels.
void check_depthwise(const Kernels& kernels, const DepthwiseSize& size, Random& random,
                     Check& check) {
  const auto [channels, taps, rows, columns] = size;
  const Product& product = *kernels.product_s8;
  const DepthwiseKernel& d = product.depthwise;
  const int64_t row = int64_t{columns} * channels;
  Buffer<int8_t> image((taps + rows - 1) * row), weights(int64_t{taps} * channels);
  fill(any_content(random), random, image);
  fill(any_content(random), random, weights);
  OutputStage stage(channels, taps, random);
  const Flip flip = stage.output.flip = any_flip(random);
  const int32_t in_zero = any_zero_point(random);
  const int32_t weight_zero = flip == Flip::kSign ? any_weight_zero(weights, flip, random) : 0;
  const bool is_split = needs_split(weights, flip, weight_zero);
  const int32_t packed_taps = (is_split ? 2 : 1) * taps;

  Buffer<uint8_t> packed(d.packed_bytes(channels, packed_taps));
  d.pack({channels,
          1,
          taps,
          {weights.data(), flip, weight_zero, is_split},
          1,
          channels,
          nullptr,
          {stage.bias_or_null(), in_zero, Scaling::kFixedPoint, stage.multiplier.data(), nullptr,
           stage.output}},
         packed.data());
  Buffer<uint8_t> converted(converted_bytes(d.image, static_cast<int64_t>(image.size())));
  convert_line(d.image, image, flip, converted);
  Buffer<int32_t> offsets((packed_taps + d.taps_multiple - 1) / d.taps_multiple * d.taps_multiple);
  for (size_t t = 0; t < offsets.size(); ++t) {
    offsets[t] = static_cast<int32_t>(static_cast<int64_t>(t) % taps * row);
  }
  Buffer<int8_t> out(rows * row + kGuard), expected(rows * row + kGuard);
  d.run({converted.data(), 0, offsets.data(), packed_taps, channels, rows, columns, row,
         packed.data(), out.data()});

  reference::ConvParams p = conv_params(stage, in_zero, weight_zero);
  p.in_h = taps + rows - 1;
  p.in_w = p.out_w = columns;
  p.out_h = rows;
  p.filter_h = taps;
  p.in_c = p.out_c = channels;
  p.filter_c = 1;
  if (flip == Flip::kSign) {
    reference::depthwise_conv_2d_u8(p, as_uint8(image), as_uint8(weights), stage.bias_or_null(),
                                    as_uint8(expected));
  } else {
    reference::depthwise_conv_2d_s8(p, image.data(), weights.data(), stage.bias_or_null(),
                                    expected.data());
  }
  for (int64_t i = 0; i < rows * row + kGuard; ++i) {
    check.expect(out[i] == expected[i], rows, "x", columns, "x", channels, ", ", taps,
                 " taps: element ", i, " is ", out[i], ", should be ", expected[i]);
  }
}

void test_depthwise(const Kernels& kernels, Check& check) {
  Random random(32);
  for (int32_t channels = 1; channels <= 130; ++channels) {
    for (int32_t taps = 1; taps <= 26; ++taps) {
      const auto rows = static_cast<int32_t>(random.integer(1, 3));
      const auto columns = static_cast<int32_t>(random.integer(1, 9));
      check_depthwise(kernels, {channels, taps, rows, columns}, random, check);
    }
  }
  check_depthwise(kernels, {1030, 9, 1, 3}, random, check);
  check_depthwise(kernels, {5, 1100, 2, 3}, random, check);
}

constexpr KernelTest kTests[] = {
    {"int8 products, fixed point", &test_fixed_point_products},
    {"int8 products, double", &test_double_products},
    {"int8 images", &test_images},
    {"int8 depthwise", &test_depthwise},
};

}  // namespace

const Span<const KernelTest> kConvolutionTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
