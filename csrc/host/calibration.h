// What calibration learns of the tensors of a float network while it runs.
#pragma once

#include <cmath>
#include <cstdint>
#include <mutex>
#include <vector>

#include "runtime/interpreter.h"

namespace octavo {

// The values that one tensor has taken, in memory that does not grow with their number.
struct ValueStatistics {
  static constexpr int kBins = 4096;

  int64_t samples = 0;     // invocations that gave it at least one element
  float min = 0, max = 0;  // of all values
  double average_min = 0,
         average_max = 0;  // exponential moving averages of each sample's own extremes
  // Were among the values; they are left out.
  bool has_minus_infinity = false, has_nan_or_infinity = false;
  // Sums of the values that share an index on the last axis, over `rows` values each; of samples
  // that are finite throughout. Empty without such an axis, or when its size has changed.
  std::vector<double> channel_sums;
  int64_t rows = 0;
  // Counts of values in kBins equal bins over [-limit, limit]; the limit is a power of two that
  // doubles when a greater value comes, neighbouring bins merging. Empty without histograms.
  float limit = 0;
  std::vector<int64_t> histogram;
  int64_t zeros = 0;  // of the histogram's values, those that are exactly zero
  // Of the rows that a softmax has taken and whose elements differ, the least of their greatest
  // element less the logarithm of their length: all that lies d below weighs at most e^-d in any
  // row. Infinite where there were no such rows.
  float row_floor = INFINITY;

  void add(const float* values, const Shape& shape, bool with_histogram);
  void add_rows(const float* values, const Shape& shape);

 private:
  void sum_channels(const float* values, const Shape& shape);
  void count_values(const float* values, int64_t count, float greatest);
};

// One ValueStatistics per tensor of a network, by subgraph.
class Calibration {
 public:
  using Statistics = std::vector<std::vector<ValueStatistics>>;

  // The graph outlives it.
  Calibration(const Graph& graph, bool with_histograms);

  // Runs an interpreter of one of the network's subgraphs once and adds the values of its inputs,
  // of all that its operators computed, inside them too where they show it, and of the variables
  // they have changed; the same of the subgraphs that they call. It must keep all tensors. Threads
  // that run interpreters of their own take turns.
  Status run(Interpreter& interpreter);

  // A copy: another thread may be running.
  Statistics statistics() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return statistics_;
  }

 private:
  ValueStatistics* find(const Tensor& tensor);
  void add(const Tensor& tensor);
  void add_known(const Interpreter& interpreter);
  void add_step(const Step& step);

  mutable std::mutex mutex_;
  const Graph& graph_;
  Statistics statistics_;
  bool with_histograms_;
};

}  // namespace octavo
