// What the operators share that compute each element of their output from one element of each
// input.
#pragma once

#include "ops/op.h"

namespace octavo {

template <class Params, class In, class Out>
void run_elementwise(void (*kernel)(const Params&, const In*, Out*), const Step& s) {
  kernel(s.params<Params>(), s.input(0), s.output(0));
}
template <class Params, class A, class B, class Out>
void run_elementwise(void (*kernel)(const Params&, const A*, const B*, Out*), const Step& s) {
  kernel(s.params<Params>(), s.input(0), s.input(1), s.output(0));
}

// The invoke that runs a kernel of the table: invoke_elementwise<&Kernels::add_s8>.
template <auto kernel>
Status invoke_elementwise(const Step& s, const Workspace& w) {
  run_elementwise(w.kernels.*kernel, s);
  return {};
}

// One input, an output of its type and shape.
Status prepare_unary(const PrepareContext& c);

// Two inputs of one type that broadcast, an output of that type and the shape that they have
// together.
Status prepare_binary(const PrepareContext& c, reference::Broadcast* broadcast);

// Each input and output has one scale and a zero point; in an int16 tensor that is 0.
Status expect_quantized_operands(const PrepareContext& c);

}  // namespace octavo
