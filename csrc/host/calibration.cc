#include "host/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "base/math.h"

namespace octavo {
namespace {

// The weight of the newest sample in the moving averages.
constexpr double kNewest = 0.1;

constexpr int kBins = ValueStatistics::kBins;

struct Extremes {
  float low, high;  // of the finite values
  bool are_all_finite;
};

// Lanes of their own let a compiler take vectors: it may not reorder comparisons of floats.
Extremes find_extremes(const float* values, int64_t count) {
  constexpr int kLanes = 16;
  float low[kLanes], high[kLanes], differences[kLanes];
  std::fill_n(low, kLanes, INFINITY);
  std::fill_n(high, kLanes, -INFINITY);
  std::fill_n(differences, kLanes, 0.0f);
  auto take = [&](int lane, float v) {
    const float difference = v - v;  // NaN unless v is finite; then every comparison is false
    low[lane] = v + difference < low[lane] ? v : low[lane];
    high[lane] = v + difference > high[lane] ? v : high[lane];
    differences[lane] += difference;
  };
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) take(lane, values[i + lane]);
  }
  for (; i < count; ++i) take(0, values[i]);
  const bool are_all_finite = std::all_of(differences, differences + kLanes, is_finite);
  return {*std::min_element(low, low + kLanes), *std::max_element(high, high + kLanes),
          are_all_finite};
}

// Over twice the range each two bins become one, and the halves move to the middle.
void double_limit(std::vector<int64_t>& histogram) {
  std::vector<int64_t> merged(kBins, 0);
  for (int i = 0; i < kBins; ++i) merged[kBins / 4 + i / 2] += histogram[i];
  histogram.swap(merged);
}

}  // namespace

void ValueStatistics::add(const float* values, const Shape& shape, bool with_histogram) {
  const int64_t count = shape.count();
  const Extremes e = find_extremes(values, count);
  for (int64_t i = 0; i < count && !e.are_all_finite; ++i) {
    const bool is_low = values[i] == -INFINITY;
    has_minus_infinity = has_minus_infinity || is_low;
    has_nan_or_infinity = has_nan_or_infinity || !(is_low || is_finite(values[i]));
  }
  if (e.low > e.high) return;  // nothing finite
  min = samples == 0 ? e.low : std::min(min, e.low);
  max = samples == 0 ? e.high : std::max(max, e.high);
  const double newest = samples == 0 ? 1 : kNewest;
  average_min += newest * (e.low - average_min);
  average_max += newest * (e.high - average_max);
  ++samples;
  if (e.are_all_finite && shape.rank > 0) sum_channels(values, shape);
  if (with_histogram) count_values(values, count, std::max(-e.low, e.high));
}

void ValueStatistics::add_rows(const float* values, const Shape& shape) {
  const int64_t length = shape.rank > 0 ? shape.dims[shape.rank - 1] : 1;
  if (length < 2) return;  // a softmax gives 1 whatever the element
  const float logarithm = std::log(static_cast<float>(length));
  for (int64_t i = 0, count = shape.count(); i < count; i += length) {
    const auto [low, high] = std::minmax_element(values + i, values + i + length);
    if (*low < *high) row_floor = std::min(row_floor, *high - logarithm);
  }
}

void ValueStatistics::sum_channels(const float* values, const Shape& shape) {
  const auto channels = static_cast<size_t>(shape.dims[shape.rank - 1]);
  if (rows == 0) channel_sums.assign(channels, 0);
  if (channel_sums.size() != channels) channel_sums.clear();
  if (channel_sums.empty()) return;
  // Few channels are summed as several times as many, of which each has a part.
  constexpr size_t kWidth = 16;
  const size_t parts = std::max<size_t>(kWidth / std::max<size_t>(channels, 1), 1);
  const size_t width = parts * channels;
  std::vector<double> sums(width, 0);
  const auto count = static_cast<size_t>(shape.count());
  size_t i = 0;
  for (; i + width <= count; i += width) {
    for (size_t c = 0; c < width; ++c) sums[c] += values[i + c];
  }
  for (size_t c = 0; i + c < count; ++c) sums[c] += values[i + c];
  for (size_t c = 0; c < width; ++c) channel_sums[c % channels] += sums[c];
  rows += static_cast<int64_t>(count / channels);
}

