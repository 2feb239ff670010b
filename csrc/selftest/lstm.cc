// The steps of the integer LSTM against reference/: every input of the activations, every tail.
#include "kernels/table.h"
#include "selftest/kernel_inputs.h"

namespace octavo::selftest {
namespace {

template <class T>
void expect_same(const char* what, int64_t count, Buffer<T>& out, Buffer<T>& expected,
                 Check& check) {
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    check.expect(out[i] == expected[i], what, " of ", count, ": element ", i, " is ",
                 int32_t{out[i]}, ", should be ", int32_t{expected[i]});
  }
}

constexpr int32_t kAll = 1 << 16;
constexpr int32_t kMostCells = 140;

void test_activations(const Kernels& k, Check& check) {
  Buffer<int16_t> in(kAll);
  for (int32_t i = 0; i < kAll; ++i) in[i] = static_cast<int16_t>(i - (1 << 15));
  for (int64_t count = 0; count <= kAll; count = count < kMostCells ? count + 1 : kAll) {
    Buffer<int16_t> out(count + kGuard), expected(count + kGuard);
    for (int64_t i = 0; i < count; ++i) out[i] = expected[i] = in[kAll - count + i];
    k.lstm_logistic_s16(count, out.data());
    reference::lstm_logistic_s16(count, expected.data());
    expect_same("logistic", count, out, expected, check);
    for (int bits = 0; bits <= 6; ++bits) {
      k.lstm_tanh_s16(count, bits, in.data() + kAll - count, out.data());
      reference::lstm_tanh_s16(count, bits, in.data() + kAll - count, expected.data());
      expect_same("tanh", count, out, expected, check);
    }
    if (count == kAll) break;
  }
}

// Sums of any size, by multipliers that leave much of them or anything.
void fill_sums(Random& random, Buffer<int32_t>& sums) {
  const int shift = random.bits() % 2 == 0 ? 12 : 0;
  for (int64_t i = 0; i < static_cast<int64_t>(sums.size()); ++i) {
    sums[i] = random.any_int32() >> shift;
  }
}

void test_gate(const Kernels& k, Check& check) {
  Random random(61);
  for (int32_t cells = 1; cells <= kMostCells; ++cells) {
    for (int i = 0; i < 20; ++i) {
      OutputStage stage(3, 64, random);
      Buffer<int32_t> input(cells), recurrent(cells);
      Buffer<int16_t> peephole(cells), cell(cells);
      fill_sums(random, input);
      fill_sums(random, recurrent);
      fill(any_content(random), random, peephole);
      fill(any_content(random), random, cell);
      reference::LstmGateS16 g = {};
      g.input = input.data();
      g.recurrent = recurrent.data();
      g.input_scale = stage.multiplier[0];
      g.recurrent_scale = stage.multiplier[1];
      if (random.bits() % 2 == 0) {
        g.peephole = peephole.data();
        g.cell = cell.data();
        g.peephole_scale = stage.multiplier[2];
      }
      Buffer<int16_t> out(cells + kGuard), expected(cells + kGuard);
      k.lstm_gate_s16(g, cells, out.data());
      reference::lstm_gate_s16(g, cells, expected.data());
      expect_same("gate", cells, out, expected, check);
    }
  }
}

void test_norm(const Kernels& k, Check& check) {
  Random random(62);
  for (int32_t cells = 1; cells <= kMostCells; ++cells) {
    for (int i = 0; i < 20; ++i) {
      Buffer<int16_t> weights(cells);
      Buffer<int32_t> bias(cells);
      fill(any_content(random), random, weights);
      fill_sums(random, bias);
      const auto shift = static_cast<int32_t>(random.integer(-31, i % 2 == 0 ? 30 : 0));
      const reference::LstmNormS16 p = {weights.data(), bias.data(), any_multiplier(shift, random),
                                        static_cast<int32_t>(random.integer(1, 1000))};
      Buffer<int16_t> out(cells + kGuard), expected(cells + kGuard);
      fill(any_content(random), random, out);
      const int near = i % 3 == 0 ? 10 : 0;  // a small deviation
      for (int64_t j = 0; j < cells + kGuard; ++j) {
        expected[j] = out[j] = static_cast<int16_t>(out[j] >> near);
      }
      k.lstm_norm_s16(p, cells, out.data());
      reference::lstm_norm_s16(p, cells, expected.data());
      expect_same("normalization", cells, out, expected, check);
    }
  }
}

void fill_gate(Random& random, Buffer<int16_t>& gate) {
  fill(any_content(random), random, gate);
  for (int64_t i = 0; i < static_cast<int64_t>(gate.size()); ++i) gate[i] &= INT16_MAX;
}

void test_cell(const Kernels& k, Check& check) {
  Random random(63);
  for (int64_t count = 1; count <= kMostCells; ++count) {
    for (int i = 0; i < 20; ++i) {
      Buffer<int16_t> input(count), forget(count), update(count);
      fill_gate(random, input);
      fill_gate(random, forget);
      fill(any_content(random), random, update);
      Buffer<int16_t> cell(count + kGuard), expected(count + kGuard);
      fill(any_content(random), random, cell);
      for (int64_t j = 0; j < count + kGuard; ++j) expected[j] = cell[j];
      const int16_t* in = i % 2 == 0 ? nullptr : input.data();
      const auto exponent = static_cast<int>(random.integer(-15, -9));
      const auto clip = static_cast<int16_t>(max<int64_t>(0, random.integer(-32767, 32767)));
      k.lstm_cell_s16(count, in, forget.data(), update.data(), exponent, clip, cell.data());
      reference::lstm_cell_s16(count, in, forget.data(), update.data(), exponent, clip,
                               expected.data());
      expect_same("cell", count, cell, expected, check);
    }
  }
}

void test_hidden(const Kernels& k, Check& check) {
  Random random(64);
  for (int64_t count = 1; count <= kMostCells; ++count) {
    for (int i = 0; i < 20; ++i) {
      OutputStage stage(1, 1 << 14, random);
      const int32_t zero = i % 2 == 0 ? any_zero_point(random) : -any_zero_point(random);
      Buffer<int16_t> a(count), words(count + kGuard);
      Buffer<int8_t> expected(count + kGuard);
      fill(any_content(random), random, a);
      fill(any_content(random), random, words);
      reference::lstm_hidden_s8(count, a.data(), words.data(), stage.multiplier[0], zero,
                                expected.data());
      // In place.
      auto* bytes = reinterpret_cast<int8_t*>(words.data());
      k.lstm_hidden_s8(count, a.data(), words.data(), stage.multiplier[0], zero, bytes);
      for (int64_t j = 0; j < count; ++j) {
        check.expect(bytes[j] == expected[j], "hidden ", j, " of ", count, " is ", bytes[j],
                     ", should be ", expected[j]);
      }
    }
  }
}

void test_projection(const Kernels& k, Check& check) {
  Random random(65);
  for (int64_t count = 1; count <= kMostCells; ++count) {
    for (int i = 0; i < 20; ++i) {
      OutputStage stage(1, 64, random);
      Buffer<int32_t> sums(count);
      fill_sums(random, sums);
      const auto clip = static_cast<int8_t>(max<int64_t>(0, random.integer(-127, 127)));
      Buffer<int8_t> out(count + kGuard), expected(count + kGuard);
      const int32_t zero = any_zero_point(random);
      k.lstm_projection_s8(count, sums.data(), stage.multiplier[0], zero, clip, out.data());
      reference::lstm_projection_s8(count, sums.data(), stage.multiplier[0], zero, clip,
                                    expected.data());
      expect_same("projection", count, out, expected, check);
    }
  }
}

constexpr KernelTest kTests[] = {
    {"activations of the integer LSTM", &test_activations},
    {"gates of the integer LSTM", &test_gate},
    {"normalization of the integer LSTM", &test_norm},
    {"cells of the integer LSTM", &test_cell},
    {"hidden values of the integer LSTM", &test_hidden},
    {"projection of the integer LSTM", &test_projection},
};

}  // namespace

const Span<const KernelTest> kLstmTests = {kTests, sizeof(kTests) / sizeof(kTests[0])};

}  // namespace octavo::selftest
