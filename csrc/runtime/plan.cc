#include "runtime/plan.h"

#include <algorithm>

#include "base/arena.h"

namespace octavo {
namespace {

constexpr int64_t align(int64_t bytes) {
  constexpr int64_t kAlignment = Arena::kAlignment;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

bool alive_together(const PlannedBuffer& a, const PlannedBuffer& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

// Greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
// 2020): the largest first, each into the tightest gap that the placed ones alive with it leave.
int64_t plan_memory(Span<PlannedBuffer> buffers, Span<int32_t> order) {
  const auto count = static_cast<int32_t>(buffers.size);
  for (int32_t i = 0; i < count; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    if (buffers[a].bytes != buffers[b].bytes) return buffers[a].bytes > buffers[b].bytes;
    return a < b;
  });
  int64_t total = 0;
  for (int32_t n = 0; n < count; ++n) {
    PlannedBuffer& buffer = buffers[order[n]];
    if (buffer.bytes == 0) break;  // and so are all that follow; any place will do
    const int64_t bytes = align(buffer.bytes);
    const int32_t index = order[n];
    // order[0, n) is kept sorted by offset, so that one pass sees the gaps from left to right.
    int64_t gap_begin = 0, best = -1, best_size = INT64_MAX;
    for (int32_t i = 0; i < n; ++i) {
      const PlannedBuffer& other = buffers[order[i]];
      if (!alive_together(buffer, other)) continue;
      const int64_t gap = other.offset - gap_begin;
      if (gap >= bytes && gap < best_size) {
        best = gap_begin;
        best_size = gap;
      }
      gap_begin = std::max(gap_begin, other.offset + align(other.bytes));
    }
    buffer.offset = best >= 0 ? best : gap_begin;
    total = std::max(total, buffer.offset + bytes);
    int32_t at = n;
    for (; at > 0 && buffers[order[at - 1]].offset > buffer.offset; --at) order[at] = order[at - 1];
    order[at] = index;
  }
  return total;
}

}  // namespace octavo
