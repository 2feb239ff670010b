// LSTMs of int8, with gates and cells of int16 ("8x8_16").
#include "base/math.h"
#include "ops/lstm.h"

namespace octavo {
namespace {

const int16_t* words_at(const Step& s, int32_t i) { return s.input(static_cast<size_t>(i)); }

// The exponent of a scale that is a power of two, but for a thousandth of it.
Status read_cell_scale(const PrepareContext& c, const Tensor& cell, int32_t* exponent) {
  OCTAVO_TRY(expect_symmetric(c, "cell state", cell));
  int power;
  const double fraction = split_exponent(cell.scale(), &power);  // in [1/2, 1)
  constexpr double kTolerance = 0.00069;
  *exponent = fraction > 0.75 ? power : power - 1;
  const double off = fraction > 0.75 ? 1 - fraction : 2 * fraction - 1;
  if (off < kTolerance && *exponent >= -15 && *exponent <= -9) return {};
  return c.fail("cell state \"", cell.info->name, "\" has scale ", cell.scale(),
                ", should have a power of two from 2^-15 to 2^-9");
}

// Truncated, as LiteRT has it; 0: none.
int32_t quantize_clip(float clip, float scale, int32_t most) {
  const float quotient = clip / scale;
  return quotient < static_cast<float>(most) ? static_cast<int32_t>(quotient) : most;
}

// Scales are products of float32.
Status set_gate(const PrepareContext& c, const Lstm& p, Gate gate, IntegerLstm* i) {
  float sum_scale = 1.0f / 4096;  // Q3.12
  if (p.has_norm) {
    const Tensor& sum = c.intermediate(gate);
    OCTAVO_TRY(c.expect_per_tensor("intermediate", sum));
    sum_scale = sum.scale();
    const Tensor& norm = c.input(p.at.norm + gate);
    const Multiplier scale = quantize_multiplier(norm.scale());
    i->norm_scale[gate] = {scale.m, min(scale.shift + 12, 30)};  // to Q3.12
    i->least_variance[gate] = max(1, quantize_clip(10000 * norm.scale(), 1, INT32_MAX));
  }
  const float input = c.input(p.at.weights + gate).scale() * c.input(0).scale();
  const float recurrent =
      c.input(p.at.recurrent_weights + gate).scale() * c.input(p.at.state).scale();
  i->input_scale[gate] = quantize_multiplier(input / sum_scale);
  i->recurrent_scale[gate] = quantize_multiplier(recurrent / sum_scale);
  if (p.has_peephole && gate != kCellGate) {
    double unit = 1;
    for (int32_t e = 0; e > i->cell_exponent; --e) unit /= 2;
    const double peephole = unit * c.input(p.at.peephole_of(gate)).scale() / sum_scale;
    i->peephole_scale[gate] = quantize_multiplier(static_cast<float>(peephole));
  }
  return {};
}

Status check_quantization(const PrepareContext& c, const Lstm& p) {
  OCTAVO_TRY(c.expect_per_tensor("input", c.input(0)));
  OCTAVO_TRY(c.expect_per_tensor("output state", c.input(p.at.state)));
  OCTAVO_TRY(c.expect_per_tensor("output", c.output(0)));
  for (int32_t g = p.first_gate(); g < kGates; ++g) {
    OCTAVO_TRY(expect_symmetric(c, "weights", c.input(p.at.weights + g)));
    OCTAVO_TRY(expect_symmetric(c, "recurrent weights", c.input(p.at.recurrent_weights + g)));
  }
  if (p.has_projection) {
    OCTAVO_TRY(expect_symmetric(c, "projection", c.input(p.at.projection)));
  }
  const auto count = static_cast<int32_t>(c.step.intermediates.size);
  if (count != kLstmIntermediates) {
    return c.fail("on int8 has ", count, " intermediate tensors, should have ", kLstmIntermediates);
  }
  return c.expect_per_tensor("intermediate", c.intermediate(kHiddenIntermediate));
}

void compute_gate(const Lstm& p, const Step& s, const Workspace& w, const StepSums<int32_t>& x,
                  Gate gate, uint8_t* scratch) {
  const int64_t cells = p.cells, count = p.inputs.sequence.batch * cells;
  auto* out = reinterpret_cast<int16_t*>(scratch + p.gates) + gate * count;
  const auto* recurrent = reinterpret_cast<const int32_t*>(scratch + p.recurrent_sums);
  const IntegerLstm& i = p.integer;
  for (int32_t b = 0; b < p.inputs.sequence.batch; ++b) {
    reference::LstmGateS16 g = {};
    g.input = x.input_of(gate - p.first_gate(), b);
    g.recurrent = recurrent + p.recurrent_matrix[gate] * count + b * cells;
    g.input_scale = i.input_scale[gate];
    g.recurrent_scale = i.recurrent_scale[gate];
    if (p.has_peephole && gate != kCellGate) {
      g.peephole = words_at(s, p.at.peephole_of(gate));
      g.cell = words_at(s, p.at.cell) + b * cells;
      g.peephole_scale = i.peephole_scale[gate];
    }
    w.kernels.lstm_gate_s16(g, p.cells, out + b * cells);
    if (!p.has_norm) continue;
    const reference::LstmNormS16 norm = {words_at(s, p.at.norm + gate),
                                         s.input(static_cast<size_t>(p.at.bias + gate)),
                                         i.norm_scale[gate], i.least_variance[gate]};
    w.kernels.lstm_norm_s16(norm, p.cells, out + b * cells);
  }
  if (gate == kCellGate) {
    w.kernels.lstm_tanh_s16(count, 3, out, out);
  } else {
    w.kernels.lstm_logistic_s16(count, out);
  }
}

void compute_state(const Lstm& p, const Step& s, const Workspace& w, uint8_t* scratch) {
  const int32_t batch = p.inputs.sequence.batch;
  const int64_t count = int64_t{batch} * p.cells;
  const IntegerLstm& i = p.integer;
  auto* hidden = reinterpret_cast<int16_t*>(scratch + p.hidden);
  const int16_t* gate = reinterpret_cast<const int16_t*>(scratch + p.gates) + kOutputGate * count;
  int8_t* state = s.input(static_cast<size_t>(p.at.state));
  w.kernels.lstm_tanh_s16(count, 15 + i.cell_exponent, words_at(s, p.at.cell), hidden);
  if (!p.has_projection) {
    return w.kernels.lstm_hidden_s8(count, gate, hidden, i.hidden_scale, i.hidden_zero, state);
  }
  // The projection's rows have the opposite zero point, in place: bytes come before words are read.
  auto* bytes = reinterpret_cast<int8_t*>(hidden);
  w.kernels.lstm_hidden_s8(count, gate, hidden, i.hidden_scale, -i.hidden_zero, bytes);
  auto* sums = reinterpret_cast<int32_t*>(scratch + p.projection_sums);
  multiply(p.projection, s, w, bytes, batch, scratch + p.converted, sums, 0);
  w.kernels.lstm_projection_s8(int64_t{batch} * p.outputs, sums, i.projection_scale, i.state_zero,
                               i.projection_clip, state);
}

}  // namespace

Status plan_integer_lstm(PrepareContext& c, Lstm* p) {
  OCTAVO_TRY(check_quantization(c, *p));
  IntegerLstm& i = p->integer;
  const Tensor &state = c.input(p->at.state), &cell = c.input(p->at.cell);
  const Tensor& hidden = c.intermediate(kHiddenIntermediate);
  OCTAVO_TRY(read_cell_scale(c, cell, &i.cell_exponent));
  for (int32_t g = p->first_gate(); g < kGates; ++g) {
    OCTAVO_TRY(set_gate(c, *p, static_cast<Gate>(g), &i));
  }
  i.cell_clip = static_cast<int16_t>(quantize_clip(p->cell_clip, cell.scale(), 32767));
  i.projection_clip =
      static_cast<int8_t>(quantize_clip(p->projection_clip, c.output(0).scale(), 127));
  i.hidden_scale = quantize_multiplier(static_cast<float>(0x1p-15 / hidden.scale() * 0x1p-15));
  i.hidden_zero = hidden.zero_point();
  i.state_zero = state.zero_point();
  p->recurrent.rows_zero = i.state_zero;
  p->projection.rows_zero = -i.hidden_zero;
  if (!p->has_projection) return {};
  const float projected = c.input(p->at.projection).scale() * hidden.scale() / state.scale();
  i.projection_scale = quantize_multiplier(projected);
  return {};
}

void run_integer_lstm(const Lstm& p, const Step& s, const Workspace& w, uint8_t* scratch) {
  const Sequence& q = p.inputs.sequence;
  const int64_t count = int64_t{q.batch} * p.cells, outputs = p.outputs;
  const auto* gates = reinterpret_cast<const int16_t*>(scratch + p.gates);
  const int8_t* state = s.input(static_cast<size_t>(p.at.state));
  int16_t* cell = s.input(static_cast<size_t>(p.at.cell));
  int8_t* out = s.output(0);
  for_each_step<int32_t>(p.inputs, s, w, scratch, [&](int32_t step, const StepSums<int32_t>& x) {
    multiply(p.recurrent, s, w, state, q.batch, scratch + p.converted, scratch + p.recurrent_sums,
             count);
    for (int32_t g = p.first_gate(); g < kOutputGate; ++g) {
      compute_gate(p, s, w, x, static_cast<Gate>(g), scratch);
    }
    w.kernels.lstm_cell_s16(count, p.is_coupled ? nullptr : gates, gates + kForgetGate * count,
                            gates + kCellGate * count, p.integer.cell_exponent, p.integer.cell_clip,
                            cell);
    compute_gate(p, s, w, x, kOutputGate, scratch);
    compute_state(p, s, w, scratch);
    for (int32_t b = 0; b < q.batch; ++b) {
      memcpy(out + q.row(step, b) * outputs, state + b * outputs, static_cast<size_t>(outputs));
    }
  });
}

}  // namespace octavo
