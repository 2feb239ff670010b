#include "reference/lstm.h"

#include <limits>

#include "base/fixed_exp.h"
#include "base/math.h"

namespace octavo::reference {
namespace {

constexpr int16_t kOne = std::numeric_limits<int16_t>::max();  // of Q0.15

int16_t saturate(int64_t x) { return static_cast<int16_t>(clamp<int64_t>(x, -32768, 32767)); }
int8_t saturate_8(int32_t x) { return static_cast<int8_t>(clamp(x, -128, 127)); }

void normalize(const LstmGateF32& g, int32_t cells, float* x) {
  constexpr float kLeastVariance = 1e-8f;
  const auto n = static_cast<float>(cells);
  float sum = 0, squares = 0;
  for (int32_t i = 0; i < cells; ++i) sum += x[i];
  const float mean = sum / n;
  for (int32_t i = 0; i < cells; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const auto inverse = static_cast<float>(1 / sqrt(squares / n + kLeastVariance));
  for (int32_t i = 0; i < cells; ++i) {
    x[i] = (x[i] - mean) * inverse * g.norm[i] + g.norm_bias[i];
  }
}

}  // namespace

void lstm_gate_f32(const LstmGateF32& g, int32_t cells, float* out) {
  for (int32_t i = 0; i < cells; ++i) out[i] = g.input[i];
  const auto add = [&](const float* x) {
    for (int32_t i = 0; i < cells; ++i) out[i] += x[i];
  };
  const auto add_product = [&](const float* x, const float* y) {
    for (int32_t i = 0; i < cells; ++i) out[i] += x[i] * y[i];
  };
  if (g.aux != nullptr) add(g.aux);
  if (g.recurrent != nullptr) add(g.recurrent);
  if (g.diagonal != nullptr) add_product(g.diagonal, g.state);
  if (g.peephole != nullptr) add_product(g.peephole, g.cell);
  if (g.norm != nullptr) normalize(g, cells, out);
}

void lstm_cell_f32(int64_t count, const float* input, const float* forget, const float* update,
                   float clip, float* cell) {
  for (int64_t i = 0; i < count; ++i) {
    const float in = input != nullptr ? input[i] : 1 - forget[i];
    cell[i] = forget[i] * cell[i] + update[i] * in;
  }
  for (int64_t i = 0; i < count && clip > 0; ++i) cell[i] = clamp(cell[i], -clip, clip);
}

void lstm_hidden_f32(int64_t count, const float* gate, float* x) {
  for (int64_t i = 0; i < count; ++i) x[i] *= gate[i];
}

void lstm_gate_s16(const LstmGateS16& g, int32_t cells, int16_t* out) {
  for (int32_t i = 0; i < cells; ++i) {
    const int16_t input = saturate(requantize(g.input[i], g.input_scale));
    out[i] = saturate(int64_t{requantize(g.recurrent[i], g.recurrent_scale)} + input);
  }
  for (int32_t i = 0; i < cells && g.peephole != nullptr; ++i) {
    out[i] = saturate(int64_t{requantize(g.peephole[i] * g.cell[i], g.peephole_scale)} + out[i]);
  }
}

LstmStatistics lstm_statistics(const LstmNormS16& p, int32_t cells, const int16_t* x) {
  constexpr int32_t kFine = 1 << kLstmNormBits;
  int64_t sum = 0, squares = 0;
  for (int32_t i = 0; i < cells; ++i) {
    sum += x[i];
    squares += x[i] * x[i];
  }
  const auto mean = static_cast<int32_t>(sum * kFine / cells);
  const int64_t part = kFine * kFine / cells;
  auto variance = static_cast<int32_t>((squares * part - int64_t{mean} * mean) / (kFine * kFine));
  if (variance < 1) variance = p.least_variance;
  return {mean, inverse_sqrt(variance)};
}

void lstm_norm_s16(const LstmNormS16& p, int32_t cells, int16_t* x) {
  constexpr int32_t kFine = 1 << kLstmNormBits;
  const LstmStatistics of = lstm_statistics(p, cells, x);
  for (int32_t i = 0; i < cells; ++i) {
    const int32_t centred = requantize(kFine * x[i] - of.mean, of.inverse);
    const auto product =
        static_cast<int32_t>(static_cast<uint32_t>(centred) * static_cast<uint32_t>(p.norm[i]));
    const int64_t y = add_wrapping(product, p.bias[i]);
    const auto rounded = static_cast<int32_t>((y > 0 ? y + kFine / 2 : y - kFine / 2) / kFine);
    x[i] = saturate(requantize(rounded, p.scale));
  }
}

void lstm_logistic_s16(int64_t count, int16_t* x) {
  for (int64_t i = 0; i < count; ++i) x[i] = logistic_16(x[i]);
}

void lstm_tanh_s16(int64_t count, int integer_bits, const int16_t* in, int16_t* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = tanh_16(in[i], integer_bits);
}

void lstm_cell_s16(int64_t count, const int16_t* input, const int16_t* forget,
                   const int16_t* update, int cell_exponent, int16_t clip, int16_t* cell) {
  for (int64_t i = 0; i < count; ++i) {
    const int32_t in = input != nullptr ? input[i] : kOne - forget[i];
    const auto kept = static_cast<int16_t>(rdbp(forget[i] * cell[i], 15));
    const auto added = static_cast<int16_t>(rdbp(in * update[i], 30 + cell_exponent));
    cell[i] = saturate(int64_t{kept} + added);
    if (clip > 0) cell[i] = clamp(cell[i], static_cast<int16_t>(-clip), clip);
  }
}

void lstm_hidden_s8(int64_t count, const int16_t* a, const int16_t* b, Multiplier scale,
                    int32_t zero, int8_t* out) {
  for (int64_t i = 0; i < count; ++i) {
    out[i] = saturate_8(add_wrapping(requantize(a[i] * b[i], scale), zero));
  }
}

void lstm_projection_s8(int64_t count, const int32_t* sums, Multiplier scale, int32_t zero,
                        int8_t clip, int8_t* out) {
  for (int64_t i = 0; i < count; ++i) {
    out[i] = saturate_8(add_wrapping(requantize(sums[i], scale), zero));
    if (clip > 0) out[i] = clamp(out[i], static_cast<int8_t>(-clip), clip);
  }
}

void lstm_basic_gates_s16(int64_t count, const int32_t* sums, Multiplier scale, int16_t* gates) {
  const int left = max(scale.shift, 0), right = left - scale.shift;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t y = srdhm(shift_left(sums[i], left), scale.m);
    gates[i] = saturate(right > 0 ? (y + (int64_t{1} << (right - 1))) >> right : y);
  }
}

void lstm_basic_s16(int32_t cells, const int16_t* gates, int16_t* cell, uint8_t* out) {
  const int16_t *input = gates, *update = gates + cells, *forget = gates + 2 * int64_t{cells},
                *output = gates + 3 * int64_t{cells};
  for (int32_t i = 0; i < cells; ++i) {
    const int16_t added = srdhm16(logistic_16(input[i]), tanh_16(update[i], 3));
    const int16_t kept = srdhm16(logistic_16(forget[i]), cell[i]);
    cell[i] = saturate(int64_t{rdbp16(added, 4)} + kept);
    const int16_t reduced = saturate(int64_t{cell[i]} * 2);  // Q4.11 to Q3.12
    const int16_t y = srdhm16(logistic_16(output[i]), tanh_16(reduced, 3));
    out[i] = static_cast<uint8_t>(128 + saturate_8(rdbp16(y, 8)));
  }
}

}  // namespace octavo::reference
