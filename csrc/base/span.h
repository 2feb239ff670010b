// A pointer with a length, and text as such: the containers of a world without a heap.
#pragma once

#include <cstddef>
#include <cstring>

namespace octavo {

template <class T>
struct Span {
  T* data = nullptr;
  size_t size = 0;

  constexpr T& operator[](size_t i) const { return data[i]; }
  constexpr T* begin() const { return data; }
  constexpr T* end() const { return data + size; }
  constexpr bool empty() const { return size == 0; }
};

template <class T, size_t kSize>
constexpr Span<T> span_of(T (&array)[kSize]) {
  return {array, kSize};
}

// Text that is not zero terminated, usually lying in the model file.
struct Text {
  const char* data = "";
  size_t size = 0;

  constexpr Text() = default;
  constexpr Text(const char* d, size_t n) : data(d), size(n) {}
  Text(const char* zero_terminated) : data(zero_terminated), size(strlen(zero_terminated)) {}
};

inline bool operator==(Text a, Text b) {
  return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

}  // namespace octavo
