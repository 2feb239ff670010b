// Chains of steps that compute their outputs row by row: band after band runs through the whole
// chain, and of what lies between two steps there are only the rows that the next band needs.
#include <algorithm>

#include "base/math.h"
#include "rewrites/steps.h"

namespace octavo {
namespace {

// A tensor this large leaves the nearer caches before it is read.
constexpr int64_t kLeastTensor = 512 << 10;
// What the rows between the steps may take, to stay there.
constexpr int64_t kRoom = 512 << 10;
// Rows that make it worth to compute what windows see beside them.
constexpr int32_t kLeastBand = 4;
constexpr int32_t kMostSteps = 16;

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
int64_t place_buffers(const ChainParams& params, int64_t band) {
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

// The most rows to a band for which there is room; at least 1.
int32_t find_band(const ChainParams& params, int64_t room) {
  int32_t band = 1;
  while (band < params.height) {
    const int64_t next = int64_t{band} + 1;
    if (max(place_buffers(params, next), next * params.row_bytes) > room) break;
    ++band;
  }
  return band;
}

// Whether what the windows of so many rows of outputs see is at most twice what they step over.
bool is_border_small(const ChainParams& params, int64_t rows) {
  for (size_t i = params.steps.size; i-- > 1;) {
    const RowWindow& window = params.steps[i].window;
    rows *= window.stride;
    if (window.count - window.stride > rows) return false;
  }
  return true;
}

// The rows that two bands see are copied, those that two threads see are computed by both: they are
// to be few beside the others. Where several steps have such rows, a band has at least kLeastBand.
bool is_worth_it(const ChainParams& params, int32_t threads) {
  int32_t borders = 0;
  for (size_t i = 1; i < params.steps.size; ++i) borders += params.steps[i].window.count > 1;
  if (place_buffers(params, borders > 1 ? kLeastBand : 1) > kRoom) return false;
  if (!is_border_small(params, 2 * int64_t{find_band(params, kRoom)})) return false;
  const int32_t rows = params.height / (kLeastBand * threads);
  return threads == 1 || (rows > 0 && is_border_small(params, rows));
}

// What a chain of these steps would be.
ChainParams describe(Span<Step> steps, Span<RowBuffer> buffers) {
  for (size_t i = 0; i + 1 < steps.size; ++i) buffers[i] = buffer_behind(steps[i]);
  const RowBuffer out = buffer_behind(steps[steps.size - 1]);
  return {steps, {buffers.data, steps.size - 1}, /*band=*/1, out.height, out.row_bytes};
}

// The chain's step takes the place of its last one's.
Status make_chain(const Steps& s, Span<Step> steps) {
  Span<Step> own;
  Span<RowBuffer> buffers;
  ChainParams* params;
  OCTAVO_TRY(s.memory.make(static_cast<int64_t>(steps.size), own));
  OCTAVO_TRY(s.memory.make(static_cast<int64_t>(steps.size), buffers));
  OCTAVO_TRY(s.memory.make(params));
  int64_t scratch_count = 1;
  for (size_t i = 0; i < steps.size; ++i) {
    own[i] = steps[i];
    scratch_count += static_cast<int64_t>(steps[i].scratch_buffers.size);
    steps[i].invoke = nullptr;
  }
  *params = describe(own, buffers);
  params->band = find_band(*params, s.workers.is_eager() ? 0 : kRoom);
  params->thread_bytes = place_buffers(*params, params->band);

  Step& chain = steps[steps.size - 1];
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

// Chains as they grow: steps first to last of one know each other.
class Chains {
 public:
  explicit Chains(const Steps& s) : s_(s) {}

  Status make(Span<const int32_t> reads) {
    const auto count = static_cast<int64_t>(s_.steps.size);
    Span<int32_t> links;  // by the step before
    OCTAVO_TRY(s_.memory.make(count, links));
    OCTAVO_TRY(s_.memory.make(count, first_));
    OCTAVO_TRY(s_.memory.make(count, last_));
    links.size = 0;
    for (int32_t i = 0; i < count; ++i) {
      first_[i] = last_[i] = i;
      if (i + 1 < count && is_linked(s_, reads, s_.steps[i], s_.steps[i + 1])) {
        links[links.size++] = i;
      }
    }
    // The largest tensors first: those that are best not kept.
    const auto bytes = [&](int32_t i) { return s_.steps[i].outputs[0]->bytes(); };
    std::sort(links.begin(), links.end(), [&](int32_t a, int32_t b) {
      return bytes(a) != bytes(b) ? bytes(a) > bytes(b) : a < b;
    });
    for (int32_t i : links) join(i);
    for (int32_t i = 0; i < count; i = last_[i] + 1) {
      if (last_[i] > i) OCTAVO_TRY(make_chain(s_, steps(i, last_[i])));
    }
    return {};
  }

 private:
  Span<Step> steps(int32_t first, int32_t last) const {
    return {s_.steps.data + first, static_cast<size_t>(last - first + 1)};
  }

  // Joins the chain that step i ends with the one that the next begins, where that is worth it.
  void join(int32_t i) {
    const int32_t first = first_[i], last = last_[i + 1];
    if (last - first >= kMostSteps) return;
    RowBuffer buffers[kMostSteps];
    const ChainParams params = describe(steps(first, last), {buffers, kMostSteps});
    if (!s_.workers.is_eager() && !is_worth_it(params, s_.workers.count())) return;
    last_[first] = last;
    first_[last] = first;
  }

  const Steps& s_;
  // The first step of the chain that a step ends, and the last of the one that it begins.
  Span<int32_t> first_, last_;
};

}  // namespace

Status fuse_bands(const Steps& s, Span<const int32_t> reads) { return Chains(s).make(reads); }

}  // namespace octavo
