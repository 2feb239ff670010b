// RNN, UNIDIRECTIONAL_SEQUENCE_RNN, BIDIRECTIONAL_SEQUENCE_RNN.
#include "ops/recurrent.h"
#include "reference/lstm.h"

namespace octavo {
namespace {

// The inputs of a cell.
struct RnnOperands {
  int32_t weights, recurrent_weights, bias, state, aux_weights;
};
constexpr RnnOperands kForward = {1, 2, 3, 4, 10};
constexpr RnnOperands kBackward = {5, 6, 7, 8, 11};
constexpr int32_t kAuxInput = 9;

// out = activation(x W + aux W' + state R + bias), which is the next state, too.
struct Rnn {
  RecurrentInputs inputs;
  MatrixProduct recurrent;
  int32_t units, state;
  Activation activation;
  int32_t output;
  int64_t output_offset, output_stride;  // in elements, of a row
  int64_t sums, converted;               // in scratch memory
};

struct Params {
  int32_t count;
  Rnn cell[2];
};

void run(const Rnn& p, const Step& s, const Workspace& w, uint8_t* scratch) {
  const Sequence& q = p.inputs.sequence;
  float* state = s.input(static_cast<size_t>(p.state));
  float* out = s.output(static_cast<size_t>(p.output));
  auto* sums = reinterpret_cast<float*>(scratch + p.sums);
  const int64_t units = p.units;
  for_each_step<float>(p.inputs, s, w, scratch, [&](int32_t step, const StepSums<float>& x) {
    multiply(p.recurrent, s, w, state, q.batch, scratch + p.converted, sums, 0);
    for (int32_t b = 0; b < q.batch; ++b) {
      reference::LstmGateF32 unit = {};
      unit.input = x.input_of(0, b);
      unit.aux = x.aux_of(0, b);
      unit.recurrent = sums + b * units;
      reference::lstm_gate_f32(unit, p.units, state + b * units);
    }
    activate(p.activation, w, q.batch * units, state, state);
    for (int32_t b = 0; b < q.batch; ++b) {
      memcpy(out + q.row(step, b) * p.output_stride + p.output_offset, state + b * units,
             static_cast<size_t>(units) * sizeof(float));
    }
  });
}

Status invoke(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  for (int32_t i = 0; i < p.count; ++i) run(p.cell[i], s, w, s.scratch(0));
  return {};
}

MatrixProduct product_of(const PrepareContext& c, int32_t weights, int32_t bias, int32_t units) {
  MatrixProduct p = {};
  p.count = 1;
  p.weights[0] = weights;
  p.biases[0] = bias;
  p.columns = units;
  p.rows_type = DType::kFloat32;
  p.weights_type = c.input(weights).type;
  p.asymmetric = c.options<RnnOptions>().asymmetric_quantize_inputs;
  return p;
}

// `rows` is what the cell reads, `aux` what it reads besides, or kNoTensor.
Status prepare_cell(PrepareContext& c, const RnnOperands& at, const Sequence& sequence,
                    int32_t rows, int32_t aux, ScratchLayout* layout, Rnn* p) {
  OCTAVO_TRY(require(c, at.weights, "weights"));
  OCTAVO_TRY(require(c, at.recurrent_weights, "recurrent weights"));
  OCTAVO_TRY(require(c, at.bias, "bias"));
  OCTAVO_TRY(require(c, at.state, "state"));
  const Tensor& weights = c.input(at.weights);
  OCTAVO_TRY(c.expect_rank("weights", weights, 2, 2));
  OCTAVO_TRY(
      c.expect_same_type("weights", weights, "recurrent weights", c.input(at.recurrent_weights)));
  p->units = weights.shape[0];
  p->state = at.state;
  p->activation = c.options<RnnOptions>().activation;
  RecurrentInputs& in = p->inputs;
  in.sequence = sequence;
  in.input = rows;
  in.aux = aux;
  in.product = product_of(c, at.weights, at.bias, p->units);
  in.product.depth = c.input(rows).shape.back();
  OCTAVO_TRY(prepare_product(c, 2 * at.weights, &in.product));
  if (aux != kNoTensor) {
    in.aux_product = product_of(c, at.aux_weights, kNoTensor, p->units);
    in.aux_product.depth = c.input(aux).shape.back();
    OCTAVO_TRY(prepare_product(c, 2 * at.aux_weights, &in.aux_product));
  }
  p->recurrent = product_of(c, at.recurrent_weights, kNoTensor, p->units);
  p->recurrent.depth = p->units;
  OCTAVO_TRY(prepare_product(c, 2 * at.weights + 1, &p->recurrent));
  const int64_t count = int64_t{sequence.batch} * p->units;
  OCTAVO_TRY(expect_state(c, "state", c.input(at.state), DType::kFloat32, count));
  plan_inputs(&in, layout);
  p->sums = layout->add(count * int64_t{sizeof(float)});
  p->converted = layout->add(scratch_bytes(p->recurrent, sequence.batch));
  return {};
}

// Gives output i the input's shape but for the last dimension.
Status set_output(const PrepareContext& c, int32_t i, int64_t units) {
  OCTAVO_TRY(c.expect_type("output", c.output(i), {DType::kFloat32}));
  Shape shape = c.input(0).shape;
  if (units > INT32_MAX) return c.fail("has ", units, " units, which no shape can say");
  shape[shape.rank - 1] = static_cast<int32_t>(units);
  return c.set_shape(i, shape);
}

Status prepare_one(PrepareContext& c, const Sequence& sequence) {
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = 1;
  ScratchLayout layout;
  OCTAVO_TRY(c.expect_type("input", c.input(0), {DType::kFloat32}));
  OCTAVO_TRY(prepare_cell(c, kForward, sequence, 0, kNoTensor, &layout, &p->cell[0]));
  p->cell[0].output_stride = p->cell[0].units;
  OCTAVO_TRY(set_output(c, 0, p->cell[0].units));
  c.step.invoke = &invoke;
  return c.add_scratch(layout.bytes());
}

// Both cells read the input, and the auxiliary one with weights of its own. Without those the
// backward cell reads it in place of the input.
Status read_aux(const PrepareContext& c, int32_t* aux, int32_t* backward_input) {
  *aux = kNoTensor;
  *backward_input = 0;
  const bool has_weights = c.has_input(kForward.aux_weights);
  if (has_weights != c.has_input(kBackward.aux_weights)) {
    return c.fail("one direction has weights for the auxiliary input, the other has not");
  }
  if (!c.has_input(kAuxInput)) {
    return has_weights ? require(c, kAuxInput, "the auxiliary input") : Status();
  }
  (has_weights ? *aux : *backward_input) = kAuxInput;
  const Tensor &in = c.input(0), &t = c.input(kAuxInput);
  OCTAVO_TRY(c.expect_same_type("input", in, "auxiliary input", t));
  OCTAVO_TRY(c.expect_rank("auxiliary input", t, 3, 3));
  if (t.shape[0] == in.shape[0] && t.shape[1] == in.shape[1]) return {};
  return c.fail("auxiliary input \"", t.info->name, "\" has shape ", t.shape, ", input has ",
                in.shape);
}

}  // namespace

Status prepare_rnn(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(5, 5, 1));
  OCTAVO_TRY(c.expect_rank("input", c.input(0), 2, 2));
  return prepare_one(c, {c.input(0).shape[0], 1, true, false});
}

