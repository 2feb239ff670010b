// LSTMs of floats, by weights of floats or of int8.
#include "base/math.h"
#include "ops/lstm.h"

namespace octavo {
namespace {

const float* input_at(const Step& s, int32_t i) { return s.input(static_cast<size_t>(i)); }

// Values that intermediate tensor i stands for.
void show(const Step& s, const Workspace& w, size_t i, const float* values, int64_t count) {
  if (w.probe == nullptr || i >= s.intermediates.size) return;
  w.probe->see(w.probe->context, *s.intermediates[i], values, count);
}

// A gate's sums of all elements of the batch, with its activation.
void compute_gate(const Lstm& p, const Step& s, const Workspace& w, const StepSums<float>& x,
                  Gate gate, uint8_t* scratch) {
  const int64_t cells = p.cells, count = p.inputs.sequence.batch * cells;
  auto* out = reinterpret_cast<float*>(scratch + p.gates) + gate * count;
  const auto* recurrent = reinterpret_cast<const float*>(scratch + p.recurrent_sums);
  const float *state = input_at(s, p.at.state), *cell = input_at(s, p.at.cell);
  const int32_t matrix = p.recurrent_matrix[gate];
  for (int32_t b = 0; b < p.inputs.sequence.batch; ++b) {
    reference::LstmGateF32 g = {};
    g.input = x.input_of(gate - p.first_gate(), b);
    g.aux = x.aux_of(gate - p.first_gate(), b);
    if (matrix >= 0) {
      g.recurrent = recurrent + matrix * count + b * cells;
    } else {
      g.diagonal = input_at(s, p.at.recurrent_weights + gate);
      g.state = state + b * cells;
    }
    if (p.has_peephole && gate != kCellGate) {
      g.peephole =
          p.peephole[gate] != nullptr ? p.peephole[gate] : input_at(s, p.at.peephole_of(gate));
      g.cell = cell + b * cells;
    }
    if (p.has_norm) {
      if (w.probe != nullptr) {
        reference::lstm_gate_f32(g, p.cells, out + b * cells);
        show(s, w, gate, out + b * cells, cells);
      }
      g.norm = input_at(s, p.at.norm + gate);
      g.norm_bias = input_at(s, p.at.bias + gate);
    }
    reference::lstm_gate_f32(g, p.cells, out + b * cells);
  }
  if (gate == kCellGate) {
    activate(p.activation, w, count, out, out);
  } else {
    w.kernels.logistic_f32(count, out, out);
  }
}

// The next state, from the output gate and the cell.
void compute_state(const Lstm& p, const Step& s, const Workspace& w, uint8_t* scratch) {
  const int32_t batch = p.inputs.sequence.batch;
  const int64_t count = int64_t{batch} * p.cells;
  const float* gate = reinterpret_cast<const float*>(scratch + p.gates) + kOutputGate * count;
  float* state = s.input(static_cast<size_t>(p.at.state));
  float* hidden = p.has_projection ? reinterpret_cast<float*>(scratch + p.hidden) : state;
  activate(p.activation, w, count, input_at(s, p.at.cell), hidden);
  reference::lstm_hidden_f32(count, gate, hidden);
  show(s, w, kHiddenIntermediate, hidden, count);
  if (!p.has_projection) return;
  multiply(p.projection, s, w, hidden, batch, scratch + p.converted, state, 0);
  if (p.projection_clip > 0) {
    w.kernels.relu_f32({int64_t{batch} * p.outputs, -p.projection_clip, p.projection_clip}, state,
                       state);
  }
}

}  // namespace

Status plan_real_lstm(PrepareContext& c, Lstm* p) {
  for (Gate gate : {kInputGate, kForgetGate, kOutputGate}) {
    if (!p->has_peephole || gate < p->first_gate()) continue;
    const Tensor& weights = c.input(p->at.peephole_of(gate));
    if (weights.type == DType::kFloat32) continue;
    OCTAVO_TRY(c.expect_known("the cell's weights", weights));
    Span<float> list;
    OCTAVO_TRY(c.make_array(p->cells, list));
    const int8_t* from = Data{weights.data};
    for (int32_t i = 0; i < p->cells; ++i) list[i] = weights.scale() * static_cast<float>(from[i]);
    p->peephole[gate] = list.data;
  }
  return {};
}

void run_real_lstm(const Lstm& p, const Step& s, const Workspace& w, uint8_t* scratch) {
  const Sequence& q = p.inputs.sequence;
  const int64_t count = int64_t{q.batch} * p.cells, outputs = p.outputs;
  const auto* gates = reinterpret_cast<const float*>(scratch + p.gates);
  const float* state = input_at(s, p.at.state);
  float* cell = s.input(static_cast<size_t>(p.at.cell));
  float* out = s.output(static_cast<size_t>(p.output));
  for_each_step<float>(p.inputs, s, w, scratch, [&](int32_t step, const StepSums<float>& x) {
    multiply(p.recurrent, s, w, state, q.batch, scratch + p.converted, scratch + p.recurrent_sums,
             count);
    for (int32_t g = p.first_gate(); g < kOutputGate; ++g) {
      compute_gate(p, s, w, x, static_cast<Gate>(g), scratch);
    }
    reference::lstm_cell_f32(count, p.is_coupled ? nullptr : gates, gates + kForgetGate * count,
                             gates + kCellGate * count, p.cell_clip, cell);
    if (w.probe != nullptr) {
      w.probe->see(w.probe->context, *s.inputs[static_cast<size_t>(p.at.cell)], cell, count);
    }
    compute_gate(p, s, w, x, kOutputGate, scratch);
    compute_state(p, s, w, scratch);
    for (int32_t b = 0; b < q.batch; ++b) {
      memcpy(out + q.row(step, b) * p.output_stride + p.output_offset, state + b * outputs,
             static_cast<size_t>(outputs) * sizeof(float));
    }
  });
}

}  // namespace octavo
