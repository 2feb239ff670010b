// What the operators share that compute each element of their output from one element of each
// input.
#pragma once

#include "ops/op.h"

namespace octavo {

// Runs a kernel (element count, input, output).
template <auto kKernel>
Status invoke_elements(const Step& s, const Workspace& w) {
  (w.kernels.*kKernel)(s.inputs[0]->shape.count(), s.input(0), s.output(0));
  return {};
}

// Calls run(begin, count) for the parts of `count` bytes that threads compute, of which each is
// worth a thread.
template <class Run>
void for_each_part(const Workspace& w, int64_t count, Run run) {
  constexpr int64_t kLine = 64;  // of the cache
  const int64_t lines = (count + kLine - 1) / kLine;
  const auto most = static_cast<int32_t>(min<int64_t>(lines, INT32_MAX));
  const int32_t parts = w.workers.parts_for(count, kLeastBytes, max(most, 1));
  w.workers.for_each(parts, [&](int32_t part, int32_t) {
    const int64_t begin = part * lines / parts * kLine;
    const int64_t end = (part + 1) * lines / parts * kLine;
    run(begin, min(end, count) - begin);
  });
}

// What runs an operator on one element type.
struct TypedInvoke {
  DType type;
  Step::Invoke invoke;
};

// Sets step.invoke to the one for the output's type.
template <size_t n>
Status choose_invoke(const PrepareContext& c, const TypedInvoke (&choices)[n]) {
  for (const TypedInvoke& choice : choices) {
    if (choice.type != c.output(0).type) continue;
    c.step.invoke = choice.invoke;
    return {};
  }
  return c.fail_types();
}

// One input, an output of its type and shape.
Status prepare_unary(const PrepareContext& c);

// Two inputs of one type that broadcast, an output of that type and the shape that they have
// together.
Status prepare_binary(const PrepareContext& c, reference::Broadcast* broadcast);

// Each input and output has one scale and a zero point; in an int16 tensor that is 0.
Status expect_quantized_operands(const PrepareContext& c);

}  // namespace octavo
