// LSTM's basic kernel: one matrix of weights for input and activation together, no options.
#include "base/math.h"
#include "ops/lstm.h"

namespace octavo {
namespace {

// Inputs and outputs. The last two outputs are what the kernel computes on its way.
constexpr int32_t kActivation = 1, kWeights = 2, kBias = 3, kState = 4;
constexpr int32_t kActivationOut = 0, kStateOut = 1, kRowsOut = 2, kGatesOut = 3;

struct Params {
  int32_t batch, depth, cells;
  MatrixProduct product;                     // of floats
  reference::FullyConnectedParams integers;  // of uint8
  Multiplier sum_scale;
  int64_t converted, sums;  // in scratch memory: of rows, and of one row's gates
};

// Input and activation side by side.
void join_rows(const Params& p, const Step& s) {
  const auto bytes = [&](int32_t elements) {
    return static_cast<size_t>(dtype_bytes(s.inputs[0]->type, elements));
  };
  const size_t of_input = bytes(p.depth), of_activation = bytes(p.cells);
  const uint8_t *input = s.input(0), *activation = s.input(kActivation);
  uint8_t* rows = s.output(kRowsOut);
  for (int32_t b = 0; b < p.batch; ++b) {
    memcpy(rows, input + static_cast<size_t>(b) * of_input, of_input);
    memcpy(rows + of_input, activation + static_cast<size_t>(b) * of_activation, of_activation);
    rows += of_input + of_activation;
  }
}

// State that is a variable is there for the next run.
void keep_state(const Step& s) {
  constexpr int32_t kPairs[][2] = {{kActivationOut, kActivation}, {kStateOut, kState}};
  for (const auto& [from, to] : kPairs) {
    const Tensor &out = *s.outputs[from], &in = *s.inputs[to];
    if (in.info->is_variable) memcpy(in.data, out.data, static_cast<size_t>(out.bytes()));
  }
}

Status invoke_f32(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  uint8_t* scratch = s.scratch(0);
  const int64_t cells = p.cells, count = p.batch * cells;
  join_rows(p, s);
  const float* sums = s.output(kGatesOut);
  multiply(p.product, s, w, s.outputs[kRowsOut]->data, p.batch, scratch + p.converted,
           s.outputs[kGatesOut]->data, 0);
  float *activation = s.output(kActivationOut), *state = s.output(kStateOut);
  memcpy(state, s.inputs[kState]->data, static_cast<size_t>(count) * sizeof(float));
  // In a row: input, update, forget, output.
  auto* gates = reinterpret_cast<float*>(scratch + p.sums);
  for (int32_t b = 0; b < p.batch; ++b, sums += 4 * cells, state += cells, activation += cells) {
    w.kernels.logistic_f32(cells, sums, gates);
    w.kernels.tanh_f32(cells, sums + cells, gates + cells);
    w.kernels.logistic_f32(2 * cells, sums + 2 * cells, gates + 2 * cells);
    reference::lstm_cell_f32(cells, gates, gates + 2 * cells, gates + cells, /*clip=*/0, state);
    w.kernels.tanh_f32(cells, state, activation);
    reference::lstm_hidden_f32(cells, gates + 3 * cells, activation);
  }
  keep_state(s);
  return {};
}

Status invoke_u8(const Step& s, const Workspace&) {
  const auto& p = s.params<Params>();
  const int64_t cells = p.cells, count = p.batch * cells;
  join_rows(p, s);
  int32_t* sums = s.scratch(0);
  int16_t *gates = s.output(kGatesOut), *state = s.output(kStateOut);
  uint8_t* activation = s.output(kActivationOut);
  reference::fully_connected_sums_u8(p.integers, s.output(kRowsOut), s.input(kWeights),
                                     s.input(kBias), sums);
  reference::lstm_basic_gates_s16(4 * count, sums, p.sum_scale, gates);
  memcpy(state, s.inputs[kState]->data, static_cast<size_t>(count) * sizeof(int16_t));
  for (int32_t b = 0; b < p.batch; ++b, gates += 4 * cells, state += cells, activation += cells) {
    reference::lstm_basic_s16(p.cells, gates, state, activation);
  }
  keep_state(s);
  return {};
}

Status set_sizes(const PrepareContext& c, Params* p) {
  const Tensor &in = c.input(0), &activation = c.input(kActivation), &state = c.input(kState);
  const Tensor &weights = c.input(kWeights), &bias = c.input(kBias);
  OCTAVO_TRY(c.expect_rank("input", in, 2, 2));
  OCTAVO_TRY(c.expect_rank("activation", activation, 2, 2));
  OCTAVO_TRY(c.expect_rank("state", state, 2, 2));
  OCTAVO_TRY(c.expect_rank("weights", weights, 2, 2));
  p->batch = in.shape[0];
  p->depth = in.shape[1];
  p->cells = activation.shape[1];
  if (activation.shape[0] != p->batch || state.shape != activation.shape) {
    return c.fail("input has shape ", in.shape, ", activation ", activation.shape, ", state ",
                  state.shape, ", which do not fit together");
  }
  const int64_t columns = 4 * int64_t{p->cells}, depth = int64_t{p->depth} + p->cells;
  if (weights.shape[0] != columns || weights.shape[1] != depth) {
    return c.fail("weights \"", weights.info->name, "\" have shape ", weights.shape,
                  ", should have (", columns, ", ", depth, ")");
  }
  OCTAVO_TRY(expect_vector(c, "bias", bias, bias.type, weights.shape[0]));
  for (const Tensor* t : {&activation, &state}) {
    if (t->is_known) return c.fail("\"", t->info->name, "\" is a constant, but it is state");
  }
  OCTAVO_TRY(c.set_shape(kActivationOut, activation.shape));
  OCTAVO_TRY(c.set_shape(kStateOut, state.shape));
  OCTAVO_TRY(c.set_shape(kRowsOut, make_shape(p->batch, depth)));
  return c.set_shape(kGatesOut, make_shape(p->batch, columns));
}

Status prepare_f32(PrepareContext& c, Params* p) {
  MatrixProduct& m = p->product;
  m.count = 1;
  m.weights[0] = kWeights;
  m.biases[0] = kBias;
  m.depth = p->depth + p->cells;
  m.columns = 4 * p->cells;
  m.rows_type = m.weights_type = DType::kFloat32;
  OCTAVO_TRY(prepare_product(c, 0, &m));
  ScratchLayout layout;
  p->converted = layout.add(scratch_bytes(m, p->batch));
  p->sums = layout.add(int64_t{m.columns} * 4);
  c.step.invoke = &invoke_f32;
  return c.add_scratch(layout.bytes());
}

// The state has four integer bits.
Status prepare_u8(PrepareContext& c, Params* p) {
  const Tensor &weights = c.input(kWeights), &bias = c.input(kBias), &state = c.output(kStateOut);
  OCTAVO_TRY(c.expect_per_tensor("weights", weights));
  OCTAVO_TRY(c.expect_per_tensor("bias", bias));
  OCTAVO_TRY(c.expect_per_tensor("state", state));
  const double off = double{state.scale()} * 2048 - 1;
  if (off > 0.00069 || off < -0.00069) {
    return c.fail("state \"", state.info->name, "\" has scale ", state.scale(),
                  ", should have 2^-11");
  }
  reference::FullyConnectedParams& k = p->integers;
  k.rows = p->batch;
  k.depth = p->depth + p->cells;
  k.units = 4 * p->cells;
  k.in_zero = 128;
  k.filter_zero = weights.zero_point();
  p->sum_scale = quantize_multiplier(4096 * double{bias.scale()});  // to Q3.12
  c.step.invoke = &invoke_u8;
  return c.add_scratch(k.rows * k.units * int64_t{sizeof(int32_t)});
}

// Types of what flows, of the bias, and of the state and the gates.
bool has_types(const PrepareContext& c, DType flowing, DType bias, DType state) {
  for (const Tensor* t : {&c.input(0), &c.input(kActivation), &c.input(kWeights),
                          &c.output(kActivationOut), &c.output(kRowsOut)}) {
    if (t->type != flowing) return false;
  }
  for (const Tensor* t : {&c.input(kState), &c.output(kStateOut), &c.output(kGatesOut)}) {
    if (t->type != state) return false;
  }
  return c.input(kBias).type == bias;
}

}  // namespace

Status prepare_basic_lstm(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(5, 5, 4));
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(set_sizes(c, p));
  using T = DType;
  if (has_types(c, T::kFloat32, T::kFloat32, T::kFloat32)) return prepare_f32(c, p);
  if (has_types(c, T::kUInt8, T::kInt32, T::kInt16)) return prepare_u8(c, p);
  return c.fail_types();
}

}  // namespace octavo