Status prepare_unidirectional_sequence_rnn(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(5, 5, 1));
  Sequence sequence;
  OCTAVO_TRY(read_sequence(c, c.options<RnnOptions>().time_major, &sequence));
  return prepare_one(c, sequence);
}

Status prepare_bidirectional_sequence_rnn(PrepareContext& c) {
  const auto& options = c.options<RnnOptions>();
  OCTAVO_TRY(c.expect_operands(9, 12, options.merge_outputs ? 1 : 2));
  OCTAVO_TRY(c.expect_type("input", c.input(0), {DType::kFloat32}));
  Sequence sequence;
  OCTAVO_TRY(read_sequence(c, options.time_major, &sequence));
  int32_t aux, backward_input;
  OCTAVO_TRY(read_aux(c, &aux, &backward_input));
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = 2;
  Rnn &forward = p->cell[0], &backward = p->cell[1];
  ScratchLayout layout;
  OCTAVO_TRY(prepare_cell(c, kForward, sequence, 0, aux, &layout, &forward));
  sequence.is_backward = true;
  OCTAVO_TRY(prepare_cell(c, kBackward, sequence, backward_input, aux, &layout, &backward));
  const int64_t both = int64_t{forward.units} + backward.units;
  forward.output_stride = options.merge_outputs ? both : forward.units;
  backward.output_stride = options.merge_outputs ? both : backward.units;
  backward.output_offset = options.merge_outputs ? forward.units : 0;
  backward.output = options.merge_outputs ? 0 : 1;
  OCTAVO_TRY(set_output(c, 0, forward.output_stride));
  if (!options.merge_outputs) OCTAVO_TRY(set_output(c, 1, backward.output_stride));
  c.step.invoke = &invoke;
  return c.add_scratch(layout.bytes());
}

}  // namespace octavo
