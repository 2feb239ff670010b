// The kernels of float32 that reduce or normalize rows, as real.cc tests those of single elements.
#include <cmath>
#include <initializer_list>

#include "kernels/table.h"
#include "selftest/real_inputs.h"

namespace octavo::selftest {
namespace {

// Rows of every length; in one of eight any number at all.
void test_softmax(const Kernels& k, Check& check) {
  Random random(63);
  for (int32_t depth = 1; depth <= 150; ++depth) {
    const int64_t rows = random.integer(1, 4), count = rows * depth;
    constexpr float kBetas[] = {1, 0.5f, 0, -1};
    const float beta = kBetas[random.bits() % 4];
    Buffer<float> in(count), out(count + kGuard), expected(count + kGuard);
    fill_reals(in, random, random.bits() % 8 == 0 ? any_float : any_finite);
    k.softmax_f32({rows, depth}, beta, in.data(), out.data());
    reference::softmax_f32({rows, depth}, beta, in.data(), expected.data());
    for (int64_t i = 0; i < count + kGuard; ++i) {
      // The reference adds in a row, each time rounding what it has.
      const auto units = i < count ? static_cast<float>(8 + depth) : 0;
      check.expect(are_near(out[i], expected[i], units), rows, " rows of ", depth, ": number ", i,
                   " is ", out[i], ", should be ", expected[i]);
    }
  }
}

using ReduceKernel = void (*)(const reference::ReduceParams&, const float*, float*);

// Rows of every length in so many dimensions, each kept or reduced, and many of very few elements.
template <class Body>
void for_each_walk(int32_t rank, Random& random, Body body) {
  for (int64_t n = 1; n <= 150; ++n) {
    for (int kept = 0; kept < 1 << rank; ++kept) {
      reference::ReduceParams p = {};
      p.rank = rank;
      p.count = p.outputs = 1;
      for (int32_t d = rank - 1; d >= 0; --d) {
        p.dims[d] = d == rank - 1 ? n : random.integer(1, 5);
        const bool is_kept = (kept >> d & 1) != 0;
        p.out_strides[d] = is_kept ? p.outputs : 0;
        (is_kept ? p.outputs : p.count) *= p.dims[d];
      }
      body(p);
    }
    body(walk_of_rows(n, 1 + n % 6));
  }
}

// The sum of the magnitudes that go into each sum, of which rounding leaves a part in 2^24 an
// addition.
void sweep_reduce(ReduceKernel kernel, ReduceKernel reference, bool is_mean, Check& check) {
  Random random(64);
  for_each_walk(4, random, [&](const reference::ReduceParams& p) {
    const int64_t count = p.outputs + kGuard;
    Buffer<float> in(p.outputs * p.count), out(count), expected(count), magnitudes(count);
    fill_reals(in, random, any_finite);
    kernel(p, in.data(), out.data());
    reference(p, in.data(), expected.data());
    for (size_t i = 0; i < in.size(); ++i) in.data()[i] = std::fabs(in.data()[i]);
    reference(p, in.data(), magnitudes.data());
    // Where the last dimension is kept the order is the reference's.
    const bool is_same = p.out_strides[p.rank - 1] != 0;
    const auto terms = static_cast<float>(is_same ? 0 : p.count);
    for (int64_t i = 0; i < count; ++i) {
      const float bound = i < p.outputs ? terms * kEpsilon * magnitudes[i] : 0;
      check.expect(are_same(out[i], expected[i]) || std::fabs(out[i] - expected[i]) <= bound,
                   is_mean ? "mean" : "sum", " of ", p.count, ": number ", i, " is ", out[i],
                   ", should be ", expected[i]);
    }
  });
}

template <class Index>
using SearchKernel = void (*)(const reference::ArgMinMaxParams& p, const float* in, Index* out);

// With equals among them, and with nothing but what is no number or is beyond all numbers.
float any_of_few(Random& random) { return static_cast<float>(random.integer(-2, 2)); }
float any_of_none(Random& random) {
  constexpr float kNone[] = {kNan, -kInfinity, kInfinity};
  return kNone[random.bits() % 3];
}

template <class Index>
void sweep_search(SearchKernel<Index> kernel, SearchKernel<Index> reference, Check& check) {
  Random random(72);
  for (int32_t axis = 1; axis <= 150; ++axis) {
    for (const auto value : {&any_float, &any_of_few, &any_of_none}) {
      const reference::ArgMinMaxParams p = {random.integer(1, 5), axis, 1 + (axis % 9 == 0),
                                            random.bits() % 2 == 0};
      const int64_t rows = p.outer * p.inner;
      Buffer<float> in(rows * axis);
      fill_reals(in, random, value);
      Buffer<Index> out(rows + kGuard), expected(rows + kGuard);
      kernel(p, in.data(), out.data());
      reference(p, in.data(), expected.data());
      for (int64_t i = 0; i < rows + kGuard; ++i) {
        check.expect(out[i] == expected[i], "of ", axis, ": ", int64_t{out[i]}, ", should be ",
                     int64_t{expected[i]});
      }
    }
  }
}

void test_arg_min_max(const Kernels& k, Check& check) {
  sweep_search<int32_t>(k.arg_min_max_f32_s32, &reference::arg_min_max_f32_s32, check);
  sweep_search<int64_t>(k.arg_min_max_f32_s64, &reference::arg_min_max_f32_s64, check);
}

// Rows of every length, one of them zeros.
void test_l2_normalization(const Kernels& k, Check& check) {
  Random random(69);
  for (int32_t depth = 1; depth <= 150; ++depth) {
    const reference::L2NormalizationParams p = {3, depth, 0};
    const int64_t count = p.rows * depth;
    Buffer<float> in(count), out(count + kGuard), expected(count + kGuard);
    fill_reals(in, random, any_finite);
    for (int32_t i = 0; i < depth; ++i) in.data()[i] = 0;
    k.l2_normalization_f32(p, in.data(), out.data());
    reference::l2_normalization_f32(p, in.data(), expected.data());
    for (int64_t i = 0; i < count + kGuard; ++i) {
      const auto units = i < count ? static_cast<float>(8 + depth) : 0;
      check.expect(are_near(out[i], expected[i], units), "rows of ", depth, ": number ", i, " is ",
                   out[i], ", should be ", expected[i]);
    }
  }
}

void test_log_softmax(const Kernels& k, Check& check) {
  Random random(70);
  for (int32_t depth = 1; depth <= 150; ++depth) {
    const int64_t rows = random.integer(1, 4), count = rows * depth;
    Buffer<float> in(count), out(count + kGuard), expected(count + kGuard);
    fill_reals(in, random, [](Random& r) { return static_cast<float>(40 * r.real() - 20); });
    k.log_softmax_f32({rows, depth}, in.data(), out.data());
    reference::log_softmax_f32({rows, depth}, in.data(), expected.data());
    for (int64_t i = 0; i < count + kGuard; ++i) {
      const float bound = i < count ? static_cast<float>(16 + depth) * kEpsilon : 0;
      check.expect(std::fabs(out[i] - expected[i]) <= bound * (1 + std::fabs(expected[i])), rows,
                   " rows of ", depth, ": number ", i, " is ", out[i], ", should be ", expected[i]);
    }
  }
}

void test_sum(const Kernels& k, Check& check) {
  sweep_reduce(k.sum_f32, &reference::sum_f32, false, check);
  sweep_reduce(k.mean_f32, &reference::mean_f32, true, check);
}

// What is rounded in no order, and what is, within a part in 2^24 a factor.
void test_extremes_of_rows(const Kernels& k, Check& check) {
  Random random(71);
  const struct {
    ReduceKernel kernel, reference;
    bool is_product;
  } kernels[] = {{k.reduce_max_f32, &reference::reduce_max_f32, false},
                 {k.reduce_min_f32, &reference::reduce_min_f32, false},
                 {k.reduce_prod_f32, &reference::reduce_prod_f32, true}};
  for_each_walk(3, random, [&](const reference::ReduceParams& p) {
    const int64_t count = p.outputs + kGuard;
    for (const auto& [kernel, reference, is_product] : kernels) {
      Buffer<float> in(p.outputs * p.count), out(count), expected(count);
      fill_reals(in, random,
                 is_product ? [](Random& r) { return static_cast<float>(0.9 + 0.2 * r.real()); }
                            : any_float);
      kernel(p, in.data(), out.data());
      reference(p, in.data(), expected.data());
      for (int64_t i = 0; i < count; ++i) {
        const auto units = is_product && i < p.outputs ? static_cast<float>(p.count) : 0;
        check.expect(
            units > 0 ? are_near(out[i], expected[i], units) : are_same(out[i], expected[i]), "of ",
            p.count, ": number ", i, " is ", out[i], ", should be ", expected[i]);
      }
    }
  });
}

constexpr KernelTest kTests[] = {
    {"float SOFTMAX", &test_softmax},
    {"float LOG_SOFTMAX", &test_log_softmax},
    {"float L2_NORMALIZATION", &test_l2_normalization},
    {"float SUM and MEAN", &test_sum},
    {"float ARG_MAX, ARG_MIN", &test_arg_min_max},
    {"float REDUCE_MAX, REDUCE_MIN, REDUCE_PROD", &test_extremes_of_rows},
};

}  // namespace

const Span<const KernelTest> kRealRowTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
