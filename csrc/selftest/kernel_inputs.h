// What tests of kernels share: memory, values, parameters.
#pragma once

#include <cstring>
#include <limits>
#include <new>

#include "base/arena.h"
#include "base/fixed_point.h"
#include "base/math.h"
#include "kernels/gemm.h"
#include "reference/broadcast.h"
#include "reference/pool.h"
#include "reference/resize.h"
#include "selftest/selftest.h"

namespace octavo::selftest {

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

// Runs a product, a few panels at a time.
inline void run_panels(const GemmKernel& g, GemmArgs args, Random& random) {
  const int32_t panels = (args.n + g.panel_width - 1) / g.panel_width;
  for (args.first_panel = 0; args.first_panel < panels; args.first_panel += args.panels) {
    args.panels = static_cast<int32_t>(random.integer(1, panels - args.first_panel));
    g.run(args);
  }
}

constexpr int64_t kGuard = 64;  // elements after an output that stay as they are

enum class Content { kAny, kExtremes, kOneExtreme, kZeros };

inline Content any_content(Random& random) { return static_cast<Content>(random.integer(0, 2)); }

template <class T>
void fill(Content content, Random& random, Buffer<T>& to) {
  using Limits = std::numeric_limits<T>;
  constexpr T kExtremes[] = {Limits::min(), Limits::min() + 1, Limits::max(), Limits::max()};
  const T one = kExtremes[random.bits() % 4];
  uint64_t bits = 0;
  for (size_t i = 0; i < to.size(); ++i, bits >>= 8 * sizeof(T)) {
    if (i % (8 / sizeof(T)) == 0) bits = random.bits();
    switch (content) {
      case Content::kAny:
        to.data()[i] = static_cast<T>(bits);
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

// A value of T, often an extreme.
template <class T>
int32_t any_bound(Random& random) {
  constexpr int64_t kMin = std::numeric_limits<T>::min(), kMax = std::numeric_limits<T>::max();
  const int64_t x = random.integer(kMin - (kMax - kMin) / 2, kMax + (kMax - kMin) / 2);
  return static_cast<int32_t>(clamp<int64_t>(x, kMin, kMax));
}
inline int32_t any_zero_point(Random& random) { return any_bound<int8_t>(random); }

// Half of the shifts are anything; the others leave much of a sum of `terms` products in int8.
inline int32_t any_shift(int32_t terms, Random& random) {
  if (random.bits() % 2 == 0) return static_cast<int32_t>(random.integer(-31, 30));
  int32_t bits = 0;
  while (terms >> bits != 0) ++bits;
  return static_cast<int32_t>(random.integer(-7 - bits, -4));
}

// The least m makes ties.
inline Multiplier any_multiplier(int32_t shift, Random& random) {
  if (random.bits() % 32 == 0) return {};
  const int64_t m[] = {1 << 30, INT32_MAX, random.integer(1 << 30, INT32_MAX)};
  return {static_cast<int32_t>(m[random.bits() % 3]), shift};
}

inline uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

// All NaN are.
inline bool are_same(float a, float b) { return bits_of(a) == bits_of(b) || (a != a && b != b); }

// Reals to be divided by `scale`, in a quantization of so many steps: ties and their neighbours,
// what is clamped, NaN and the infinities.
inline float any_real(float scale, int32_t steps, Random& random) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float special[] = {
      0,     -0.0f, 1e30f, -1e30f, kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN(),
      1e-40f};
  const auto integer = static_cast<float>(random.integer(-steps, steps));
  switch (random.bits() % 8) {
    case 0:
      return special[random.bits() % 8];
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
      return static_cast<float>((random.real() - 0.5) * 2 * steps) * scale;
  }
}

// How sums become outputs, for each of `count` channels. Half of them are tame: no sum becomes so
// large that a faster way to requantize would not be taken.
struct OutputStage {
  OutputStage(int32_t count, int32_t terms, Random& random)
      : bias(count), multiplier(count), scale(count), has_bias(random.bits() % 4 != 0) {
    const bool is_tame = random.bits() % 2 == 0;
    constexpr int32_t kBiasShifts[] = {0, 1, 10};
    const int32_t bias_shift = is_tame ? kBiasShifts[random.bits() % 3] : 0;
    const int32_t most_shift = !is_tame ? 30 : random.bits() % 2 == 0 ? 0 : 2;
    for (int32_t i = 0; i < count; ++i) {
      bias[i] = random.any_int32() >> bias_shift;
      const int32_t shift = min(any_shift(terms, random), most_shift);
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

// Calls body(a_shape, b_shape, shape, broadcast) for rows of every length, with each way in which
// an operand can repeat.
template <class Body>
void for_each_pair(int repetitions, Random& random, Check& check, Body body) {
  for (int32_t n = 1; n <= 130; ++n) {
    const auto rows = static_cast<int32_t>(random.integer(1, 4000 / n));
    const Shape full = make_shape(3, n), row = make_shape(n), column = make_shape(3, 1);
    const Shape images = make_shape(2, rows, n);
    // Of which several fit where one image does, and of which there are more than that.
    const auto few = static_cast<int32_t>(random.integer(2, 5));
    const auto slices = static_cast<int32_t>(random.integer(2, 2 + 6000 / (few * n)));
    const Shape sliced = make_shape(slices, few, n);
    const Shape pairs[][2] = {{full, full},
                              {make_shape(1), full},
                              {full, make_shape(1)},
                              {full, row},
                              {column, full},
                              {row, column},
                              {images, make_shape(2, 1, n)},
                              {make_shape(rows, 1), images},
                              {make_shape(2, rows, 1), make_shape(rows, n)},
                              {sliced, make_shape(slices, few, 1)},
                              {make_shape(slices, 1, n), make_shape(few, n)},
                              {sliced, make_shape(slices, 1, n)},
                              {make_shape(2, 1, 1, n), make_shape(1, slices, few, 1)},
                              {make_shape(2, 1, few, n), sliced}};
    for (int i = 0; i < repetitions; ++i) {
      const auto& [a, b] = pairs[random.bits() % (sizeof(pairs) / sizeof(pairs[0]))];
      Shape shape;
      check.expect(reference::broadcast_shapes(a, b, shape), a, " and ", b);
      body(a, b, shape, reference::plan_broadcast(a, b, shape));
    }
  }
}

// A result of each row.
inline reference::ReduceParams walk_of_rows(int64_t rows, int64_t width) {
  reference::ReduceParams p = {};
  p.rank = 2;
  p.dims[0] = p.outputs = rows;
  p.dims[1] = p.count = width;
  p.out_strides[0] = 1;
  return p;
}

// But for the range that outputs are clamped to.
inline reference::Pool2DParams any_pool(int32_t channels, Random& random) {
  const auto draw = [&](int32_t least, int32_t most) {
    return static_cast<int32_t>(random.integer(least, most));
  };
  reference::Pool2DParams p = {};
  p.batch = draw(1, 2);
  p.channels = channels;
  const bool is_large = random.bits() % 16 == 0;
  p.filter_h = is_large ? draw(10, 18) : draw(1, 4);
  p.filter_w = is_large ? draw(10, 18) : draw(1, 4);
  p.stride_h = draw(1, 3);
  p.stride_w = draw(1, 3);
  p.pad_top = draw(0, p.filter_h - 1);
  p.pad_left = draw(0, p.filter_w - 1);
  p.out_h = draw(1, 3);
  p.out_w = draw(1, 3);
  // The last window begins inside the image, and may end beyond it.
  p.in_h = max(1, (p.out_h - 1) * p.stride_h - p.pad_top + draw(1, p.filter_h));
  p.in_w = max(1, (p.out_w - 1) * p.stride_w - p.pad_left + draw(1, p.filter_w));
  return p;
}

inline reference::ResizeParams any_resize(int32_t channels, Random& random) {
  const auto draw = [&] { return static_cast<int32_t>(random.integer(1, 9)); };
  const int option = static_cast<int>(random.integer(0, 2));
  // Kernels may take some columns at a time.
  const int32_t out_w = random.integer(0, 5) == 0 ? 60 * draw() : draw();
  return {1 + draw() % 2, draw(), draw(), channels, draw(), out_w, option == 1, option == 2};
}

}  // namespace octavo::selftest
