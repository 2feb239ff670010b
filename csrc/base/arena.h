// The one way in which octavo gets memory: a bump allocator over blocks. A host's Grow gives it
// further blocks from the heap; firmware gives it one buffer and no Grow. Nothing is freed singly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include "base/span.h"
#include "base/status.h"

namespace octavo {

class Arena {
 public:
  // Returns a zero-filled block of at least `bytes`, aligned to kAlignment, or null; the arena
  // never frees it.
  using Grow = void* (*)(void* context, size_t bytes);
  static constexpr size_t kAlignment = 64;  // a cache line, and the widest vector

  Arena(void* buffer, size_t size, Grow grow = nullptr, void* context = nullptr)
      : next_(static_cast<uint8_t*>(buffer)), end_(next_ + size), grow_(grow), context_(context) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

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

  // Bytes handed out so far, alignment included.
  int64_t used() const { return used_; }

 private:
  uint8_t* next_;
  uint8_t* end_;
  Grow grow_;
  void* context_;
  int64_t used_ = 0;
};

}  // namespace octavo
