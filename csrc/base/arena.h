// The one way in which octavo gets memory: a bump allocator over blocks. Firmware gives it one
// buffer; from a heap it takes further blocks. Nothing is freed singly, but an arena can have
// others within it that end before it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include "base/span.h"
#include "base/status.h"

namespace octavo {

// What a host or firmware with a heap lends to an arena.
struct Heap {
  void* context = nullptr;
  // Returns `bytes` zero-filled bytes, aligned as for any type, or null.
  void* (*take)(void* context, size_t bytes) = nullptr;
  void (*give_back)(void* context, void* block) = nullptr;
};

class Arena {
 public:
  static constexpr size_t kAlignment = 64;  // a cache line, and the widest vector

  Arena(void* buffer, size_t size, const Heap& heap = {})
      : next_(static_cast<uint8_t*>(buffer)), end_(next_ + size), heap_(heap) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { release(); }

  // Gives back what the heap gave, and ends all arenas within this one.
  void release();

  // `bytes` zero-filled bytes; fails when the memory is at its end.
  Status allocate(int64_t bytes, size_t alignment, void** out);

  // `count` zero-filled elements. Destructors are never run.
  template <class T>
  Status make(int64_t count, Span<T>& out) {
    static_assert(std::is_trivially_destructible_v<T>);
    constexpr auto kSize = static_cast<int64_t>(sizeof(T));
    void* memory = nullptr;
    // A product that overflows is more than there ever is.
    OCTAVO_TRY(
        allocate(count > INT64_MAX / kSize ? INT64_MAX : count * kSize, alignof(T), &memory));
    auto* first = static_cast<T*>(memory);
    for (int64_t i = 0; i < count; ++i) ::new (static_cast<void*>(first + i)) T{};
    out = {first, static_cast<size_t>(count)};
    return {};
  }
  template <class T>
  Status make(T*& out) {
    Span<T> one;
    OCTAVO_TRY(make(1, one));
    out = one.data;
    return {};
  }

  // An arena within this one, on the same heap, which ends with close(inner) or with this one.
  // Fails without a heap.
  Status open(Arena** inner);
  void close(Arena* inner);
  bool has_heap() const { return heap_.take != nullptr; }

  // Bytes handed out so far, alignment included.
  int64_t used() const { return used_; }

 private:
  struct Block {
    Block* next;
  };

  void* take_block(size_t bytes);

  uint8_t* next_;
  uint8_t* end_;
  bool is_zero_ = false;  // what is left of the current block, as all of the heap's are
  const Heap heap_;
  Block* blocks_ = nullptr;
  size_t block_bytes_ = 4096;  // of the next shared one
  Arena* inner_ = nullptr;     // the first one, which knows the next
  Arena* sibling_ = nullptr;   // the next within the same one
  int64_t used_ = 0;
};

}  // namespace octavo
