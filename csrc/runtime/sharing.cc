#include "runtime/sharing.h"

#include "base/math.h"

namespace octavo {
namespace {

constexpr int32_t kNoMemory = -1;  // a PlannedBuffer's `last`

// Tensors share memory by their places, which are the buffers' numbers and offsets.
class Sharing {
 public:
  Sharing(Span<Step> steps, const Tensor* tensors, Span<PlannedBuffer> buffers, Span<Place> places)
      : steps_(steps),
        end_(static_cast<int32_t>(steps.size)),
        tensors_(tensors),
        buffers_(buffers),
        places_(places) {}

  void share(int32_t s) {
    const Step& step = steps_[s];
    if (step.show != nullptr) return show(s);
    switch (step.effect) {
      case Effect::kComputes:
        return;
      case Effect::kElementwise:
        for (size_t i = 0; i < step.inputs.size; ++i) {
          if (overwrite(s, i)) return;
        }
        return;
      case Effect::kOverwrites:
        overwrite(s, 0);
        return;
      case Effect::kRenames:
        return rename(s);
    }
  }

 private:
  Place& place(const Tensor& t) { return places_[&t - tensors_]; }
  PlannedBuffer& own_buffer(const Tensor& t) { return buffers_[&t - tensors_]; }

  // What has its memory already is a known value's, of an earlier stage, or a variable's.
  bool is_planned(const Tensor& t) {
    return t.data == nullptr && !t.info->is_variable && buffers_[place(t).buffer].last != kNoMemory;
  }

  static bool may_lie_elsewhere(const Tensor& out) {
    return out.data == nullptr && !out.info->is_variable;
  }

  // Few bytes must not keep many alive.
  static bool is_worth_keeping(const PlannedBuffer& buffer, int64_t bytes, int32_t last) {
    return last <= buffer.last || bytes >= buffer.bytes / 2;
  }

  void lay(const Tensor& out, Place at) {
    PlannedBuffer &shared = buffers_[at.buffer], &own = own_buffer(out);
    shared.last = max(shared.last, own.last);
    own = {};
    place(out) = at;
  }

  // Lets the output lie where the step shows it, if that stays as it is for as long as it is read.
  void show(int32_t s) {
    PlannedBuffer& out = own_buffer(*steps_[s].outputs[0]);
    if (out.bytes == 0 || out.last == end_) return;
    change_ = max(change_, s + 1);
    while (change_ < end_ && (steps_[change_].is_pure || steps_[change_].show != nullptr)) {
      ++change_;
    }
    if (change_ <= out.last) return;
    steps_[s].invoke = steps_[s].show;
    out = {0, end_, kNoMemory, 0};
  }

  // A kernel that writes numbers of one type over those of another would break the language's
  // rules, by which only bytes may alias.
  static bool is_same_element(const Tensor& a, const Tensor& b) {
    const bool are_bytes = dtype_info(a.type).bits == 8 && dtype_info(b.type).bits == 8;
    return (a.type == b.type || are_bytes) && a.shape.count() == b.shape.count();
  }

  // What a step reads from elsewhere must not lie where it writes.
  bool reads_again(const Step& step, size_t input) {
    const Tensor& in = *step.inputs[input];
    for (size_t i = 0; i < step.inputs.size; ++i) {
      const Tensor* other = step.inputs[i];
      if (i == input || other == nullptr || place(*other).buffer != place(in).buffer) continue;
      const bool is_same = place(*other).offset == place(in).offset && other->bytes() == in.bytes();
      if (step.effect == Effect::kOverwrites || !is_same) return true;
    }
    return false;
  }

  // Lets output 0 lie where an input does that nobody reads any more.
  bool overwrite(int32_t s, size_t input) {
    const Step& step = steps_[s];
    if (step.inputs.size <= input || step.inputs[input] == nullptr) return false;
    const Tensor &in = *step.inputs[input], &out = *step.outputs[0];
    if (!is_planned(in) || !may_lie_elsewhere(out) || !is_same_element(in, out)) return false;
    const PlannedBuffer& buffer = buffers_[place(in).buffer];
    if (buffer.last != s || reads_again(step, input)) return false;
    if (!is_worth_keeping(buffer, out.bytes(), own_buffer(out).last)) return false;
    lay(out, place(in));
    return true;
  }

  // Lets the outputs lie where they are in the input. Nobody writes to its buffer any more; but
  // what the caller sees of two tensors is apart.
  void rename(int32_t s) {
    Step& step = steps_[s];
    const Renaming& r = step.renaming;
    const Tensor* in = step.inputs[r.input];
    if (in == nullptr || !is_planned(*in)) return;
    const Place whole = place(*in);
    const PlannedBuffer& buffer = buffers_[whole.buffer];
    int64_t bytes = 0;  // that keep the buffer alive
    int32_t last = 0;
    for (size_t i = 0; i < step.outputs.size; ++i) {
      const Tensor& out = *step.outputs[i];
      if (!may_lie_elsewhere(out) || r.offsets[i] % Arena::kAlignment != 0) return;
      if (buffer.last == end_ && own_buffer(out).last == end_) return;
      if (own_buffer(out).last <= buffer.last) continue;
      bytes += out.bytes();
      last = max(last, own_buffer(out).last);
    }
    if (!is_worth_keeping(buffer, bytes, last)) return;
    for (size_t i = 0; i < step.outputs.size; ++i) {
      lay(*step.outputs[i], {whole.buffer, whole.offset + r.offsets[i]});
    }
    step.invoke = nullptr;
  }

  Span<Step> steps_;
  int32_t end_;
  int32_t change_ = 0;  // the next step that may change what others show
  const Tensor* tensors_;
  Span<PlannedBuffer> buffers_;
  Span<Place> places_;
};

}  // namespace

void share_buffers(Span<Step> steps, const Tensor* tensors, Span<PlannedBuffer> buffers,
                   Span<Place> places) {
  Sharing sharing(steps, tensors, buffers, places);
  for (size_t s = 0; s < steps.size; ++s) sharing.share(static_cast<int32_t>(s));
}

}  // namespace octavo
