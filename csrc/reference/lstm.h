// A step of an LSTM, without its products with weights: those are sums that other kernels make.
// Gates are numbered as the file has their weights. Defined in LiteRT's lstm_eval.cc.
#pragma once

#include <cstdint>

#include "base/fixed_exp.h"
#include "base/fixed_point.h"

namespace octavo::reference {

// What a gate adds up for each of its `cells` before its activation; null: nothing. Layer
// normalization makes (x - mean) / deviation * norm + norm_bias of the sum.
struct LstmGateF32 {
  const float *input, *aux, *recurrent;  // products with weights; `input` has the bias
  const float *diagonal, *state;         // or these multiplied element by element
  const float *peephole, *cell;
  const float *norm, *norm_bias;
};
void lstm_gate_f32(const LstmGateF32& gate, int32_t cells, float* out);

// cell = forget * cell + input * update, clamped to +-clip unless that is 0. `input` is null where
// it is coupled: 1 - forget.
void lstm_cell_f32(int64_t count, const float* input, const float* forget, const float* update,
                   float clip, float* cell);

// x = x * gate.
void lstm_hidden_f32(int64_t count, const float* gate, float* x);

// The same in integers. The sums are of products of int8 and int8 and contain the bias; they are
// requantized and added one after the other, each time saturating, to an int16.
struct LstmGateS16 {
  const int32_t *input, *recurrent;
  Multiplier input_scale, recurrent_scale;
  const int16_t *peephole, *cell;  // null: none
  Multiplier peephole_scale;
};
void lstm_gate_s16(const LstmGateS16& gate, int32_t cells, int16_t* out);

// Layer normalization in place: with y = 2^10 x - mean of so many more digits,
//   requantize(round((requantize(y, inverse) norm + bias) / 2^10), scale), saturating.
struct LstmNormS16 {
  const int16_t* norm;
  const int32_t* bias;
  Multiplier scale;
  int32_t least_variance;  // in place of 0
};
constexpr int kLstmNormBits = 10;
void lstm_norm_s16(const LstmNormS16& norm, int32_t cells, int16_t* x);

// What normalizes: the mean of 2^10 x, and 1 / deviation with an approximate mean of squares where
// the number of cells is no power of two.
struct LstmStatistics {
  int32_t mean;
  Multiplier inverse;
};
LstmStatistics lstm_statistics(const LstmNormS16& norm, int32_t cells, const int16_t* x);

// Q3.12 to Q0.15, in place. tanh of so many integer bits. Of base/fixed_exp.h.
void lstm_logistic_s16(int64_t count, int16_t* x);
void lstm_tanh_s16(int64_t count, int integer_bits, const int16_t* in, int16_t* out);

// The cell is in units of 2^cell_exponent, the gates of 2^-15; `input`, which may be null as above,
// and `forget` are not negative. cell_exponent is in [-15, -9].
void lstm_cell_s16(int64_t count, const int16_t* input, const int16_t* forget,
                   const int16_t* update, int cell_exponent, int16_t clip, int16_t* cell);

// out = clamp(requantize(a * b) + zero).
void lstm_hidden_s8(int64_t count, const int16_t* a, const int16_t* b, Multiplier scale,
                    int32_t zero, int8_t* out);

// out = clamp(requantize(sum) + zero), then to +-clip unless that is 0.
void lstm_projection_s8(int64_t count, const int32_t* sums, Multiplier scale, int32_t zero,
                        int8_t clip, int8_t* out);

// The basic LSTM of uint8. Its sums are requantized to Q3.12, each time rounding ties up, as
// LiteRT's products of matrices do on x86-64. Four gates' then, one row after the other (input,
// update, forget, output), change a cell of Q4.11 and give an output in units of 1/128 with a zero
// point of 128.
void lstm_basic_gates_s16(int64_t count, const int32_t* sums, Multiplier scale, int16_t* gates);
void lstm_basic_s16(int32_t cells, const int16_t* gates, int16_t* cell, uint8_t* out);

}  // namespace octavo::reference
