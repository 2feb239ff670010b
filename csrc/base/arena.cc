#include "base/arena.h"

namespace octavo {
namespace {

// Small requests share blocks, each of which is twice the one before, as an arena that lives for
// one node has to zero all of its first one. Larger requests get a block of their own.
constexpr size_t kMostBlockBytes = 64 * 1024;

// What no machine has; on those of 32 bits, less than a size_t would cut off.
constexpr int64_t kMostBytes = sizeof(size_t) < sizeof(int64_t) ? INT32_MAX : int64_t{1} << 46;

}  // namespace

Status Arena::allocate(int64_t bytes, size_t alignment, void** out) {
  if (bytes < 0 || bytes > kMostBytes) {
    return Status::failed("out of memory: ", bytes, " bytes asked for");
  }
  const auto size = static_cast<size_t>(bytes);
  auto start = [&] {
    return (reinterpret_cast<uintptr_t>(next_) + alignment - 1) & ~(alignment - 1);
  };
  auto fits = [&] {
    const uintptr_t end = reinterpret_cast<uintptr_t>(end_);
    return next_ != nullptr && start() <= end && size <= end - start();
  };
  if (!fits()) {
    const bool is_large = size > kMostBlockBytes / 4;
    while (!is_large && block_bytes_ < 4 * size) block_bytes_ *= 2;
    const size_t block = is_large ? size : block_bytes_;
    void* fresh = take_block(block);
    if (fresh == nullptr) {
      return Status::failed("out of memory: ", bytes, " bytes asked for, ",
                            has_heap() ? int64_t{0} : static_cast<int64_t>(end_ - next_),
                            " left after ", used_, " in use");
    }
    // A large block of its own leaves the shared block, with its remainder, current.
    if (is_large) {
      used_ += bytes;
      *out = fresh;
      return {};
    }
    next_ = static_cast<uint8_t*>(fresh);
    end_ = next_ + block;
    is_zero_ = true;
    if (block_bytes_ < kMostBlockBytes) block_bytes_ *= 2;
  }
  auto* memory = reinterpret_cast<uint8_t*>(start());
  used_ += memory + size - next_;
  next_ = memory + size;
  if (!is_zero_) memset(memory, 0, size);
  *out = memory;
  return {};
}

// Where the block begins is its place in the list; what it is for follows, aligned.
void* Arena::take_block(size_t bytes) {
  if (!has_heap()) return nullptr;
  auto* block = static_cast<Block*>(heap_.take(heap_.context, kAlignment + bytes + kAlignment));
  if (block == nullptr) return nullptr;
  block->next = blocks_;
  blocks_ = block;
  const uintptr_t behind = reinterpret_cast<uintptr_t>(block) + sizeof(Block);
  return reinterpret_cast<void*>((behind + kAlignment - 1) & ~uintptr_t{kAlignment - 1});
}

void Arena::release() {
  while (inner_ != nullptr) close(inner_);
  while (blocks_ != nullptr) {
    Block* block = blocks_;
    blocks_ = block->next;
    heap_.give_back(heap_.context, block);
  }
}

Status Arena::open(Arena** inner) {
  void* place = has_heap() ? heap_.take(heap_.context, sizeof(Arena)) : nullptr;
  if (place == nullptr) return Status::failed("out of memory: no heap gives any while running");
  *inner = new (place) Arena(nullptr, 0, heap_);
  (*inner)->sibling_ = inner_;
  inner_ = *inner;
  return {};
}

void Arena::close(Arena* inner) {
  Arena** link = &inner_;
  while (*link != inner) link = &(*link)->sibling_;
  *link = inner->sibling_;
  inner->~Arena();
  heap_.give_back(heap_.context, inner);
}

}  // namespace octavo