void ValueStatistics::count_values(const float* values, int64_t count, float greatest) {
  const float greatest_limit = std::ldexp(1.0f, 127);
  if (histogram.empty()) {
    histogram.assign(kBins, 0);
    // The smallest power of two above the greatest magnitude; all zeros need some range too.
    int exponent = -100;
    if (greatest > 0) std::frexp(greatest, &exponent);
    limit = std::ldexp(1.0f, std::clamp(exponent, -100, 127));
  }
  while (greatest > limit && limit < greatest_limit) {
    double_limit(histogram);
    limit *= 2;
  }
  // In blocks, so that a compiler computes bins in vectors. Values that are not finite get a bin of
  // their own; those beyond the greatest limit belong to the outermost bins. Neighbours count in
  // histograms of their own: a CPU waits where it counts in a bin that it has just counted in, and
  // half of the values may be zero.
  constexpr int64_t kBlock = 64;
  constexpr int kHistograms = 4;
  const float to_bins = kBins / 2 / limit;
  std::array<std::array<uint32_t, kBins + 1>, kHistograms> counts{};
  int64_t start = 0;
  const auto count_block = [&](int size) {
    std::array<int32_t, kBlock> bins;
    int32_t block_zeros = 0;
    for (int i = 0; i < size; ++i) {
      const float v = values[start + i];
      const float at = std::min(std::max(v * to_bins + kBins / 2, 0.0f), kBins - 1.0f);
      bins[i] = v - v == 0 ? static_cast<int32_t>(at) : kBins;
      block_zeros += v == 0;
    }
    for (int i = 0; i < size; ++i) ++counts[i % kHistograms][bins[i]];
    zeros += block_zeros;
  };
  for (; start + kBlock <= count; start += kBlock) count_block(kBlock);
  count_block(static_cast<int>(count - start));
  for (const auto& part : counts) {
    for (int i = 0; i < kBins; ++i) histogram[i] += part[i];
  }
}

Calibration::Calibration(const Graph& graph, bool with_histograms)
    : graph_(graph), statistics_(graph.subgraphs.size), with_histograms_(with_histograms) {
  for (size_t i = 0; i < statistics_.size(); ++i) {
    statistics_[i].resize(graph.subgraphs[i].tensors.size);
  }
}

// Null for a tensor that the file does not have.
ValueStatistics* Calibration::find(const Tensor& tensor) {
  for (const Subgraph& subgraph : graph_.subgraphs) {
    const TensorInfo* first = subgraph.tensors.data;
    const std::less<const TensorInfo*> is_before;
    if (is_before(tensor.info, first)) continue;
    if (!is_before(tensor.info, first + subgraph.tensors.size)) continue;
    return &statistics_[subgraph.number()][tensor.info - first];
  }
  return nullptr;
}

void Calibration::add(const Tensor& tensor) {
  ValueStatistics* statistics = tensor.type == DType::kFloat32 ? find(tensor) : nullptr;
  if (statistics == nullptr) return;
  statistics->add(static_cast<const float*>(tensor.data), tensor.shape, with_histograms_);
}

// What operators have computed while preparing, from constants or from shapes.
void Calibration::add_known(const Interpreter& interpreter) {
  for (const Node& node : interpreter.graph().nodes) {
    for (int32_t i : node.outputs) {
      // What is deferred has the last run's value.
      const bool is_fixed = interpreter.tensor(i).is_known && !interpreter.is_deferred(i);
      if (is_fixed) add(interpreter.tensor(i));
    }
  }
}

void Calibration::add_step(const Step& step) {
  for (const Tensor* t : step.outputs) add(*t);
  for (const Tensor* t : step.inputs) {
    if (t != nullptr && t->info->is_variable) add(*t);
  }
  const Opcode code = step.node->code;
  if (code != Opcode::SOFTMAX && code != Opcode::LOG_SOFTMAX) return;
  const Tensor& logits = *step.inputs[0];
  ValueStatistics* statistics = logits.type == DType::kFloat32 ? find(logits) : nullptr;
  if (statistics == nullptr) return;
  statistics->add_rows(static_cast<const float*>(logits.data), logits.shape);
}

Status Calibration::run(Interpreter& interpreter) {
  if (interpreter.graph().all.data != graph_.subgraphs.data) {
    return Status::invalid("the calibration is of another network");
  }
  if (!interpreter.keeps_all()) {
    return Status::invalid("the interpreter does not keep the values of all tensors");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const Probe probe{[](void* p, const Tensor& tensor, const float* values, int64_t count) {
                      auto& self = *static_cast<Calibration*>(p);
                      ValueStatistics* statistics = self.find(tensor);
                      if (statistics == nullptr) return;
                      statistics->add(values, make_shape(count), self.with_histograms_);
                    },
                    this};
  const Observer observer{
      [](void* p, const Step& step) { static_cast<Calibration*>(p)->add_step(step); }, this, &probe,
      [](void* p, const Interpreter& running) {
        auto& self = *static_cast<Calibration*>(p);
        for (int32_t i : running.graph().inputs) self.add(running.tensor(i));
        self.add_known(running);
      }};
  return interpreter.invoke(&observer);
}

}  // namespace octavo
