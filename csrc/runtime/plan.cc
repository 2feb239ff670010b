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

constexpr int64_t kNowhere = -1;

// Among more than these that are alive with it, a buffer gets no gap but the end: only files made
// to take long have so many.
constexpr size_t kMostOthers = 1024;

// The placed buffers alive with another, without a look at all others: a search tree over the
// buffers, in the order of their first steps, whose nodes know how long something below them lives.
// The root of a range of numbers is its middle.
class Lifetimes {
 public:
  Lifetimes(Span<const PlannedBuffer> buffers, Span<int32_t> by_first, Span<int32_t> latest)
      : buffers_(buffers), by_first_(by_first), latest_(latest) {
    std::sort(by_first.begin(), by_first.end(),
              [&](int32_t a, int32_t b) { return is_before(a, b); });
    std::fill(latest.begin(), latest.end(), -1);
  }

  void add(int32_t buffer) {
    size_t begin = 0, end = by_first_.size;
    for (;;) {
      const size_t root = begin + (end - begin) / 2;
      latest_[root] = std::max(latest_[root], buffers_[buffer].last);
      if (by_first_[root] == buffer) return;
      if (is_before(buffer, by_first_[root])) {
        end = root;
      } else {
        begin = root + 1;
      }
    }
  }

  // Writes their numbers to `found` until it is full, and returns how many there are of them.
  size_t find(const PlannedBuffer& with, Span<int32_t> found) const {
    return find(with, 0, by_first_.size, found, 0);
  }

 private:
  bool is_before(int32_t a, int32_t b) const {
    const int32_t first_a = buffers_[a].first, first_b = buffers_[b].first;
    return first_a != first_b ? first_a < first_b : a < b;
  }

  size_t find(const PlannedBuffer& with, size_t begin, size_t end, Span<int32_t> found,
              size_t count) const {
    while (begin < end && count < found.size) {
      const size_t root = begin + (end - begin) / 2;
      if (latest_[root] < with.first) break;
      count = find(with, begin, root, found, count);
      const PlannedBuffer& b = buffers_[by_first_[root]];
      if (b.first > with.last) break;
      const bool is_one = b.offset != kNowhere && b.last >= with.first;
      if (is_one && count < found.size) found[count++] = by_first_[root];
      begin = root + 1;
    }
    return count;
  }

  Span<const PlannedBuffer> buffers_;
  Span<int32_t> by_first_, latest_;
};

// The tightest gap in which `buffer` fits, or the end, of what is alive with it among `others`,
// which are sorted by offset.
int64_t find_place(Span<const PlannedBuffer> buffers, const PlannedBuffer& buffer,
                   Span<const int32_t> others, int64_t begin) {
  const int64_t bytes = align(buffer.bytes);
  int64_t gap_begin = begin, best = kNowhere, best_size = INT64_MAX;
  for (int32_t i : others) {
    const PlannedBuffer& other = buffers[i];
    if (!alive_together(buffer, other)) continue;
    const int64_t gap = other.offset - gap_begin;
    if (gap >= bytes && gap < best_size) {
      best = gap_begin;
      best_size = gap;
    }
    gap_begin = std::max(gap_begin, other.offset + align(other.bytes));
  }
  return best == kNowhere ? gap_begin : best;
}

}  // namespace

// Greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
// 2020): the largest first, each into the tightest gap that the placed ones alive with it leave.
// Those that are always alive have nothing to share: they lie side by side before all others.
int64_t plan_memory(Span<PlannedBuffer> buffers, Span<int32_t> room) {
  int32_t end = 0;
  for (const PlannedBuffer& b : buffers) end = std::max(end, b.last);
  int64_t begin = 0;
  size_t count = 0;
  for (size_t i = 0; i < buffers.size; ++i) {
    PlannedBuffer& b = buffers[i];
    if (b.bytes == 0) continue;  // any place will do
    if (b.first == 0 && b.last == end) {
      b.offset = begin;
      begin += align(b.bytes);
    } else {
      b.offset = kNowhere;
      room[count++] = static_cast<int32_t>(i);
    }
  }
  const Span<int32_t> order = {room.data, count}, by_first = {order.end(), count};
  std::copy(order.begin(), order.end(), by_first.begin());
  const Span<const PlannedBuffer> all = {buffers.data, buffers.size};
  Lifetimes placed(all, by_first, {by_first.end(), count});
  int32_t* found = by_first.end() + count;
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    if (buffers[a].bytes != buffers[b].bytes) return buffers[a].bytes > buffers[b].bytes;
    return a < b;
  });
  const auto is_lower = [&](int32_t a, int32_t b) { return buffers[a].offset < buffers[b].offset; };
  int64_t total = begin;
  for (size_t n = 0; n < count; ++n) {
    const int32_t index = order[n];
    PlannedBuffer& buffer = buffers[index];
    // order[0, n) is kept sorted by offset. Where few of them are alive these are sorted anew.
    Span<const int32_t> others = {order.data, n};
    const size_t few = std::min(n / 16, kMostOthers), alive = placed.find(buffer, {found, few});
    if (alive < few) {
      std::sort(found, found + alive, is_lower);
      others = {found, alive};
    }
    const bool is_crowded = few == kMostOthers && alive == few;
    buffer.offset = is_crowded ? total : find_place(all, buffer, others, begin);
    total = std::max(total, buffer.offset + align(buffer.bytes));
    placed.add(index);
    int32_t* at = std::upper_bound(order.begin(), order.begin() + n, index, is_lower);
    std::move_backward(at, order.begin() + n, order.begin() + n + 1);
    *at = index;
  }
  return total;
}

}  // namespace octavo
