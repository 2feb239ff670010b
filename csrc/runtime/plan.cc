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
// Those that are always alive have nothing to share: they lie side by side before all others.
int64_t plan_memory(Span<PlannedBuffer> buffers, Span<int32_t> order) {
  int32_t end = 0;
  for (const PlannedBuffer& b : buffers) end = std::max(end, b.last);
  int64_t begin = 0;
  int32_t count = 0;
  for (size_t i = 0; i < buffers.size; ++i) {
    PlannedBuffer& b = buffers[i];
    if (b.bytes == 0) continue;  // any place will do
    if (b.first == 0 && b.last == end) {
      b.offset = begin;
      begin += align(b.bytes);
    } else {
      order[count++] = static_cast<int32_t>(i);
    }
  }
  std::sort(order.begin(), order.begin() + count, [&](int32_t a, int32_t b) {
    if (buffers[a].bytes != buffers[b].bytes) return buffers[a].bytes > buffers[b].bytes;
    return a < b;
  });
  int64_t total = begin;
  for (int32_t n = 0; n < count; ++n) {
    const int32_t index = order[n];
    PlannedBuffer& buffer = buffers[index];
    const int64_t bytes = align(buffer.bytes);
    // order[0, n) is kept sorted by offset, so that one pass sees the gaps from left to right.
    int64_t gap_begin = begin, best = -1, best_size = INT64_MAX;
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
