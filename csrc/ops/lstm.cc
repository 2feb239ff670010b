// LSTM, UNIDIRECTIONAL_SEQUENCE_LSTM, BIDIRECTIONAL_SEQUENCE_LSTM: their operands. What is computed
// lies in lstm_real.cc, lstm_integer.cc and, for LSTM's basic kernel, lstm_basic.cc.
#include "ops/lstm.h"

#include "base/math.h"

namespace octavo {
namespace {

constexpr LstmOperands kUnidirectional = {1, 5, 9, 12, 16, 17, 18, 19, 20, kNoTensor};
constexpr LstmOperands kForward = {1, 5, 9, 12, 16, 17, 35, 36, kNoTensor, 40};
constexpr LstmOperands kBackward = {18, 22, 26, 29, 33, 34, 37, 38, kNoTensor, 44};
constexpr int32_t kAuxInput = 39;

struct Params {
  int32_t count;
  Lstm cell[2];
};

template <void (*kRun)(const Lstm&, const Step&, const Workspace&, uint8_t*)>
Status invoke(const Step& s, const Workspace& w) {
  const auto& p = s.params<Params>();
  for (int32_t i = 0; i < p.count; ++i) kRun(p.cell[i], s, w, s.scratch(0));
  return {};
}

bool is_integer(const PrepareContext& c) { return c.input(0).type == DType::kInt8; }

// The operands of gates [first, kGates) are there, or where they are no must, none is.
Status expect_gates(const PrepareContext& c, const char* role, int32_t first_operand, Gate first,
                    bool is_must, bool* are_there) {
  *are_there = c.has_input(first_operand + kOutputGate);
  if (is_must) OCTAVO_TRY(require(c, first_operand + kOutputGate, role));
  for (int32_t g = 0; g < kGates; ++g) {
    const bool expected = *are_there && g >= first;
    if (c.has_input(first_operand + g) == expected) continue;
    return c.fail(role, " of gate ", g, expected ? " is" : " should be",
                  " left out, in contrast to others");
  }
  return {};
}

Status check_peephole(const PrepareContext& c, Lstm* p) {
  const int32_t forget = p->at.peephole_of(kForgetGate);
  p->has_peephole = c.has_input(forget);
  for (Gate gate : {kInputGate, kForgetGate, kOutputGate}) {
    const bool expected = p->has_peephole && gate >= p->first_gate();
    const int32_t i = p->at.peephole_of(gate);
    if (c.has_input(i) != expected) {
      return c.fail("the cell's weights of gate ", static_cast<int32_t>(gate),
                    expected ? " are" : " should be", " left out, in contrast to others");
    }
    if (!expected) continue;
    const Tensor& weights = c.input(p->at.weights + kOutputGate);
    OCTAVO_TRY(c.expect_type("weights", weights, {DType::kFloat32, DType::kInt8, DType::kUInt8}));
    const DType type = is_integer(c) ? DType::kInt16 : weights.type;
    OCTAVO_TRY(expect_vector(c, "the cell's weights", c.input(i), type, p->cells));
    if (type != DType::kFloat32) {
      OCTAVO_TRY(expect_symmetric(c, "the cell's weights", c.input(i)));
    }
  }
  return {};
}

Status check_norm(const PrepareContext& c, Lstm* p) {
  p->has_norm = p->at.norm != kNoTensor && c.has_input(p->at.norm + kForgetGate);
  for (int32_t g = 0; p->at.norm != kNoTensor && g < kGates; ++g) {
    const bool expected = p->has_norm && g >= p->first_gate();
    const int32_t i = p->at.norm + g;
    if (c.has_input(i) != expected) {
      return c.fail("the normalization's weights of gate ", g, expected ? " are" : " should be",
                    " left out, in contrast to others");
    }
    if (!expected) continue;
    const DType type = is_integer(c) ? DType::kInt16 : DType::kFloat32;
    OCTAVO_TRY(expect_vector(c, "the normalization's weights", c.input(i), type, p->cells));
    if (type == DType::kInt16) {
      OCTAVO_TRY(expect_symmetric(c, "the normalization's weights", c.input(i)));
    }
  }
  return {};
}

Status check_projection(const PrepareContext& c, Lstm* p) {
  p->has_projection = c.has_input(p->at.projection);
  if (!p->has_projection && c.has_input(p->at.projection_bias)) {
    return c.fail("has a projection's bias, but no weights of it");
  }
  if (p->has_projection || p->outputs == p->cells) return {};
  return c.fail("has ", p->cells, " cells, but recurrent weights of ", p->outputs,
                " outputs, without a projection");
}

// A recurrent matrix whose off-diagonal elements are 0 may be given as its diagonal.
Status read_recurrent(const PrepareContext& c, Lstm* p) {
  MatrixProduct& r = p->recurrent;
  for (int32_t g = p->first_gate(); g < kGates; ++g) {
    const int32_t i = p->at.recurrent_weights + g;
    const Tensor& weights = c.input(i);
    p->recurrent_matrix[g] = r.count;
    if (weights.shape.rank == 1 && !is_integer(c)) {
      p->recurrent_matrix[g] = -1;
      OCTAVO_TRY(expect_vector(c, "recurrent weights", weights, DType::kFloat32, p->cells));
      if (p->outputs == p->cells) continue;
      return c.fail("recurrent weights \"", weights.info->name, "\" are a diagonal, but there are ",
                    p->outputs, " outputs of ", p->cells, " cells");
    }
    r.weights[r.count] = i;
    r.biases[r.count] = kNoTensor;
    ++r.count;
  }
  return {};
}

// With layer normalization the biases are added behind it.
void read_inputs(const PrepareContext& c, Lstm* p) {
  RecurrentInputs& in = p->inputs;
  for (int32_t g = p->first_gate(); g < kGates; ++g) {
    const int32_t m = in.product.count++;
    in.product.weights[m] = p->at.weights + g;
    in.product.biases[m] = p->has_norm ? kNoTensor : p->at.bias + g;
    if (in.aux == kNoTensor) continue;
    in.aux_product.weights[m] = p->at.aux_weights + g;
    in.aux_product.biases[m] = kNoTensor;
    in.aux_product.count = m + 1;
  }
  in.product.depth = c.input(in.input).shape.back();
  if (in.aux != kNoTensor) in.aux_product.depth = c.input(in.aux).shape.back();
}

// What all products of the cell have in common.
Status prepare_products(PrepareContext& c, Lstm* p) {
  MatrixProduct* products[] = {&p->inputs.product, &p->inputs.aux_product, &p->recurrent,
                               &p->projection};
  p->recurrent.depth = p->outputs;
  if (p->has_projection) {
    p->projection.count = 1;
    p->projection.weights[0] = p->at.projection;
    p->projection.biases[0] =
        c.has_input(p->at.projection_bias) ? p->at.projection_bias : kNoTensor;
  }
  p->projection.depth = p->cells;
  int32_t variant = kGates * p->at.weights;
  for (MatrixProduct* product : products) {
    product->columns = product == &p->projection ? p->outputs : p->cells;
    product->rows_type = c.input(0).type;
    product->weights_type = c.input(p->at.weights + kOutputGate).type;
    product->asymmetric = c.options<LstmOptions>().asymmetric_quantize_inputs;
    OCTAVO_TRY(prepare_product(c, variant++, product));
  }
  return {};
}

Status check_biases(const PrepareContext& c, const Lstm& p) {
  const DType type = is_integer(c) ? DType::kInt32 : DType::kFloat32;
  for (int32_t g = p.first_gate(); g < kGates; ++g) {
    OCTAVO_TRY(expect_vector(c, "bias", c.input(p.at.bias + g), type, p.cells));
  }
  return {};
}

Status read_sizes(const PrepareContext& c, Lstm* p) {
  const LstmOperands& at = p->at;
  bool are_there;
  p->is_coupled = !c.has_input(at.weights);
  const Gate first = p->first_gate();
  OCTAVO_TRY(expect_gates(c, "weights", at.weights, first, true, &are_there));
  OCTAVO_TRY(expect_gates(c, "recurrent weights", at.recurrent_weights, first, true, &are_there));
  OCTAVO_TRY(expect_gates(c, "bias", at.bias, first, true, &are_there));
  if (p->inputs.aux != kNoTensor) {
    OCTAVO_TRY(expect_gates(c, "auxiliary weights", at.aux_weights, first, true, &are_there));
  }
  OCTAVO_TRY(require(c, at.state, "output state"));
  OCTAVO_TRY(require(c, at.cell, "cell state"));
  const Tensor& weights = c.input(at.weights + kOutputGate);
  const Tensor& recurrent = c.input(at.recurrent_weights + kOutputGate);
  OCTAVO_TRY(c.expect_rank("weights", weights, 2, 2));
  OCTAVO_TRY(c.expect_rank("recurrent weights", recurrent, is_integer(c) ? 2 : 1, 2));
  p->cells = weights.shape[0];
  p->outputs = recurrent.shape.back();
  if (p->cells < 1 || p->outputs < 1) return c.fail("has no cells or no outputs");
  return {};
}

// Everything of a cell whose operands' numbers, inputs and sequence are set.
Status prepare_cell(PrepareContext& c, ScratchLayout* layout, Lstm* p) {
  const auto& options = c.options<LstmOptions>();
  p->activation = options.activation;
  p->cell_clip = options.cell_clip;
  p->projection_clip = options.proj_clip;
  if (!(p->cell_clip >= 0) || !(p->projection_clip >= 0)) {
    return c.fail("has clips ", p->cell_clip, " and ", p->projection_clip,
                  ", which should not be negative");
  }
  OCTAVO_TRY(c.expect_type("input", c.input(0), {DType::kFloat32, DType::kInt8}));
  OCTAVO_TRY(read_sizes(c, p));
  OCTAVO_TRY(check_peephole(c, p));
  OCTAVO_TRY(check_norm(c, p));
  OCTAVO_TRY(check_projection(c, p));
  OCTAVO_TRY(check_biases(c, *p));
  OCTAVO_TRY(read_recurrent(c, p));
  read_inputs(c, p);
  const bool is_int = is_integer(c);
  const int64_t batch = p->inputs.sequence.batch;
  OCTAVO_TRY(
      expect_state(c, "output state", c.input(p->at.state), c.input(0).type, batch * p->outputs));
  OCTAVO_TRY(expect_state(c, "cell state", c.input(p->at.cell),
                          is_int ? DType::kInt16 : DType::kFloat32, batch * p->cells));
  if (is_int) p->inputs.product.rows_zero = c.input(0).zero_point();
  OCTAVO_TRY(is_int ? plan_integer_lstm(c, p) : plan_real_lstm(c, p));
  OCTAVO_TRY(prepare_products(c, p));
  plan_inputs(&p->inputs, layout);
  const int64_t count = batch * p->cells, bytes = is_int ? 2 : 4;
  p->recurrent_sums = layout->add(kGates * count * 4);
  p->gates = layout->add(kGates * count * bytes);
  p->hidden = layout->add(count * bytes);
  p->projection_sums = layout->add(p->has_projection ? batch * p->outputs * 4 : 0);
  p->converted =
      layout->add(max(scratch_bytes(p->recurrent, batch), scratch_bytes(p->projection, batch)));
  return {};
}

Status finish(PrepareContext& c, const ScratchLayout& layout) {
  c.step.invoke = is_integer(c) ? &invoke<&run_integer_lstm> : &invoke<&run_real_lstm>;
  return c.add_scratch(layout.bytes());
}

// Gives output i the input's shape but for the last dimension.
Status set_output(const PrepareContext& c, int32_t i, int64_t columns) {
  OCTAVO_TRY(c.expect_same_type("input", c.input(0), "output", c.output(i)));
  Shape shape = c.input(0).shape;
  if (columns > INT32_MAX) return c.fail("has ", columns, " outputs, which no shape can say");
  shape[shape.rank - 1] = static_cast<int32_t>(columns);
  return c.set_shape(i, shape);
}

Status prepare_one(PrepareContext& c, const Sequence& sequence) {
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = 1;
  Lstm& cell = p->cell[0];
  cell.at = kUnidirectional;
  // Before there was layer normalization, there were no inputs for it.
  if (c.input_count() == kUnidirectional.norm) cell.at.norm = kNoTensor;
  cell.inputs.sequence = sequence;
  cell.inputs.aux = kNoTensor;
  ScratchLayout layout;
  OCTAVO_TRY(prepare_cell(c, &layout, &cell));
  cell.output_stride = cell.outputs;
  OCTAVO_TRY(set_output(c, 0, cell.outputs));
  return finish(c, layout);
}

Status expect_one_cell(const PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 24, 1));
  if (c.input_count() == 20 || c.input_count() == 24) return {};
  return c.fail("takes 20 or 24 inputs, has ", c.input_count());
}

