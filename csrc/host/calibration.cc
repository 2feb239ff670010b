#include "host/calibration.h"

#include <algorithm>
#include <cmath>

namespace octavo {
namespace {

// The weight of the newest sample in the moving averages.
constexpr double kNewest = 0.1;

constexpr int kBins = ValueStatistics::kBins;

// Over twice the range each two bins become one, and the halves move to the middle.
void double_limit(std::vector<int64_t>& histogram) {
  std::vector<int64_t> merged(kBins, 0);
  for (int i = 0; i < kBins; ++i) merged[kBins / 4 + i / 2] += histogram[i];
  histogram.swap(merged);
}

}  // namespace

void ValueStatistics::add(const float* values, int64_t count, bool with_histogram) {
  float low = INFINITY, high = -INFINITY;
  for (int64_t i = 0; i < count; ++i) {
    const float v = values[i];
    if (!(std::fabs(v) < INFINITY)) {
      has_nonfinite = true;
      continue;
    }
    low = std::min(low, v);
    high = std::max(high, v);
  }
  if (low > high) return;  // nothing finite
  min = samples == 0 ? low : std::min(min, low);
  max = samples == 0 ? high : std::max(max, high);
  const double newest = samples == 0 ? 1 : kNewest;
  average_min += newest * (low - average_min);
  average_max += newest * (high - average_max);
  ++samples;
  if (with_histogram) count_values(values, count, std::max(-low, high));
}

void ValueStatistics::count_values(const float* values, int64_t count, float greatest) {
  if (histogram.empty()) {
    histogram.assign(kBins, 0);
    // The smallest power of two above the greatest magnitude; all zeros need some range too.
    int exponent = -100;
    if (greatest > 0) std::frexp(greatest, &exponent);
    limit = std::ldexp(1.0f, std::clamp(exponent, -100, 127));
  }
  while (greatest > limit && limit < std::ldexp(1.0f, 127)) {
    double_limit(histogram);
    limit *= 2;
  }
  const float to_bins = kBins / 2 / limit;
  for (int64_t i = 0; i < count; ++i) {
    if (!(std::fabs(values[i]) < INFINITY)) continue;
    const float at = (values[i] + limit) * to_bins;
    ++histogram[std::min(static_cast<int>(std::min(at, static_cast<float>(kBins - 1))), kBins - 1)];
  }
}

void Calibration::add(const Interpreter& interpreter, const Tensor& tensor) {
  if (tensor.type != DType::kFloat32) return;
  statistics_[interpreter.index_of(tensor)].add(static_cast<const float*>(tensor.data),
                                                tensor.shape.count(), with_histograms_);
}

Status Calibration::run(Interpreter& interpreter) {
  for (int32_t i : interpreter.graph().inputs) add(interpreter, interpreter.tensor(i));
  struct Context {
    Calibration* self;
    const Interpreter& interpreter;
  } context{this, interpreter};
  const Observer observer{[](void* p, const Step& step) {
                            const auto& c = *static_cast<Context*>(p);
                            for (const Tensor* t : step.outputs) c.self->add(c.interpreter, *t);
                          },
                          &context};
  return interpreter.invoke(&observer);
}

}  // namespace octavo
