// The matrix products and depthwise convolutions of floats of a table against reference/: every
// tail, numbers of all magnitudes, and those that are not finite.
#include <cmath>
#include <initializer_list>

#include "base/half.h"
#include "kernels/table.h"
#include "selftest/products.h"

namespace octavo::selftest {
namespace {

using reference::ConvParams;

// Normal ones, with zeros among them; a few times infinities or NaN.
void fill_reals(Random& random, Buffer<float>& to) {
  const bool has_special = random.bits() % 8 == 0;
  constexpr float kSpecial[] = {INFINITY, -INFINITY, NAN, 1e-40f, -0.0f};
  for (size_t i = 0; i < to.size(); ++i) {
    const double x = random.real() - 0.5;
    to.data()[i] = static_cast<float>(random.bits() % 8 == 0 ? 0 : x * (1 << random.bits() % 8));
    if (has_special && random.bits() % 64 == 0) to.data()[i] = kSpecial[random.bits() % 5];
  }
}

// Weights as a form has them, and as the reference reads them.
struct RealWeights {
  RealWeights(int64_t count, bool is_half, Random& random)
      : floats(count), halves(count), is_half(is_half) {
    for (int64_t i = 0; i < count; ++i) {
      halves[i] = to_half(static_cast<float>(random.real() - 0.5));
      floats[i] = is_half ? to_float(halves[i]) : static_cast<float>(random.real() - 0.5);
    }
  }
  FileWeights file() {
    const void* data = floats.data();
    if (is_half) data = halves.data();
    return {data, Flip::kNo, 0, false};
  }

  Buffer<float> floats;
  Buffer<Half> halves;
  bool is_half;
};

// Biases, and the range of an activation.
struct RealOutput {
  RealOutput(int32_t count, Random& random) : bias(count), has_bias(random.bits() % 4 != 0) {
    fill_reals(random, bias);
    constexpr FloatOutput kRanges[] = {{-3e38f, 3e38f}, {0, 3e38f}, {0, 6}, {-1, 1}};
    range = kRanges[random.bits() % 4];
  }
  const float* bias_or_null() { return has_bias ? bias.data() : nullptr; }
  Epilogue epilogue() {
    Epilogue e = {};
    e.bias = bias_or_null();
    e.float_output = range;
    return e;
  }

  Buffer<float> bias;
  bool has_bias;
  FloatOutput range;
};

using Reference = void (*)(const ConvParams&, const float*, const float*, const float*, float*);

// What outputs should be, and by how much they may be off: sums of k terms in any order differ by
// k roundings of the sum of the terms' magnitudes at most, in either of two computations.
// `rounding` is that of a product's steps. Of halves (2^-11, what is between the least of them by
// 2^-24) that is about a hundredth of the magnitudes for 10 terms, so that networks lose two to
// three digits.
struct Expected {
  Expected(Reference convolution, const ConvParams& p, Buffer<float>& in, Buffer<float>& weights,
           RealOutput& output, int64_t count, float rounding = 0x1p-24f)
      : value(count), bound(count) {
    convolution(p, in.data(), weights.data(), output.bias_or_null(), value.data());
    ConvParams plain = p;
    plain.float_min = -INFINITY;
    plain.float_max = INFINITY;
    Buffer<float> a(static_cast<int64_t>(in.size())), b(static_cast<int64_t>(weights.size()));
    Buffer<float> c(static_cast<int64_t>(output.bias.size()));
    for (size_t i = 0; i < a.size(); ++i) a.data()[i] = std::fabs(in.data()[i]);
    for (size_t i = 0; i < b.size(); ++i) b.data()[i] = std::fabs(weights.data()[i]);
    for (size_t i = 0; i < c.size(); ++i) c.data()[i] = std::fabs(output.bias.data()[i]);
    convolution(plain, a.data(), b.data(), output.has_bias ? c.data() : nullptr, bound.data());
    const int32_t terms = p.filter_h * p.filter_w * p.filter_c + 1;
    const float least = rounding > 0x1p-24f ? 0x1p-24f : 0;
    for (int64_t i = 0; i < count; ++i) {
      bound[i] = static_cast<float>(terms) * (2 * rounding * bound[i] + least);
    }
  }
  bool allows(float found, int64_t i) {
    const float wanted = value[i];
    if (std::isnan(wanted)) return std::isnan(found);
    return found == wanted || std::fabs(found - wanted) <= bound[i];
  }