// Both cells read the input, and the auxiliary one with weights of its own. Without those the
// backward cell reads it in place of the input.
Status read_aux(const PrepareContext& c, Lstm* forward, Lstm* backward) {
  forward->inputs.aux = backward->inputs.aux = kNoTensor;
  const bool has_weights = c.has_input(kForward.aux_weights + kForgetGate);
  if (has_weights) OCTAVO_TRY(require(c, kAuxInput, "the auxiliary input"));
  if (!c.has_input(kAuxInput)) return {};
  const Tensor &in = c.input(0), &aux = c.input(kAuxInput);
  OCTAVO_TRY(c.expect_same_type("input", in, "auxiliary input", aux));
  OCTAVO_TRY(c.expect_rank("auxiliary input", aux, 3, 3));
  if (aux.shape[0] != in.shape[0] || aux.shape[1] != in.shape[1]) {
    return c.fail("auxiliary input \"", aux.info->name, "\" has shape ", aux.shape, ", input has ",
                  in.shape);
  }
  if (has_weights) {
    forward->inputs.aux = backward->inputs.aux = kAuxInput;
  } else {
    backward->inputs.input = kAuxInput;
  }
  return {};
}

}  // namespace

Status prepare_lstm(PrepareContext& c) {
  if (c.options<LstmOptions>().is_basic) return prepare_basic_lstm(c);
  OCTAVO_TRY(expect_one_cell(c));
  OCTAVO_TRY(c.expect_rank("input", c.input(0), 2, 2));
  return prepare_one(c, {c.input(0).shape[0], 1, true, false});
}

