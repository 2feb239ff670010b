// What operators share that go through a sequence step by step: the products of its inputs with
// weights, many steps' at a time, what is checked of their states, and activations.
#pragma once

#include "graph/options.h"
#include "ops/matrix_product.h"

namespace octavo {

// [steps][batch] rows, or [batch][steps].
struct Sequence {
  int32_t batch, steps;
  bool is_time_major, is_backward;

  int64_t row(int32_t step, int32_t element) const {
    return is_time_major ? int64_t{step} * batch + element : int64_t{element} * steps + step;
  }
};

// What comes from outside to the steps of a sequence: rows of an input, and maybe of an auxiliary
// one, times weights.
struct RecurrentInputs {
  Sequence sequence;
  int32_t input, aux;  // inputs of the step; aux may be kNoTensor
  MatrixProduct product, aux_product;
  int32_t block;                      // steps that are multiplied together
  int64_t sums, aux_sums, converted;  // where they lie in scratch memory
};

// Chooses the block, and places for its sums in `layout`. The products are prepared.
void plan_inputs(RecurrentInputs* r, ScratchLayout* layout);

// A step's sums: that of matrix m and element b begins at input + m * matrix_stride +
// b * batch_stride, and likewise at `aux` unless that is null.
template <class T>
struct StepSums {
  const T *input, *aux;
  int64_t matrix_stride, batch_stride;

  const T* input_of(int32_t m, int32_t b) const { return at(input, m, b); }
  const T* aux_of(int32_t m, int32_t b) const { return at(aux, m, b); }

 private:
  const T* at(const T* sums, int32_t m, int32_t b) const {
    return sums != nullptr ? sums + m * matrix_stride + b * batch_stride : nullptr;
  }
};

// Multiplies the rows of `count` steps from `first` on.
void multiply_block(const RecurrentInputs& r, const Step& s, const Workspace& w, int32_t first,
                    int32_t count, uint8_t* scratch);

// Calls run(step, sums) for each step of the sequence in its order.
template <class T, class Run>
void for_each_step(const RecurrentInputs& r, const Step& s, const Workspace& w, uint8_t* scratch,
                   const Run& run) {
  const Sequence& q = r.sequence;
  const int32_t blocks = (q.steps + r.block - 1) / r.block;
  const int64_t columns = r.product.columns;
  const auto* input = reinterpret_cast<const T*>(scratch + r.sums);
  const auto* aux = reinterpret_cast<const T*>(scratch + r.aux_sums);
  for (int32_t i = 0; i < blocks; ++i) {
    const int32_t first = (q.is_backward ? blocks - 1 - i : i) * r.block;
    const int32_t count = min(r.block, q.steps - first);
    multiply_block(r, s, w, first, count, scratch);
    for (int32_t j = 0; j < count; ++j) {
      const int32_t at = q.is_backward ? count - 1 - j : j;
      const int64_t row = q.is_time_major ? int64_t{at} * q.batch : at;
      const StepSums<T> sums = {
          input + row * columns, r.aux != kNoTensor ? aux + row * columns : nullptr,
          int64_t{r.block} * q.batch * columns, (q.is_time_major ? 1 : count) * columns};
      run(first + at, sums);
    }
  }
}

// The input and its sequence: [steps][batch][depth], or the first two exchanged.
Status read_sequence(const PrepareContext& c, bool is_time_major, Sequence* sequence);

// Input i, which the operator cannot do without.
Status require(const PrepareContext& c, int32_t i, const char* role);
// A variable of so many elements.
Status expect_state(const PrepareContext& c, const char* role, const Tensor& t, DType type,
                    int64_t count);
// `count` elements in one dimension.
Status expect_vector(const PrepareContext& c, const char* role, const Tensor& t, DType type,
                     int32_t count);
// One scale, and the zero point 0.
Status expect_symmetric(const PrepareContext& c, const char* role, const Tensor& t);

void activate(Activation activation, const Workspace& w, int64_t count, const float* in,
              float* out);

}  // namespace octavo
