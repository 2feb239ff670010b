// CAST of a table against reference/.
#include "kernels/table.h"
#include "selftest/kernel_inputs.h"

namespace octavo::selftest {
namespace {

// Every tail.
template <class In, class Out, class Fill>
void sweep_cast(DType from, DType to, const Kernels& k, Check& check, Fill fill_any) {
  Random random(46);
  for (int64_t count = 0; count <= 300; ++count) {
    Buffer<In> in(count);
    fill_any(random, in);
    Buffer<Out> out(count + kGuard), expected(count + kGuard);
    const reference::CastParams p = {from, to, count};
    k.cast(p, in.data(), out.data());
    reference::cast(p, in.data(), expected.data());
    check.expect(memcmp(out.data(), expected.data(), out.size() * sizeof(Out)) == 0, count,
                 " elements of ", from, " to ", to, " differ");
  }
}

template <class In, class Out = float>
void sweep_cast_of_integers(DType from, const Kernels& k, Check& check,
                            DType to = DType::kFloat32) {
  sweep_cast<In, Out>(from, to, k, check, [](Random& random, Buffer<In>& in) {
    fill(any_content(random), random, in);
  });
}

// Any bits there are, NaN among them, or numbers around what the type holds.
template <class Out>
void sweep_cast_of_reals(DType to, double greatest, const Kernels& k, Check& check) {
  const auto fill_any = [=](Random& random, Buffer<float>& in) {
    for (size_t i = 0; i < in.size(); ++i) {
      const auto bits = static_cast<uint32_t>(random.bits());
      float x = static_cast<float>((2 * random.real() - 1) * greatest);
      if (bits % 4 == 0) memcpy(&x, &bits, sizeof(x));
      if (bits % 4 == 1) x = static_cast<float>(round_even(x));
      in.data()[i] = x;
    }
  };
  sweep_cast<float, Out>(DType::kFloat32, to, k, check, fill_any);
}

void test_cast(const Kernels& k, Check& check) {
  sweep_cast_of_integers<uint8_t>(DType::kBool, k, check);
  sweep_cast_of_integers<uint8_t>(DType::kUInt8, k, check);
  sweep_cast_of_integers<int8_t>(DType::kInt8, k, check);
  sweep_cast_of_integers<int16_t>(DType::kInt16, k, check);
  sweep_cast_of_integers<int32_t>(DType::kInt32, k, check);
  sweep_cast_of_integers<int32_t, int64_t>(DType::kInt32, k, check, DType::kInt64);
  sweep_cast_of_reals<uint8_t>(DType::kUInt8, 300, k, check);
  sweep_cast_of_reals<int8_t>(DType::kInt8, 200, k, check);
  sweep_cast_of_reals<int16_t>(DType::kInt16, 40000, k, check);
  sweep_cast_of_reals<Half>(DType::kFloat16, 70000, k, check);
  sweep_cast_of_reals<Half>(DType::kFloat16, 1e-4, k, check);  // subnormal halves
}

// Every half there is, at every place in a vector.
void test_dequantize_half(const Kernels& k, Check& check) {
  constexpr int64_t kHalves = 1 << 16;
  Buffer<Half> in(kHalves);
  for (int64_t i = 0; i < kHalves; ++i) in[i].bits = static_cast<uint16_t>(i);
  for (int64_t skip = 0; skip < 33; ++skip) {
    const int64_t n = kHalves - skip;
    Buffer<float> out(n + kGuard), expected(n + kGuard);
    k.dequantize_f16(n, in.data() + skip, out.data());
    reference::dequantize_f16(n, in.data() + skip, expected.data());
    for (int64_t i = 0; i < n + kGuard; ++i) {
      check.expect(are_same(out[i], expected[i]), "half ", i + skip, " is ", out[i], ", should be ",
                   expected[i]);
    }
  }
}

constexpr KernelTest kTests[] = {
    {"CAST", &test_cast},
    {"DEQUANTIZE of float16", &test_dequantize_half},
};

}  // namespace

const Span<const KernelTest> kCastTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
