// Chains of steps that compute their outputs row by row: band after band runs through the whole
// chain, and of what lies between two steps there are only the rows that the next band needs.
#include "base/math.h"
#include "rewrites/steps.h"

namespace octavo {
namespace {

// A tensor this large leaves the nearer caches before it is read.
constexpr int64_t kLeastTensor = 512 << 10;
// What the rows between the steps may take, to stay there.
constexpr int64_t kRoom = 512 << 10;
// Windows of several rows have the last rows of a band copied for the next: a chain of three steps
// and more has bands that are worth it.
constexpr int32_t kLeastBand = 4;
constexpr size_t kMostSteps = 16;
// Tests, whose images are small, ask for eager workers: they have any chain, in the smallest bands.

// Memory for rows of a step's output.
struct RowBuffer {
  int64_t row_bytes;
  int32_t height;  // of the output
  int64_t offset;  // in a thread's scratch memory
};

RowBuffer buffer_behind(const Step& step) {
  const Tensor& t = *step.outputs[0];
  return {t.bytes() / t.shape[1], t.shape[1], 0};
}

struct ChainParams {
  Span<Step> steps;
  Span<RowBuffer> buffers;  // behind each step but the last
  int32_t band = 1;         // rows of the chain's output
  int32_t height = 0;       // all of them
  int64_t row_bytes = 0;
  int64_t thread_bytes = 0;  // of scratch buffer 0
};

// Of the rows of an image, the first that row y's window sees and the first behind those that the
// rows before `end` see.
int32_t first_seen(const RowWindow& w, int32_t y, int32_t height) {
  return static_cast<int32_t>(clamp<int64_t>(int64_t{y} * w.stride - w.pad, 0, height));
}
int32_t end_seen(const RowWindow& w, int32_t end, int32_t height) {
  const int64_t seen = (int64_t{end} - 1) * w.stride - w.pad + w.count;
  return static_cast<int32_t>(clamp<int64_t>(seen, 0, height));
}

// One thread's way through rows of a chain's output.
class Run {
 public:
  Run(const Step& chain, int32_t worker)
      : params_(chain.params<ChainParams>()),
        in_(chain.input(0)),
        out_(chain.output(0)),
        memory_(static_cast<uint8_t*>(chain.scratch_buffers[0].data) +
                worker * params_.thread_bytes),
        worker_(worker),
        last_(static_cast<int32_t>(params_.steps.size) - 1) {}

  void compute(int32_t first, int32_t end) {
    top_[last_] = end_[last_] = first;
    for (int32_t i = last_; i-- > 0;) {
      top_[i] = end_[i] = first_seen(params_.steps[i + 1].window, end_[i + 1], height(i));
    }
    while (end_[last_] < end) compute_band(min(end_[last_] + params_.band, end));
  }

 private:
  int32_t height(int32_t i) const { return params_.buffers[i].height; }

  // Makes the chain's output reach as far as row `end`.
  void compute_band(int32_t end) {
    int32_t ends[kMostSteps];
    ends[last_] = end;
    for (int32_t i = last_; i-- > 0;) {
      forget_rows(i);
      ends[i] = end_seen(params_.steps[i + 1].window, ends[i + 1], height(i));
    }
    for (int32_t i = 0; i <= last_; ++i) {
      if (ends[i] > end_[i]) compute_rows(i, ends[i]);
    }
  }

  // Those that the next step does not need any more, and those that it skips; what it needs begins
  // the buffer.
  void forget_rows(int32_t i) {
    const RowBuffer& buffer = params_.buffers[i];
    const int32_t first = first_seen(params_.steps[i + 1].window, end_[i + 1], buffer.height);
    if (first < end_[i] && first > top_[i]) {
      memmove(memory_ + buffer.offset, row(i, first),
              static_cast<size_t>((end_[i] - first) * buffer.row_bytes));
    }
    top_[i] = max(first, top_[i]);
    end_[i] = max(first, end_[i]);
  }

  void compute_rows(int32_t i, int32_t end) {
    RowRange range = {end_[i], end - end_[i], {in_, 0}, nullptr, worker_};
    if (i > 0) range.in = {memory_ + params_.buffers[i - 1].offset, top_[i - 1]};
    range.out = i < last_ ? row(i, end_[i]) : out_ + end_[i] * params_.row_bytes;
    const Step& step = params_.steps[i];
    step.run_rows(step, range);
    end_[i] = end;
  }

  uint8_t* row(int32_t i, int32_t y) const {
    const RowBuffer& buffer = params_.buffers[i];
    return memory_ + buffer.offset + (y - top_[i]) * buffer.row_bytes;
  }

