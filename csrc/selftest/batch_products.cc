// Products of two activations of a table against reference/: right matrices that lie either way,
// with and without a zero point, packed while running.
#include "selftest/products.h"

namespace octavo::selftest {
namespace {

using reference::MatmulParams;

MatmulParams any_params(int32_t rows, int32_t columns, int32_t depth, bool is_wide,
                        Random& random) {
  MatmulParams p = {};
  p.rows = rows;
  p.columns = columns;
  p.depth = depth;
  const bool is_transposed = random.bits() % 2 == 0;
  p.b_row_stride = is_transposed ? 1 : columns;
  p.b_column_stride = is_transposed ? depth : 1;
  if (!is_wide) {
    p.a_zero = any_zero_point(random);
    p.b_zero = any_zero_point(random);
    p.out_zero = any_zero_point(random);
  }
  // int16: half of the greatest sums fill the output's range.
  int32_t bits = 0;
  while (depth >> bits != 0) ++bits;
  const auto shift = static_cast<int32_t>(random.integer(is_wide ? -30 : -31, is_wide ? 1 : 30));
  p.multiplier = any_multiplier(random.bits() % 2 == 0 || !is_wide ? shift : -14 - bits, random);
  if (!is_wide && random.bits() % 2 == 0) p.multiplier.shift = any_shift(depth, random);
  return p;
}

template <class T>
GemmColumns columns_of(const MatmulParams& p, int32_t first, int32_t depth, const T* b,
                       const Epilogue& epilogue) {
  GemmColumns c = {p.columns,
                   1,
                   depth,
                   {b + first * p.b_row_stride, Flip::kNo, 0, false},
                   p.b_column_stride,
                   p.b_row_stride,
                   nullptr,
                   epilogue};
  c.is_activation = true;
  return c;
}

GemmArgs args_of(const MatmulParams& p, int64_t part_stride, const void* packed, void* out) {
  static constexpr int32_t kTap = 0;
  GemmArgs args = {};
  args.part_stride = part_stride;
  args.columns = p.rows;
  args.pixel_step = p.depth;
  args.tap_offsets = &kTap;
  args.rows = p.rows;
  args.taps = 1;
  args.depth = p.depth;
  args.n = p.columns;
  args.packed = packed;
  args.out = out;
  args.out_stride = p.columns;
  return args;
}

template <class T>
void expect_same(const MatmulParams& p, Buffer<T>& found, Buffer<T>& expected, Check& check) {
  for (int64_t i = 0; i < static_cast<int64_t>(found.size()); ++i) {
    check.expect(found[i] == expected[i], p.rows, "x", p.depth, " by ", p.columns,
                 p.b_row_stride == 1 ? ", transposed" : "", ": element ", i, " is ", found[i],
                 ", should be ", expected[i]);
  }
}

void check_s8(const Kernels& k, const MatmulParams& p, Random& random, Check& check) {
  const GemmKernel& g = k.product_s8->gemm;
  Buffer<int8_t> a(int64_t{p.rows} * p.depth), b(int64_t{p.depth} * p.columns);
  fill(any_content(random), random, a);
  fill(any_content(random), random, b);
  Buffer<int32_t> row_terms(p.rows);
  k.row_sums_s8(p.rows, p.depth, a.data(), row_terms.data());
  for (int32_t i = 0; i < p.rows; ++i) {
    row_terms[i] = -p.b_zero * (row_terms[i] - p.depth * p.a_zero);
  }
  Buffer<Multiplier> multipliers(p.columns);
  for (int32_t j = 0; j < p.columns; ++j) multipliers[j] = p.multiplier;
  Buffer<uint8_t> packed(g.packed_bytes(p.columns, 1, p.depth));
  g.pack(columns_of(p, 0, p.depth, b.data(),
                    {nullptr,
                     false,
                     p.a_zero,
                     Scaling::kFixedPoint,
                     multipliers.data(),
                     nullptr,
                     {p.out_zero, -128, 127, Flip::kNo}}),
         packed.data());
  ConvertedLine<int8_t> line(g.image, a, Flip::kNo);
  const int64_t count = int64_t{p.rows} * p.columns;
  Buffer<int8_t> out(count + kGuard), expected(count + kGuard);
  GemmArgs args = args_of(p, line.part_stride, packed.data(), out.data());
  args.image = line.elements.data();
  if (p.b_zero != 0) args.row_terms = row_terms.data();
  run_panels(g, args, random);
  reference::batch_matmul_s8(p, a.data(), b.data(), expected.data());
  expect_same(p, out, expected, check);
}

void check_s16(const Kernels& k, const MatmulParams& p, Random& random, Check& check) {
  const GemmKernel& g = k.product_sums_s16->gemm;
  Buffer<int16_t> a(int64_t{p.rows} * p.depth), b(int64_t{p.depth} * p.columns);
  fill(any_content(random), random, a);
  fill(any_content(random), random, b);
  ConvertedLine<int16_t> line(g.image, a, Flip::kNo);
  const int64_t count = int64_t{p.rows} * p.columns;
  const int32_t chunks = (p.depth + g.most_terms - 1) / g.most_terms;
  Buffer<int32_t> sums(chunks * reference::kSumParts * count);
  for (int32_t c = 0; c < chunks; ++c) {
    const int32_t first = c * g.most_terms, depth = min(p.depth - first, g.most_terms);
    Buffer<uint8_t> packed(g.packed_bytes(p.columns, 1, depth));
    g.pack(columns_of(p, first, depth, b.data(), {}), packed.data());
    GemmArgs args =
        args_of(p, line.part_stride, packed.data(), sums.data() + c * reference::kSumParts * count);
    args.image = line.elements.data() + int64_t{first} * g.image.element_bytes;
    args.depth = depth;
    run_panels(g, args, random);
  }
  Buffer<int16_t> out(count + kGuard), expected(count + kGuard);
  k.requantize_sums_s16({count, chunks, p.depth, p.out_zero, p.multiplier}, sums.data(),
                        out.data());
  reference::batch_matmul_s16(p, a.data(), b.data(), expected.data());
  if (reference::fits_int32(p)) expect_same(p, out, expected, check);
}

using CheckProduct = void (*)(const Kernels&, const MatmulParams&, Random&, Check&);

// Every number of columns up to two panels, with every number of rows.
void sweep(const Kernels& k, bool is_wide, CheckProduct check_product, Check& check) {
  Random random(71);
  int32_t rows = 0;
  for (int32_t columns = 1; columns <= 130; ++columns) {
    for (int32_t depth = 1; depth <= 90; depth += static_cast<int32_t>(random.integer(1, 9))) {
      rows = rows % 17 + 1;
      check_product(k, any_params(rows, columns, depth, is_wide, random), random, check);
    }
    const auto deep = static_cast<int32_t>(random.integer(250, 900));
    check_product(k, any_params(1, columns, deep, is_wide, random), random, check);
    check_product(k, any_params(7, columns, deep, is_wide, random), random, check);
  }
}

void test_s8(const Kernels& k, Check& check) { sweep(k, false, &check_s8, check); }
void test_s16(const Kernels& k, Check& check) { sweep(k, true, &check_s16, check); }

constexpr KernelTest kTests[] = {
    {"int8 products of activations", &test_s8},
    {"int16 products of activations", &test_s16},
};

}  // namespace

const Span<const KernelTest> kBatchProductTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
