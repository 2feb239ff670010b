// What the kinds of LSTM share: their operands, sizes and sequence.
#pragma once

#include "ops/recurrent.h"
#include "reference/lstm.h"

namespace octavo {

// As weights, biases and the like follow each other. Coupled input and forget gates ("CIFG") are
// one: there is no input gate, whose value is 1 - forget.
enum Gate : int32_t { kInputGate = 0, kForgetGate = 1, kCellGate = 2, kOutputGate = 3 };
constexpr int32_t kGates = 4;

// The inputs of a cell: of several, the first. kNoTensor where an operator has no such.
struct LstmOperands {
  int32_t weights, recurrent_weights;
  int32_t peephole;  // of the input, forget and output gates
  int32_t bias;
  int32_t projection, projection_bias;
  int32_t state, cell;
  int32_t norm, aux_weights;

  int32_t peephole_of(Gate gate) const { return peephole + (gate == kOutputGate ? 2 : gate); }
};

// The tensors inside an LSTM: before the normalization of each gate, and behind the output gate.
constexpr int32_t kLstmIntermediates = 5, kHiddenIntermediate = 4;

// What becomes of the sums of integers.
struct IntegerLstm {
  Multiplier input_scale[kGates], recurrent_scale[kGates], peephole_scale[kGates];
  Multiplier norm_scale[kGates];
  int32_t least_variance[kGates];
  int32_t cell_exponent;
  int16_t cell_clip;
  Multiplier hidden_scale, projection_scale;
  int32_t hidden_zero, state_zero;
  int8_t projection_clip;
};

struct Lstm {
  LstmOperands at;
  int32_t cells, outputs;
  bool is_coupled, has_peephole, has_norm, has_projection;
  Activation activation;  // of the cell gate, and of the cell
  float cell_clip, projection_clip;

  RecurrentInputs inputs;            // matrix 0 is the first gate's
  MatrixProduct recurrent;           // of the gates whose weights are no diagonal
  int32_t recurrent_matrix[kGates];  // of it; negative: the gate's weights are a diagonal
  MatrixProduct projection;
  const float* peephole[kGates];  // of int8 weights for floats; null: as the file has them

  int32_t output;                        // of the step
  int64_t output_offset, output_stride;  // in elements, of a row

  // In scratch memory; gates are [kGates][batch * cells].
  int64_t recurrent_sums, gates, hidden, projection_sums, converted;

  IntegerLstm integer;

  Gate first_gate() const { return is_coupled ? kForgetGate : kInputGate; }
};

// Checks what lstm.cc does not, of a cell whose members down to `inputs` are set, and completes
// what its kind alone needs.
Status plan_real_lstm(PrepareContext& c, Lstm* p);
Status plan_integer_lstm(PrepareContext& c, Lstm* p);

void run_real_lstm(const Lstm& p, const Step& s, const Workspace& w, uint8_t* scratch);
void run_integer_lstm(const Lstm& p, const Step& s, const Workspace& w, uint8_t* scratch);

// Of LSTM's basic kernel.
Status prepare_basic_lstm(PrepareContext& c);

}  // namespace octavo