  const ChainParams& params_;
  const uint8_t* in_;
  uint8_t* out_;
  uint8_t* memory_;
  const int32_t worker_, last_;
  int32_t top_[kMostSteps], end_[kMostSteps];  // of the rows that there are of each step's output
};

// Each thread takes as many rows as the others, and those of the steps before that they need.
Status invoke_chain(const Step& s, const Workspace& w) {
  const auto& params = s.params<ChainParams>();
  const int32_t parts = min(w.workers.count(), params.height);
  w.workers.for_each(parts, [&](int32_t part, int32_t worker) {
    const auto row_of = [&](int32_t p) {
      return static_cast<int32_t>(int64_t{params.height} * p / parts);
    };
    Run(s, worker).compute(row_of(part), row_of(part + 1));
  });
  return {};
}

bool can_run_by_rows(const Step& step) {
  if (step.run_rows == nullptr || step.window.count < 1 || step.window.stride < 1) return false;
  if (!step.is_pure || step.inputs[0] == nullptr || step.inputs[0]->info->is_variable) return false;
  for (size_t i = 1; i < step.inputs.size; ++i) {
    if (step.inputs[i] != nullptr && !step.inputs[i]->is_known) return false;
  }
  return true;
}

// Whether `next` alone reads what `step` computes, which is better not kept.
bool is_linked(const Steps& s, Span<const int32_t> reads, const Step& step, const Step& next) {
  if (!can_run_by_rows(step) || !can_run_by_rows(next)) return false;
  const Tensor& between = *step.outputs[0];
  if (next.inputs[0] != &between || between.info->is_variable) return false;
  if (reads[&between - s.tensors.data] != 1) return false;
  return between.bytes() >= (s.workers.is_eager() ? 0 : kLeastTensor);
}

// Lays out the rows between the steps for bands of so many rows. Returns the bytes they take.
int64_t place_buffers(const ChainParams& params, int32_t band) {
  int64_t bytes = 0, rows = band;
  for (size_t i = params.buffers.size; i-- > 0;) {
    RowBuffer& buffer = params.buffers[i];
    const RowWindow& window = params.steps[i + 1].window;
    rows = min((rows - 1) * window.stride + window.count, int64_t{buffer.height});
    buffer.offset = bytes;
    bytes += (rows * buffer.row_bytes + 63) / 64 * 64;
  }
  return bytes;
}

// How long the chain is that the steps begin with.
size_t find_chain(const Steps& s, Span<const int32_t> reads, Span<Step> steps) {
  RowBuffer room_for[kMostSteps];
  size_t count = 1;
  for (; count < min(steps.size, kMostSteps); ++count) {
    const Step &step = steps[count - 1], &next = steps[count];
    if (!is_linked(s, reads, step, next)) break;
    room_for[count - 1] = buffer_behind(step);
    const ChainParams params = {{steps.data, count + 1}, {room_for, count}};
    const bool has_room = s.workers.is_eager() || place_buffers(params, kLeastBand) <= kRoom;
    if (count > 1 && next.window.count > 1 && !has_room) break;
  }
  return count;
}

// The chain's step takes the place of its last one's.
Status make_chain(const Steps& s, Span<Step> steps) {
  ChainParams* params;
  OCTAVO_TRY(s.memory.make(params));
  const auto count = static_cast<int64_t>(steps.size);
  OCTAVO_TRY(s.memory.make(count, params->steps));
  OCTAVO_TRY(s.memory.make(count - 1, params->buffers));
  int64_t scratch_count = 1;
  for (size_t i = 0; i < steps.size; ++i) {
    params->steps[i] = steps[i];
    if (i + 1 < steps.size) params->buffers[i] = buffer_behind(steps[i]);
    scratch_count += static_cast<int64_t>(steps[i].scratch_buffers.size);
    steps[i].invoke = nullptr;
  }
  Step& chain = steps[steps.size - 1];
  const RowBuffer out = buffer_behind(chain);
  params->height = out.height;
  params->row_bytes = out.row_bytes;
  params->band = 1;
  const int64_t room = s.workers.is_eager() ? 0 : kRoom;
  for (int32_t band = 2; band <= out.height; ++band) {
    if (max(place_buffers(*params, band), band * out.row_bytes) > room) break;
    params->band = band;
  }
  params->thread_bytes = place_buffers(*params, params->band);

  chain.invoke = &invoke_chain;
  chain.run_rows = nullptr;
  chain.params_memory = params;
  chain.inputs = steps[0].inputs;
  chain.reads_first = steps[0].reads_first;
  chain.chained = {params->steps.data, params->steps.size};
  OCTAVO_TRY(s.memory.make(scratch_count, chain.scratch_buffers));
  chain.scratch_buffers[0] = {nullptr, s.workers.count() * params->thread_bytes};
  Scratch* next = chain.scratch_buffers.data + 1;
  for (Step& step : params->steps) {  // the runtime places the chain's
    for (const Scratch& scratch : step.scratch_buffers) *next++ = scratch;
    step.scratch_buffers.data = next - step.scratch_buffers.size;
  }
  return {};
}

}  // namespace

Status fuse_bands(const Steps& s, Span<const int32_t> reads) {
  for (size_t first = 0; first < s.steps.size;) {
    const Span<Step> rest = {s.steps.data + first, s.steps.size - first};
    const size_t count = find_chain(s, reads, rest);
    if (count > 1) OCTAVO_TRY(make_chain(s, {rest.data, count}));
    first += count;
  }
  return {};
}

}  // namespace octavo
