// What the operators share that compute each element of their output from one element of each
// input.
#pragma once

#include "base/short_float.h"
#include "ops/op.h"

namespace octavo {

// Calls run(begin, count) for the parts that threads compute of `count` pieces of so many bytes
// each; every part is worth a thread.
template <class Run>
void for_each_part(const Workspace& w, int64_t count, int64_t bytes, Run run) {
  const int64_t line = max(64 / max(bytes, int64_t{1}), int64_t{1});  // pieces in one of the cache
  const int64_t lines = (count + line - 1) / line;
  const auto most = static_cast<int32_t>(clamp<int64_t>(lines, 1, INT32_MAX));
  const int32_t parts = w.workers.parts_for(count * bytes, kLeastBytes, most);
  w.workers.for_each(parts, [&](int32_t part, int32_t) {
    const int64_t begin = part * lines / parts * line;
    const int64_t end = (part + 1) * lines / parts * line;
    run(begin, min(end, count) - begin);
  });
}

// Runs a kernel (element count, input, output) on parts.
template <class In, class Out>
void run_elements(void (*kernel)(int64_t, const In*, Out*), const Step& s, const Workspace& w) {
  const In* in = s.input(0);
  Out* out = s.output(0);
  constexpr int64_t kBytes = max(sizeof(In), sizeof(Out));
  for_each_part(w, s.inputs[0]->shape.count(), kBytes,
                [&](int64_t begin, int64_t count) { kernel(count, in + begin, out + begin); });
}

// The invoke that does nothing else.
template <auto kKernel>
Status invoke_elements(const Step& s, const Workspace& w) {
  run_elements(kernel_of<kKernel>(w), s, w);
  return {};
}

// The invokes that apply a function of one real to each element.
template <float (*kFunction)(float)>
Status invoke_f32(const Step& s, const Workspace& w) {
  run_elements<float, float>(
      [](int64_t count, const float* in, float* out) {
        for (int64_t i = 0; i < count; ++i) out[i] = kFunction(in[i]);
      },
      s, w);
  return {};
}
template <class Short, float (*kFunction)(float)>
Status invoke_short(const Step& s, const Workspace& w) {
  run_elements<Short, Short>(
      [](int64_t count, const Short* in, Short* out) {
        for (int64_t i = 0; i < count; ++i) out[i] = round_to<Short>(kFunction(to_float(in[i])));
      },
      s, w);
  return {};
}

// The same of a kernel whose params have the count, as their member `number`.
template <class Params, class In, class Out>
void run_counted(void (*kernel)(const Params&, const In*, Out*), int64_t Params::* number,
                 const Step& s, const Workspace& w) {
  const In* in = s.input(0);
  Out* out = s.output(0);
  constexpr int64_t kBytes = max(sizeof(In), sizeof(Out));
  for_each_part(w, s.inputs[0]->shape.count(), kBytes, [&](int64_t begin, int64_t count) {
    Params part = s.params<Params>();
    part.*number = count;
    kernel(part, in + begin, out + begin);
  });
}

template <class Params, class In, class Out>
void run_counted(void (*kernel)(const Params&, const In*, Out*), const Step& s,
                 const Workspace& w) {
  run_counted(kernel, &Params::count, s, w);
}

template <auto kKernel>
Status invoke_counted(const Step& s, const Workspace& w) {
  run_counted(kernel_of<kKernel>(w), s, w);
  return {};
}

inline reference::Broadcast& broadcast_of(reference::Broadcast& p) { return p; }
template <class Params>
reference::Broadcast& broadcast_of(Params& p) {
  return p.broadcast;
}

// Runs a kernel on operands that broadcast; parts are slices of the walk's first dimension.
template <class Params, class T, class Out>
void run_broadcast(void (*kernel)(const Params&, const T*, const T*, Out*), const Step& s,
                   const Workspace& w) {
  Params params = s.params<Params>();
  const reference::Broadcast whole = broadcast_of(params);
  int64_t slice = 1;
  for (int32_t d = 1; d < whole.rank; ++d) slice *= whole.dims[d];
  const T *a = s.input(0), *b = s.input(1);
  Out* out = s.output(0);
  for_each_part(w, whole.dims[0], slice * static_cast<int64_t>(max(sizeof(T), sizeof(Out))),
                [&](int64_t begin, int64_t count) {
                  Params part = params;
                  broadcast_of(part).dims[0] = count;
                  kernel(part, a + begin * whole.a_strides[0], b + begin * whole.b_strides[0],
                         out + begin * slice);
                });
}

// The invoke that does nothing else.
template <auto kKernel>
Status invoke_broadcast(const Step& s, const Workspace& w) {
  run_broadcast(kernel_of<kKernel>(w), s, w);
  return {};
}

// What runs an operator on one element type.
struct TypedInvoke {
  DType type;
  Step::Invoke invoke;
};

// Sets step.invoke to the one for `type`, or for the output's.
template <class Choices>
Status choose_invoke(const PrepareContext& c, DType type, const Choices& choices) {
  for (const TypedInvoke& choice : choices) {
    if (choice.type != type) continue;
    c.step.invoke = choice.invoke;
    return {};
  }
  return c.fail_types();
}
template <class Choices>
Status choose_invoke(const PrepareContext& c, const Choices& choices) {
  return choose_invoke(c, c.output(0).type, choices);
}

// One input, an output of its type and shape.
Status prepare_unary(const PrepareContext& c);

// Two inputs of one type that broadcast, an output of that type and the shape that they have
// together.
Status prepare_binary(const PrepareContext& c, reference::Broadcast* broadcast);
// The same for an output of any type.
Status prepare_broadcast(const PrepareContext& c, reference::Broadcast* broadcast);

// Each input and output has one scale and a zero point; in an int16 tensor that is 0.
Status expect_quantized_operands(const PrepareContext& c);

}  // namespace octavo
