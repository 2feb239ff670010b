// Chains of elementwise operators, such as x * LOGISTIC(x), that begin and end in 8 bits. Their own
// steps tabulate them: what they make of the 256 values is exact whatever they are.
#include "kernels/table.h"
#include "ops/lut.h"
#include "rewrites/steps.h"

namespace octavo {
namespace {

constexpr int32_t kNone = -1;

bool is_byte(const Tensor& t) { return t.type == DType::kInt8 || t.type == DType::kUInt8; }

class Tabulation {
 public:
  explicit Tabulation(const Steps& s) : s_(s) {}
  Status run();

 private:
  int32_t index_of(const Tensor& t) const { return static_cast<int32_t>(&t - s_.tensors.data); }
  int32_t find_source(const Step& step) const;
  bool is_function(const Step& step) const {
    return step.outputs.size == 1 && sources_[index_of(*step.outputs[0])] != kNone;
  }
  void find_needed();
  bool spares_steps(const Step& step) const;
  Status make_samples(const Step& step);
  Status sample_source(const Tensor& source);
  Status use_table(Step& step) const;

  const Steps& s_;
  const Workers workers_;     // none
  const DerivedStore store_;  // none: tables are small
  // By tensor: the one whose element at the same place decides over it, kNone where there is none;
  // whether it is read beyond functions of that; its values for all of its source's.
  Span<int32_t> sources_;
  Span<bool> is_needed_;
  Span<Tensor*> samples_;
};

// All inputs are functions of one tensor of bytes, or constants of one element.
int32_t Tabulation::find_source(const Step& step) const {
  if (step.effect != Effect::kElementwise) return kNone;
  int32_t source = kNone;
  for (const Tensor* t : step.inputs) {
    if (t == nullptr || t->info->is_variable) return kNone;
    if (t->is_known && t->shape.count() == 1) continue;
    if (t->is_known || t->shape.count() != step.outputs[0]->shape.count()) return kNone;
    const int32_t before = sources_[index_of(*t)];
    const int32_t own = before != kNone ? before : index_of(*t);
    if (source != kNone && own != source) return kNone;
    source = own;
  }
  return source != kNone && is_byte(s_.tensors[source]) ? source : kNone;
}

void Tabulation::find_needed() {
  for (int32_t i : s_.graph.outputs) is_needed_[i] = true;
  for (size_t i = s_.steps.size; i-- > 0;) {
    const Step& step = s_.steps[i];
    if (is_function(step)) {
      const Tensor& out = *step.outputs[0];
      if (!is_needed_[index_of(out)] || is_byte(out)) continue;
    }
    for (const Tensor* t : step.inputs) {
      if (t != nullptr) is_needed_[index_of(*t)] = true;
    }
  }
}

// Whether a table instead of the step leaves an input that nobody else needs.
bool Tabulation::spares_steps(const Step& step) const {
  if (!is_function(step)) return false;
  const Tensor& out = *step.outputs[0];
  if (!is_byte(out) || !is_needed_[index_of(out)]) return false;
  for (const Tensor* t : step.inputs) {
    const int32_t in = index_of(*t);
    if (!t->is_known && in != sources_[index_of(out)] && !is_needed_[in]) return true;
  }
  return false;
}

Status Tabulation::sample_source(const Tensor& source) {
  Tensor*& sample = samples_[index_of(source)];
  if (sample != nullptr) return {};
  Span<uint8_t> values;
  OCTAVO_TRY(s_.memory.make(sample));
  OCTAVO_TRY(s_.memory.make(reference::kLut8Size, values));
  for (size_t i = 0; i < values.size; ++i) values[i] = static_cast<uint8_t>(i);
  *sample = source;
  sample->data = values.data;
  // Of the same rank, so that whatever fits the source fits its sample.
  sample->shape.rank = source.shape.rank > 1 ? source.shape.rank : 1;
  for (int32_t d = 0; d < sample->shape.rank; ++d) sample->shape[d] = 1;
  sample->shape[sample->shape.rank - 1] = reference::kLut8Size;
  return {};
}

// Prepares the node once more, on samples, and runs it: on the reference kernels, for the last bits
// of floats on the way differ from one table of kernels to another.
Status Tabulation::make_samples(const Step& step) {
  const Tensor& out = *step.outputs[0];
  OCTAVO_TRY(sample_source(s_.tensors[sources_[index_of(out)]]));
  Step small;
  small.node = step.node;
  small.index = step.index;
  OCTAVO_TRY(s_.memory.make(static_cast<int64_t>(step.inputs.size), small.inputs));
  OCTAVO_TRY(s_.memory.make(1, small.outputs));
  for (size_t i = 0; i < step.inputs.size; ++i) {
    Tensor* t = step.inputs[i];
    small.inputs[i] = t->is_known ? t : samples_[index_of(*t)];
  }
  Tensor*& sample = samples_[index_of(out)];
  OCTAVO_TRY(s_.memory.make(sample));
  *sample = out;
  small.outputs[0] = sample;

  PrepareContext c(small, kPortable, workers_, store_, s_.memory);
  OCTAVO_TRY(find_op(step.node->code)(c));
  OCTAVO_TRY(s_.memory.allocate(sample->bytes(), Arena::kAlignment, &sample->data));
  for (Scratch& scratch : small.scratch_buffers) {
    OCTAVO_TRY(s_.memory.allocate(scratch.bytes, Arena::kAlignment, &scratch.data));
  }
  return small.invoke(small, Workspace{kPortable, workers_});
}

Status Tabulation::use_table(Step& step) const {
  const int32_t out = index_of(*step.outputs[0]);
  OCTAVO_TRY(s_.memory.make(1, step.inputs));
  step.inputs[0] = &s_.tensors[sources_[out]];
  step.scratch_buffers = {};
  Span<uint8_t> table;
  OCTAVO_TRY(s_.memory.make(reference::kLut8Size, table));
  memcpy(table.data, samples_[out]->data, reference::kLut8Size);
  PrepareContext c(step, s_.kernels, workers_, store_, s_.memory);
  return use_lookup_8(c, table.data);
}

Status Tabulation::run() {
  const auto count = static_cast<int64_t>(s_.tensors.size);
  OCTAVO_TRY(s_.memory.make(count, sources_));
  OCTAVO_TRY(s_.memory.make(count, is_needed_));
  for (int32_t& source : sources_) source = kNone;
  for (const Step& step : s_.steps) {
    if (step.outputs.size == 1) sources_[index_of(*step.outputs[0])] = find_source(step);
  }
  find_needed();
  bool is_any = false;
  for (const Step& step : s_.steps) is_any = is_any || spares_steps(step);
  if (!is_any) return {};

  Span<bool> is_wanted;  // of a source: a table of its values
  OCTAVO_TRY(s_.memory.make(count, samples_));
  OCTAVO_TRY(s_.memory.make(count, is_wanted));
  for (const Step& step : s_.steps) {
    if (spares_steps(step)) is_wanted[sources_[index_of(*step.outputs[0])]] = true;
  }
  for (Step& step : s_.steps) {
    if (!is_function(step) || !is_wanted[sources_[index_of(*step.outputs[0])]]) continue;
    OCTAVO_TRY(make_samples(step));
    if (spares_steps(step)) OCTAVO_TRY(use_table(step));
  }
  return {};
}

}  // namespace

Status fuse_lookups(const Steps& s) { return Tabulation(s).run(); }

}  // namespace octavo
