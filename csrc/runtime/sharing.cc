#include "runtime/sharing.h"

#include "base/math.h"

namespace octavo {
namespace {

// A kernel that writes numbers of one type over those of another would break the language's rules,
// by which only bytes may alias.
bool is_same_element(const Tensor& a, const Tensor& b) {
  const bool are_bytes = dtype_info(a.type).bits == 8 && dtype_info(b.type).bits == 8;
  return (a.type == b.type || are_bytes) && a.shape.count() == b.shape.count();
}

// Whether `in`, whose buffer is alive as long as `buffer` says, may have `out` in it from step s
// on, at whose end is the number of steps.
bool can_share(const Step& step, int32_t s, int32_t end, const Tensor& in, const Tensor& out,
               const PlannedBuffer& buffer, const PlannedBuffer& out_buffer) {
  // What has its memory already is a known value's, or of an earlier stage.
  if (in.data != nullptr || out.data != nullptr || in.info->is_variable) return false;
  switch (step.effect) {
    case Effect::kComputes:
      return false;
    case Effect::kElementwise:
    case Effect::kOverwrites:
      return is_same_element(in, out) && buffer.last == s;
    case Effect::kRenames:
      // Nobody writes to the buffer any more; but what the caller sees of two tensors is apart.
      return in.bytes() == out.bytes() && (buffer.last < end || out_buffer.last < end);
  }
  return false;
}

// What a step reads from elsewhere must not lie where it writes: a renamed tensor lies where its
// source does.
bool reads_again(const Step& step, const Tensor* tensors, Span<const int32_t> places) {
  const int32_t place = places[step.inputs[0] - tensors];
  for (size_t i = 1; i < step.inputs.size; ++i) {
    if (step.inputs[i] != nullptr && places[step.inputs[i] - tensors] == place) return true;
  }
  return false;
}

}  // namespace

void share_buffers(Span<Step> steps, const Tensor* tensors, Span<PlannedBuffer> buffers,
                   Span<int32_t> places) {
  const auto end = static_cast<int32_t>(steps.size);
  for (int32_t s = 0; s < end; ++s) {
    Step& step = steps[s];
    const size_t candidates = step.effect == Effect::kElementwise ? step.inputs.size : 1;
    for (size_t i = 0; i < candidates && i < step.inputs.size; ++i) {
      if (step.inputs[i] == nullptr) continue;
      const Tensor &in = *step.inputs[i], &out = *step.outputs[0];
      const int32_t place = places[&in - tensors];
      PlannedBuffer &shared = buffers[place], &own = buffers[&out - tensors];
      if (!can_share(step, s, end, in, out, shared, own)) continue;
      if (step.effect == Effect::kOverwrites &&
          reads_again(step, tensors, {places.data, places.size})) {
        continue;
      }
      places[&out - tensors] = place;
      shared.last = max(shared.last, own.last);
      own = {};
      if (step.effect == Effect::kRenames) step.invoke = nullptr;
      break;
    }
  }
}

}  // namespace octavo