Status prepare_unidirectional_sequence_lstm(PrepareContext& c) {
  OCTAVO_TRY(expect_one_cell(c));
  Sequence sequence;
  OCTAVO_TRY(read_sequence(c, c.options<LstmOptions>().time_major, &sequence));
  return prepare_one(c, sequence);
}

Status prepare_bidirectional_sequence_lstm(PrepareContext& c) {
  const auto& options = c.options<LstmOptions>();
  OCTAVO_TRY(c.expect_operands(1, 48, options.merge_outputs ? 1 : 2));
  OCTAVO_TRY(c.expect_type("input", c.input(0), {DType::kFloat32}));
  if (c.input_count() != 48) return c.fail("takes 48 inputs, has ", c.input_count());
  Params* p;
  OCTAVO_TRY(c.make_params(p));
  p->count = 2;
  Lstm &forward = p->cell[0], &backward = p->cell[1];
  forward.at = kForward;
  backward.at = kBackward;
  OCTAVO_TRY(read_sequence(c, options.time_major, &forward.inputs.sequence));
  backward.inputs.sequence = forward.inputs.sequence;
  backward.inputs.sequence.is_backward = true;
  OCTAVO_TRY(read_aux(c, &forward, &backward));
  ScratchLayout layout;
  OCTAVO_TRY(prepare_cell(c, &layout, &forward));
  OCTAVO_TRY(prepare_cell(c, &layout, &backward));
  const int64_t both = int64_t{forward.outputs} + backward.outputs;
  forward.output_stride = options.merge_outputs ? both : forward.outputs;
  backward.output_stride = options.merge_outputs ? both : backward.outputs;
  backward.output_offset = options.merge_outputs ? forward.outputs : 0;
  backward.output = options.merge_outputs ? 0 : 1;
  OCTAVO_TRY(set_output(c, 0, forward.output_stride));
  if (!options.merge_outputs) OCTAVO_TRY(set_output(c, 1, backward.output_stride));
  return finish(c, layout);
}

}  // namespace octavo
