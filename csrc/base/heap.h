// Binary heaps in an array, the greatest first. Which of equals comes out first depends on how
// elements sink: here as in libstdc++, whose order LiteRT's results have.
#pragma once

#include <cstdint>

namespace octavo {

// Lets `value` rise from the empty place `hole`, not above `top`.
template <class T, class Less>
void rise(T* heap, int64_t hole, int64_t top, T value, Less less) {
  for (int64_t parent = (hole - 1) / 2; hole > top && less(heap[parent], value);
       parent = (hole - 1) / 2) {
    heap[hole] = heap[parent];
    hole = parent;
  }
  heap[hole] = value;
}

// Puts `value` at or below the empty place `top` of a heap of `count`: the hole sinks to a leaf, of
// equal children to the right one, from where the value rises.
template <class T, class Less>
void sink(T* heap, int64_t top, int64_t count, T value, Less less) {
  int64_t hole = top;
  for (int64_t child = 2 * hole + 1; child < count; child = 2 * hole + 1) {
    if (child + 1 < count && !less(heap[child + 1], heap[child])) ++child;
    heap[hole] = heap[child];
    hole = child;
  }
  rise(heap, hole, top, value, less);
}

// The last of `count` elements joins the others, which are a heap.
template <class T, class Less>
void push_heap(T* heap, int64_t count, Less less) {
  rise(heap, count - 1, int64_t{0}, heap[count - 1], less);
}

// Moves the greatest of a heap behind the others, which stay one.
template <class T, class Less>
void pop_heap(T* heap, int64_t count, Less less) {
  const T last = heap[count - 1];
  heap[count - 1] = heap[0];
  sink(heap, 0, count - 1, last, less);
}

// Sorts the `wanted` least of `count` elements to the front. The order of the others is any.
template <class T, class Less>
void partial_sort(T* items, int64_t wanted, int64_t count, Less less) {
  for (int64_t i = wanted / 2; i-- > 0;) sink(items, i, wanted, items[i], less);
  for (int64_t i = wanted; i < count; ++i) {
    if (!less(items[i], items[0])) continue;
    const T value = items[i];
    items[i] = items[0];
    sink(items, 0, wanted, value, less);
  }
  for (int64_t n = wanted; n > 1; --n) pop_heap(items, n, less);
}

}  // namespace octavo