  Buffer<float> value, bound;
};

ConvParams line_params(const RealOutput& output) {
  ConvParams p = {};
  p.batch = p.in_h = p.in_w = p.out_h = p.out_w = p.filter_h = p.filter_w = 1;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
  p.float_min = output.range.low;
  p.float_max = output.range.high;
  return p;
}

bool is_untouched(float x) {
  Buffer<float> untouched(1);
  return memcmp(&x, untouched.data(), sizeof(x)) == 0;
}

struct RealSize {
  int32_t rows, n, taps, depth;
};

// Rows are windows of a line, `step` elements apart, with taps anywhere in it.
void check_real_product(const Product& product, bool is_half, const RealSize& size, Random& random,
                        Check& check) {
  const auto [rows, n, taps, depth] = size;
  const GemmKernel& g = product.gemm;
  const int32_t k = taps * depth;
  const int64_t step = random.integer(0, 20), beyond = random.integer(0, 100);
  Buffer<float> line((rows - 1) * step + depth + beyond), matrix(int64_t{rows} * k);
  fill_reals(random, line);
  Buffer<int32_t> tap_offsets(taps);
  for (int32_t t = 0; t < taps; ++t) {
    tap_offsets[t] = static_cast<int32_t>(random.integer(0, beyond));
    for (int32_t r = 0; r < rows; ++r) {
      memcpy(&matrix[int64_t{r} * k + t * depth], &line[r * step + tap_offsets[t]],
             static_cast<size_t>(depth) * sizeof(float));
    }
  }
  RealWeights weights(int64_t{n} * k, is_half, random);
  RealOutput output(n, random);
  Buffer<uint8_t> packed(g.packed_bytes(n, taps, depth));
  g.pack({n, taps, depth, weights.file(), k, 1, nullptr, output.epilogue()}, packed.data());

  int64_t workspace_bytes = 0;
  if (g.workspace_bytes != nullptr) workspace_bytes = g.workspace_bytes(rows, taps, depth);
  Buffer<uint8_t> workspace(workspace_bytes);
  const int64_t stride = n + random.integer(0, 3);
  Buffer<float> out((rows - 1) * stride + n + kGuard);
  GemmArgs args = {};
  // Behind it is what tiles may read and not use.
  Buffer<Half> converted(static_cast<int64_t>(line.size()) + g.image.slack);
  args.image = line.data();
  if (!g.image.is_identity) {
    ImageConversion conversion = {};
    conversion.in = line.data();
    conversion.rows = conversion.repeat = conversion.planes = conversion.channels = 1;
    conversion.middle = static_cast<int32_t>(line.size());
    g.image.convert(conversion, converted.data());
    args.image = converted.data();
  }
  args.columns = rows;
  args.pixel_step = step;
  args.tap_offsets = tap_offsets.data();
  args.rows = rows;
  args.taps = taps;
  args.depth = depth;
  args.n = n;
  args.packed = packed.data();
  args.out = out.data();
  args.out_stride = stride;
  if (workspace_bytes > 0 && random.bits() % 4 != 0) args.workspace = workspace.data();
  run_panels(g, args, random);

  ConvParams p = line_params(output);
  p.in_w = p.out_w = rows;
  p.in_c = p.filter_c = k;
  p.out_c = n;
  Expected expected(&reference::conv_2d_f32, p, matrix, weights.floats, output, int64_t{rows} * n,
                    product.rounding);
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    const int64_t row = i / stride, column = i % stride;
    const bool is_output = row < rows && column < n;
    const bool ok = is_output ? expected.allows(out[i], row * n + column) : is_untouched(out[i]);
    check.expect(ok, rows, "x", taps, "x", depth, " by ", n, ": row ", row, ", column ", column,
                 " is ", out[i], ", should be ", is_output ? expected.value[row * n + column] : 0);
  }
}

void sweep_real_products(const Product* product, bool is_half, Check& check) {
  constexpr int32_t kMostRows = 20;
  Random random(41);
  int32_t rows = 0;
  for (int32_t n = 1; n <= 130; ++n) {
    for (int32_t k = 1; k <= 130; k += static_cast<int32_t>(random.integer(20, 60))) {
      rows = rows % kMostRows + 1;
      const auto taps = static_cast<int32_t>(random.integer(1, random.bits() % 2 == 0 ? 1 : 9));
      check_real_product(*product, is_half, {rows, n, taps, (k + taps - 1) / taps}, random, check);
    }
  }
  for (const RealSize& size : {RealSize{1, 300, 1, 700}, RealSize{47, 70, 5, 206}}) {
    check_real_product(*product, is_half, size, random, check);
  }
}

// An image of any size, seen through any window; each channel gives one, or several in a converted
// image.
void check_direct_depthwise(const Product& product, bool is_half, int32_t channels, Random& random,
                            Check& check) {
  const auto any = [&](int64_t low, int64_t high) {
    return static_cast<int32_t>(random.integer(low, high));
  };
  RealOutput output(channels, random);
  ConvParams p = line_params(output);
  p.in_h = any(1, 9);
  p.in_w = any(1, 20);
  p.out_h = any(1, 6);
  p.out_w = any(1, 20);
  p.in_c = p.out_c = channels;
  p.filter_c = 1;
  p.filter_h = any(1, 5);
  p.filter_w = any(1, 5);
  p.stride_h = any(1, 3);
  p.stride_w = any(1, 3);
  p.dilation_h = any(1, 2);
  p.dilation_w = any(1, 2);
  p.pad_h = any(-1, 6);
  p.pad_w = any(-1, 6);
  const int32_t taps = p.filter_h * p.filter_w;
  Buffer<float> image(int64_t{p.in_h} * p.in_w * channels);
  fill_reals(random, image);
  RealWeights weights(int64_t{taps} * channels, is_half, random);
  Buffer<uint8_t> packed(product.gemm.packed_bytes(channels, 1, taps));
  product.gemm.pack({channels, 1, taps, weights.file(), 1, channels, nullptr, output.epilogue()},
                    packed.data());
  const int64_t row = int64_t{p.out_w} * channels, count = p.out_h * row;
  Buffer<float> out(count + kGuard);
  const int32_t cut = any(0, p.out_h);
  product.direct_depthwise.run({p, image.data(), /*top=*/0, packed.data(), 0, cut, out.data()});
  // The rest, of an image without the rows that it does not see.
  const int32_t top = clamp(cut * p.stride_h - p.pad_h, 0, p.in_h);
  product.direct_depthwise.run({p, image.data() + int64_t{top} * p.in_w * channels, top,
                                packed.data(), cut, p.out_h - cut, out.data() + cut * row});

  Expected expected(&reference::depthwise_conv_2d_f32, p, image, weights.floats, output, count);
  for (int64_t i = 0; i < count + kGuard; ++i) {
    const bool ok = i < count ? expected.allows(out[i], i) : is_untouched(out[i]);
    check.expect(ok, p.in_h, "x", p.in_w, "x", channels, " through ", p.filter_h, "x", p.filter_w,
                 ": element ", i, " is ", out[i], ", should be ",
                 i < count ? expected.value[i] : 0);
  }
}

void check_line_depthwise(const Product& product, bool is_half, const DepthwiseSize& size,
                          Random& random, Check& check) {
  const DepthwiseKernel& d = product.depthwise;
  const int64_t count = size.outputs();
  Buffer<float> image(size.inputs()), line(size.inputs() + d.image.slack);
  fill_reals(random, image);
  memcpy(line.data(), image.data(), image.size() * sizeof(float));
  RealWeights weights(int64_t{size.taps()} * size.channels, is_half, random);
  RealOutput output(size.channels, random);
  ConvParams p = line_params(output);
  set_sizes(size, &p);
  Buffer<float> out(count + kGuard);
  run_depthwise(
      d, p,
      {size.channels, 1, size.taps(), weights.file(), 1, size.channels, nullptr, output.epilogue()},
      line.data(), out.data());

  Expected expected(&reference::depthwise_conv_2d_f32, p, image, weights.floats, output, count);
  for (int64_t i = 0; i < count + kGuard; ++i) {
    const bool ok = i < count ? expected.allows(out[i], i) : is_untouched(out[i]);
    check.expect(ok, p.out_h, "x", p.out_w, "x", p.out_c, " by ", p.filter_h, "x", p.filter_w,
                 ": element ", i, " is ", out[i], ", should be ",
                 i < count ? expected.value[i] : 0);
  }
}

void sweep_real_depthwise(const Product* product, bool is_half, Check& check) {
  Random random(42);
  for (int32_t channels = 1; channels <= 130; ++channels) {
    for (int i = 0; i < 3; ++i) {
      if (product->direct_depthwise.run != nullptr) {
        check_direct_depthwise(*product, is_half, channels, random, check);
      }
      const auto taps = static_cast<int32_t>(random.integer(1, 26));
      check_line_depthwise(*product, is_half, any_depthwise_size(channels, taps, random), random,
                           check);
    }
  }
}

// The sum of a product's magnitudes, of which a part in 2^23 a term is left to rounding.
bool is_near(float found, float expected, float magnitude, int64_t terms) {
  return std::fabs(found - expected) <= static_cast<float>(terms) * 0x1p-23f * magnitude;
}

// A row by a matrix, of every width and depth that ends a block; BATCH_MATMUL has several rows, and
// right matrices that lie either way.
void test_row_products(const Kernels& k, Check& check) {
  Random random(47);
  for (int32_t columns = 1; columns <= 100; ++columns) {
    const auto depth = static_cast<int32_t>(random.integer(1, 40));
    const auto rows = static_cast<int32_t>(random.integer(1, 3));
    const int64_t count = int64_t{rows} * columns;
    Buffer<float> a(int64_t{rows} * depth), b(int64_t{depth} * columns);
    for (Buffer<float>* to : {&a, &b}) {
      for (size_t i = 0; i < to->size(); ++i) {
        to->data()[i] = static_cast<float>(random.real() - 0.5);
      }
    }
    const auto magnitude = static_cast<float>(depth);  // no product is more than 1
    for (const bool is_transposed : {false, true}) {
      reference::MatmulParams p = {};
      p.rows = rows;
      p.columns = columns;
      p.depth = depth;
      p.b_row_stride = is_transposed ? 1 : columns;
      p.b_column_stride = is_transposed ? depth : 1;
      Buffer<float> out(count + kGuard), expected(count + kGuard);
      k.batch_matmul_f32(p, a.data(), b.data(), out.data());
      reference::batch_matmul_f32(p, a.data(), b.data(), expected.data());
      for (int64_t i = 0; i < count + kGuard; ++i) {
        check.expect(
            i < count ? is_near(out[i], expected[i], magnitude, depth) : is_untouched(out[i]), rows,
            "x", depth, " by ", columns, " columns: element ", i, " is ", out[i], ", should be ",
            expected[i]);
      }
    }
    Buffer<float> sums(columns + kGuard), expected(columns + kGuard);
    for (int64_t i = 0; i < columns; ++i) {
      sums[i] = expected[i] = static_cast<float>(random.real());
    }
    k.add_row_product_f32(depth, columns, a.data(), b.data(), sums.data());
    reference::add_row_product_f32(depth, columns, a.data(), b.data(), expected.data());
    for (int64_t i = 0; i < columns + kGuard; ++i) {
      check.expect(i < columns ? is_near(sums[i], expected[i], magnitude + 1, depth + 1)
                               : is_untouched(sums[i]),
                   "a row of ", depth, " by ", columns, " columns: element ", i, " is ", sums[i],
                   ", should be ", expected[i]);
    }
  }
}

constexpr KernelTest kTests[] = {
    {"float32 products",
     [](const Kernels& k, Check& c) { sweep_real_products(k.product_f32, false, c); }},
    {"float16 products",
     [](const Kernels& k, Check& c) { sweep_real_products(k.product_f16, true, c); }},
    {"float32 rows", &test_row_products},
    {"float32 depthwise",
     [](const Kernels& k, Check& c) { sweep_real_depthwise(k.product_f32, false, c); }},
    {"float16 depthwise",
     [](const Kernels& k, Check& c) { sweep_real_depthwise(k.product_f16, true, c); }},
};

}  // namespace

const Span<const KernelTest> kFloatProductTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
