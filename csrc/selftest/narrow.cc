// The kernels of 8 and 16-bit elements that are neither products nor elementwise, against
// reference/.
#include <initializer_list>
#include <type_traits>

#include "kernels/table.h"
#include "selftest/kernel_inputs.h"

namespace octavo::selftest {
namespace {

template <class T>
using PoolKernel = void (*)(const reference::Pool2DParams& p, const T* in, T* out);

// Channels of every number that the vectors may treat in a way of its own.
template <class T>
void sweep_pool(PoolKernel<T> kernel, PoolKernel<T> reference, Check& check) {
  Random random(41);
  for (int32_t channels = 1; channels <= 300; ++channels) {
    for (int i = 0; i < 4; ++i) {
      reference::Pool2DParams p = any_pool(channels, random);
      p.act_min = any_bound<T>(random);
      p.act_max = max(p.act_min, any_bound<T>(random));
      Buffer<T> in(int64_t{p.batch} * p.in_h * p.in_w * channels);
      fill(any_content(random), random, in);
      const int64_t count = int64_t{p.batch} * p.out_h * p.out_w * channels + kGuard;
      Buffer<T> out(count), expected(count);
      kernel(p, in.data(), out.data());
      reference(p, in.data(), expected.data());
      for (int64_t j = 0; j < count; ++j) {
        check.expect(out[j] == expected[j], channels, " channels, filter ", p.filter_h, "x",
                     p.filter_w, ": element ", j, " is ", int32_t{out[j]}, ", should be ",
                     int32_t{expected[j]});
      }
    }
  }
}

void test_average_pool(const Kernels& k, Check& check) {
  sweep_pool<int8_t>(k.average_pool_2d_s8, &reference::average_pool_2d_s8, check);
  sweep_pool<uint8_t>(k.average_pool_2d_u8, &reference::average_pool_2d_u8, check);
  sweep_pool<int16_t>(k.average_pool_2d_s16, &reference::average_pool_2d_s16, check);
}

void test_max_pool(const Kernels& k, Check& check) {
  sweep_pool<int8_t>(k.max_pool_2d_s8, &reference::max_pool_2d_s8, check);
  sweep_pool<uint8_t>(k.max_pool_2d_u8, &reference::max_pool_2d_u8, check);
  sweep_pool<int16_t>(k.max_pool_2d_s16, &reference::max_pool_2d_s16, check);
}

// Every count of taps; of few, every sum that so many pixels can have.
void test_average(const Kernels& k, Check& check) {
  for (int32_t taps = 1; taps <= 256; ++taps) {
    for (int32_t sum = -128 * taps; sum <= 127 * taps; sum += taps <= 16 ? 1 : 31) {
      reference::Pool2DParams p = {};
      p.batch = p.in_h = p.filter_h = p.out_h = p.out_w = p.stride_h = p.stride_w = 1;
      p.channels = 1;
      p.in_w = p.filter_w = taps;
      p.act_min = -128;
      p.act_max = 127;
      Buffer<int8_t> in(taps);
      int32_t rest = sum;
      for (int32_t i = 0; i < taps; ++i) {
        in[i] = static_cast<int8_t>(clamp(rest + 128 * (taps - 1 - i), -128, 127));
        rest -= in[i];
      }
      int8_t out, expected;
      k.average_pool_2d_s8(p, in.data(), &out);
      reference::average_pool_2d_s8(p, in.data(), &expected);
      check.expect(rest == 0 && out == expected, "the mean of ", taps, " with the sum ", sum,
                   " is ", out, ", should be ", expected);
    }
  }
}

// Of int16 the counts near which something changes, and sums near the middle of two means.
void test_average_16(const Kernels& k, Check& check) {
  Random random(50);
  for (int i = 0; i < 3000; ++i) {
    constexpr int32_t kCounts[] = {1, 2, 3, 255, 256, 257, 32767, 32768, 65535, 65536};
    const auto taps = i < 100 ? kCounts[i % 10] : static_cast<int32_t>(random.integer(1, 300));
    reference::Pool2DParams p = {};
    p.batch = p.in_h = p.filter_h = p.out_h = p.out_w = p.stride_h = p.stride_w = 1;
    p.channels = 1;
    p.in_w = p.filter_w = taps;
    p.act_min = INT16_MIN;
    p.act_max = INT16_MAX;
    Buffer<int16_t> in(taps);
    fill(random.bits() % 4 == 0 ? Content::kOneExtreme : Content::kAny, random, in);
    int64_t sum = 0;
    for (int32_t j = 0; j < taps; ++j) sum += in[j];
    // Now a multiple of taps, and half of them more but for one.
    const int64_t off = sum % taps + (random.bits() % 2 == 0 ? taps / 2 : -taps / 2);
    in[0] = static_cast<int16_t>(
        clamp<int64_t>(in[0] - off + random.integer(-1, 1), INT16_MIN, INT16_MAX));
    int16_t out, expected;
    k.average_pool_2d_s16(p, in.data(), &out);
    reference::average_pool_2d_s16(p, in.data(), &expected);
    check.expect(out == expected, "the mean of ", taps, " is ", int32_t{out}, ", should be ",
                 int32_t{expected});
  }
}

template <class T>
void expect_same(const reference::ReduceParams& p, Buffer<T>& out, Buffer<T>& expected,
                 Check& check) {
  for (int64_t j = 0; j < p.outputs + kGuard; ++j) {
    check.expect(out[j] == expected[j], p.rank, " dimensions, the last ", p.dims[p.rank - 1],
                 ": element ", j, " is ", int32_t{out[j]}, ", should be ", int32_t{expected[j]});
  }
}

template <class T>
using SumKernel = void (*)(const reference::ReduceParams& p, const T* in, int32_t* sums, T* out);

// Dimensions that are kept and reduced in turn, the last of `width`.
reference::ReduceParams any_walk(int32_t width, int keeps_row, Random& random) {
  reference::ReduceParams p = {};
  p.rank = static_cast<int32_t>(random.integer(1, 3));
  p.outputs = p.count = 1;
  for (int32_t d = p.rank - 1; d >= 0; --d) {
    const bool is_last = d == p.rank - 1;
    const bool is_kept = (p.rank - 1 - d + keeps_row) % 2 == 1;
    p.dims[d] = is_last ? width : random.integer(1, 9);
    p.out_strides[d] = is_kept ? p.outputs : 0;
    (is_kept ? p.outputs : p.count) *= p.dims[d];
  }
  return p;
}

// Rows of every length up to `longest`, kept or reduced, and many of very few elements.
template <class Body>
void for_each_walk(int32_t longest, Random& random, Body body) {
  for (int32_t width = 0; width <= longest; ++width) {
    for (int keeps_row = 0; keeps_row < 2; ++keeps_row) body(any_walk(width, keeps_row, random));
  }
  for (int32_t rows = 1; rows <= 150; ++rows) body(walk_of_rows(rows, 1 + rows % 6));
}

template <class T>
void sweep_sum(SumKernel<T> kernel, SumKernel<T> reference, Check& check) {
  Random random(42);
  for_each_walk(300, random, [&](reference::ReduceParams p) {
    OutputStage stage(1, 64, random);
    p.in_zero = any_bound<T>(random);
    p.out_zero = any_bound<T>(random);
    p.multiplier = stage.multiplier[0];
    Buffer<T> in(p.outputs * p.count);
    fill(any_content(random), random, in);
    Buffer<int32_t> sums(p.outputs);
    Buffer<T> out(p.outputs + kGuard), expected(p.outputs + kGuard);
    kernel(p, in.data(), sums.data(), out.data());
    reference(p, in.data(), sums.data(), expected.data());
    expect_same(p, out, expected, check);
  });
}

void test_sum(const Kernels& k, Check& check) {
  sweep_sum<int8_t>(k.sum_s8, &reference::sum_s8, check);
  sweep_sum<uint8_t>(k.sum_u8, &reference::sum_u8, check);
  sweep_sum<int16_t>(k.sum_s16, &reference::sum_s16, check);
}

template <class T>
using ExtremeKernel = void (*)(const reference::ReduceParams& p, const T* in, T* out);

template <class T>
void sweep_extremes(ExtremeKernel<T> kernel, ExtremeKernel<T> reference, Check& check) {
  Random random(45);
  for_each_walk(400, random, [&](const reference::ReduceParams& p) {
    Buffer<T> in(p.outputs * p.count);
    fill(any_content(random), random, in);
    Buffer<T> out(p.outputs + kGuard), expected(p.outputs + kGuard);
    kernel(p, in.data(), out.data());
    reference(p, in.data(), expected.data());
    expect_same(p, out, expected, check);
  });
}

void test_extremes(const Kernels& k, Check& check) {
  sweep_extremes<int8_t>(k.reduce_max_s8, &reference::reduce_max_s8, check);
  sweep_extremes<uint8_t>(k.reduce_max_u8, &reference::reduce_max_u8, check);
  sweep_extremes<int16_t>(k.reduce_max_s16, &reference::reduce_max_s16, check);
  sweep_extremes<int8_t>(k.reduce_min_s8, &reference::reduce_min_s8, check);
  sweep_extremes<uint8_t>(k.reduce_min_u8, &reference::reduce_min_u8, check);
  sweep_extremes<int16_t>(k.reduce_min_s16, &reference::reduce_min_s16, check);
}

template <class T>
using SoftmaxKernel = void (*)(const reference::Softmax8Params& p, const T* in, T* out);

template <class T, class Params>
void check_rows(void (*kernel)(const Params&, const T*, T*),
                void (*reference)(const Params&, const T*, T*), const Params& p, int64_t rows,
                int32_t depth, Random& random, Check& check) {
  Buffer<T> in(rows * depth);
  fill(any_content(random), random, in);
  Buffer<T> out(rows * depth + kGuard), expected(rows * depth + kGuard);
  kernel(p, in.data(), out.data());
  reference(p, in.data(), expected.data());
  for (int64_t j = 0; j < rows * depth + kGuard; ++j) {
    check.expect(out[j] == expected[j], "depth ", depth, ": element ", j, " is ", int32_t{out[j]},
                 ", should be ", int32_t{expected[j]});
  }
}

// From steps that are 0 to such that all but the greatest are left out.
template <class T>
void sweep_softmax(SoftmaxKernel<T> kernel, SoftmaxKernel<T> reference, Check& check) {
  Random random(43);
  for (int32_t depth = 1; depth <= 2000; depth += depth < 300 ? 1 : 97) {
    int32_t exponentials[reference::kSoftmaxSteps], terms[reference::kSoftmaxSteps];
    const Multiplier step = any_multiplier(static_cast<int32_t>(random.integer(-31, 28)), random);
    const int64_t most = step.shift > 0 ? (int64_t{31} << 26) >> step.shift : 255;
    const int32_t outputs = reference::build_softmax_exponentials(
        step, static_cast<int32_t>(min<int64_t>(most, 255)), exponentials, terms);
    const int64_t rows = random.integer(1, depth < 40 ? 40 : 3);
    const reference::Softmax8Params p = {{rows, depth}, exponentials, terms, outputs};
    check_rows(kernel, reference, p, rows, depth, random, check);
  }
}

void test_softmax(const Kernels& k, Check& check) {
  sweep_softmax<int8_t>(k.softmax_s8, &reference::softmax_s8, check);
  sweep_softmax<uint8_t>(k.softmax_u8, &reference::softmax_u8, check);
}

// From steps of a hundredth of an output's to such that only the greatest element counts.
template <class T>
void sweep_log_softmax(void (*kernel)(const reference::LogSoftmax8Params&, const T*, T*),
                       void (*reference)(const reference::LogSoftmax8Params&, const T*, T*),
                       Check& check) {
  Random random(53);
  for (int32_t depth = 1; depth <= 9000; depth += depth < 300 ? 1 : 397) {
    const Multiplier step = any_multiplier(static_cast<int32_t>(random.integer(15, 30)), random);
    const auto unit = static_cast<double>(int64_t{1} << (31 - step.shift));
    const auto least = -static_cast<int32_t>(min<int64_t>((int64_t{31} << 26) >> step.shift, 256));
    int32_t exponents[reference::kSoftmaxSteps], terms[reference::kSoftmaxSteps];
    reference::build_log_softmax_exponents(step, least, exponents, terms);
    const int64_t rows = random.integer(1, 3);
    const reference::LogSoftmax8Params p = {
        {rows, depth}, exponents, terms, quantize_multiplier(unit / step.m), least};
    check_rows(kernel, reference, p, rows, depth, random, check);
  }
}

void test_log_softmax(const Kernels& k, Check& check) {
  sweep_log_softmax<int8_t>(k.log_softmax_s8, &reference::log_softmax_s8, check);
  sweep_log_softmax<uint8_t>(k.log_softmax_u8, &reference::log_softmax_u8, check);
}

// Of exponents that are all alike to such that all but the greatest are 0.
void test_softmax_16(const Kernels& k, Check& check) {
  Random random(51);
  int16_t exp_lut[reference::kLut16Size], reciprocal_lut[reference::kLut16Size];
  reference::build_softmax_luts(exp_lut, reciprocal_lut);
  for (int32_t i = 0; i < 700; ++i) {
    const int32_t depth = i < 300 ? i + 1 : static_cast<int32_t>(random.integer(1, 2000));
    const auto shift =
        static_cast<int32_t>(i % 2 == 0 ? random.integer(-8, 3) : random.integer(-31, 30));
    const int64_t rows = random.integer(1, 3);
    const reference::Softmax16Params p = {
        {rows, depth}, any_multiplier(shift, random), exp_lut, reciprocal_lut};
    Buffer<int16_t> in(rows * depth);
    fill(any_content(random), random, in);
    if (i % 3 == 0) {
      for (int64_t j = 0; j < rows * depth; ++j) in[j] = static_cast<int16_t>(in[j] >> i % 7);
    }
    Buffer<int16_t> out(rows * depth + kGuard), expected(rows * depth + kGuard);
    k.softmax_s16(p, in.data(), out.data());
    reference::softmax_s16(p, in.data(), expected.data());
    for (int64_t j = 0; j < rows * depth + kGuard; ++j) {
      check.expect(out[j] == expected[j], "depth ", depth, ": element ", j, " is ", int32_t{out[j]},
                   ", should be ", int32_t{expected[j]});
    }
  }
}

template <class T>
using ResizeKernel = void (*)(const reference::ResizeParams& p, const T* in, T* out);

template <class T>
void sweep_resize(ResizeKernel<T> kernel, ResizeKernel<T> reference, Check& check) {
  Random random(44);
  for (int32_t channels = 1; channels <= 200; ++channels) {
    for (int i = 0; i < 6; ++i) {
      const reference::ResizeParams p = any_resize(channels, random);
      Buffer<T> in(int64_t{p.batch} * p.in_h * p.in_w * channels);
      fill(any_content(random), random, in);
      const int64_t count = int64_t{p.batch} * p.out_h * p.out_w * channels + kGuard;
      Buffer<T> out(count), expected(count);
      kernel(p, in.data(), out.data());
      reference(p, in.data(), expected.data());
      for (int64_t j = 0; j < count; ++j) {
        check.expect(out[j] == expected[j], p.in_h, "x", p.in_w, " to ", p.out_h, "x", p.out_w,
                     ", ", channels, " channels: element ", j, " is ", int32_t{out[j]},
                     ", should be ", int32_t{expected[j]});
      }
    }
  }
}

void test_resize(const Kernels& k, Check& check) {
  sweep_resize<int8_t>(k.resize_bilinear_s8, &reference::resize_bilinear_s8, check);
  sweep_resize<uint8_t>(k.resize_bilinear_u8, &reference::resize_bilinear_u8, check);
  sweep_resize<int16_t>(k.resize_bilinear_s16, &reference::resize_bilinear_s16, check);
}

// Of matrices of every size, and of boxes in more dimensions.
void sweep_transpose(const Kernels& k, int64_t element, Check& check) {
  Random random(45);
  for (int32_t n = 1; n <= 140; ++n) {
    for (int i = 0; i < 4; ++i) {
      const int64_t m = random.integer(1, 70), outer = random.integer(1, 3);
      const int64_t gap = random.integer(0, 3);
      Buffer<int8_t> in(element * outer * n * (m + gap));
      fill(Content::kAny, random, in);
      reference::StridedCopyParams p = {};
      p.block_bytes = element;
      const bool has_outer_between = random.bits() % 2 == 0;
      const int first = has_outer_between ? 0 : 1, second = has_outer_between ? 1 : 0;
      p.rank = 3;
      p.dims[first] = m;
      p.dims[second] = outer;
      p.dims[2] = n;
      p.in_strides[first] = element;
      p.in_strides[second] = element * n * (m + gap);
      p.in_strides[2] = element * (m + gap);
      p.out_strides[2] = element;
      p.out_strides[1] = element * (n + gap);
      p.out_strides[0] = p.dims[1] * p.out_strides[1];
      const int64_t count = p.dims[0] * p.out_strides[0] + kGuard;
      Buffer<int8_t> out(count), expected(count);
      k.strided_copy(p, in.data(), out.data());
      reference::strided_copy(p, in.data(), expected.data());
      for (int64_t j = 0; j < count; ++j) {
        check.expect(out[j] == expected[j], m, "x", n, ": byte ", j, " is ", out[j], ", should be ",
                     expected[j]);
      }
    }
  }
}

void test_transpose(const Kernels& k, Check& check) {
  for (int64_t element : {1, 2, 4, 8}) sweep_transpose(k, element, check);
}

template <class T, class Index>
using SearchKernel = void (*)(const reference::ArgMinMaxParams& p, const T* in, Index* out);

template <class T, class Index>
void sweep_search(SearchKernel<T, Index> kernel, SearchKernel<T, Index> reference, Check& check) {
  Random random(46);
  for (int32_t axis = 1; axis <= 300; ++axis) {
    const reference::ArgMinMaxParams p = {random.integer(1, 3), axis, 1 + (axis % 9 == 0),
                                          random.bits() % 2 == 0};
    const int64_t rows = p.outer * p.inner;
    Buffer<T> in(rows * axis);
    fill(any_content(random), random, in);
    Buffer<Index> out(rows + kGuard), expected(rows + kGuard);
    kernel(p, in.data(), out.data());
    reference(p, in.data(), expected.data());
    for (int64_t j = 0; j < rows + kGuard; ++j) {
      check.expect(out[j] == expected[j], "of ", axis, ": ", int64_t{out[j]}, ", should be ",
                   int64_t{expected[j]});
    }
  }
}

void test_arg_min_max(const Kernels& k, Check& check) {
  sweep_search<int8_t, int32_t>(k.arg_min_max_s8_s32, &reference::arg_min_max_s8_s32, check);
  sweep_search<int8_t, int64_t>(k.arg_min_max_s8_s64, &reference::arg_min_max_s8_s64, check);
  sweep_search<uint8_t, int32_t>(k.arg_min_max_u8_s32, &reference::arg_min_max_u8_s32, check);
  sweep_search<uint8_t, int64_t>(k.arg_min_max_u8_s64, &reference::arg_min_max_u8_s64, check);
}

constexpr KernelTest kTests[] = {
    {"AVERAGE_POOL_2D of 8 and 16 bits", &test_average_pool},
    {"8-bit AVERAGE_POOL_2D, every count", &test_average},
    {"AVERAGE_POOL_2D of int16, every count", &test_average_16},
    {"MAX_POOL_2D of 8 and 16 bits", &test_max_pool},
    {"SUM and MEAN of 8 and 16 bits", &test_sum},
    {"REDUCE_MAX and REDUCE_MIN of 8 and 16 bits", &test_extremes},
    {"8-bit SOFTMAX", &test_softmax},
    {"8-bit LOG_SOFTMAX", &test_log_softmax},
    {"SOFTMAX of int16", &test_softmax_16},
    {"8-bit ARG_MAX, ARG_MIN", &test_arg_min_max},
    {"RESIZE_BILINEAR of 8 and 16 bits", &test_resize},
    {"transposing copies", &test_transpose},
};

}  // namespace

const Span<const KernelTest> kNarrowTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
