#include "reference/sorting.h"

namespace octavo::reference {
namespace {

template <class T>
bool is_less(T a, T b) {
  return a < b || (a != a && b == b);
}

// Whether the element at place a goes before the one at b: greater ones do, and earlier ones.
template <class T>
struct GreaterFirst {
  const T* in;
  bool operator()(int32_t a, int32_t b) const {
    if (is_less(in[b], in[a])) return true;
    return !is_less(in[a], in[b]) && a < b;
  }
};

// A heap of places: none goes before its children, so that the last one is at the root.
template <class Before>
void sift_down(int32_t* heap, int64_t size, int64_t root, Before before) {
  const int32_t moved = heap[root];
  while (true) {
    int64_t child = 2 * root + 1;
    if (child >= size) break;
    if (child + 1 < size && before(heap[child], heap[child + 1])) ++child;
    if (!before(moved, heap[child])) break;
    heap[root] = heap[child];
    root = child;
  }
  heap[root] = moved;
}

template <class Before>
void make_heap(int32_t* heap, int64_t size, Before before) {
  for (int64_t root = size / 2; root-- > 0;) sift_down(heap, size, root, before);
}

// Puts the places of a heap into their order.
template <class Before>
void sort_heap(int32_t* heap, int64_t size, Before before) {
  while (size-- > 1) {
    const int32_t last = heap[0];
    heap[0] = heap[size];
    heap[size] = last;
    sift_down(heap, size, 0, before);
  }
}

template <class T>
void top_k(const TopKParams& p, const void* in, int32_t* indices) {
  if (p.k == 0) return;
  for (int64_t row = 0; row < p.rows; ++row) {
    const GreaterFirst<T> before = {static_cast<const T*>(in) + row * p.row_size};
    int32_t* heap = indices + row * p.k;
    for (int64_t i = 0; i < p.k; ++i) heap[i] = static_cast<int32_t>(i);
    make_heap(heap, p.k, before);
    // Of equals the later goes behind.
    T last = before.in[heap[0]];
    for (int64_t i = p.k; i < p.row_size; ++i) {
      if (!is_less(last, before.in[i])) continue;
      heap[0] = static_cast<int32_t>(i);
      sift_down(heap, p.k, 0, before);
      last = before.in[heap[0]];
    }
    sort_heap(heap, p.k, before);
  }
}

template <class T>
void find_firsts(int32_t count, const void* in, int32_t* order, int32_t* firsts) {
  const GreaterFirst<T> before = {static_cast<const T*>(in)};
  for (int32_t i = 0; i < count; ++i) order[i] = i;
  make_heap(order, count, before);
  sort_heap(order, count, before);
  int32_t first = 0;
  for (int32_t i = 0; i < count; ++i) {
    const T a = before.in[order[first]], b = before.in[order[i]];
    if (is_less(a, b) || is_less(b, a)) first = i;
    firsts[order[i]] = order[first];
  }
}

}  // namespace

void top_k_f32(const TopKParams& p, const void* in, int32_t* indices) {
  top_k<float>(p, in, indices);
}
void top_k_s8(const TopKParams& p, const void* in, int32_t* indices) {
  top_k<int8_t>(p, in, indices);
}
void top_k_u8(const TopKParams& p, const void* in, int32_t* indices) {
  top_k<uint8_t>(p, in, indices);
}
void top_k_s16(const TopKParams& p, const void* in, int32_t* indices) {
  top_k<int16_t>(p, in, indices);
}
void top_k_s32(const TopKParams& p, const void* in, int32_t* indices) {
  top_k<int32_t>(p, in, indices);
}
void top_k_s64(const TopKParams& p, const void* in, int32_t* indices) {
  top_k<int64_t>(p, in, indices);
}

void find_firsts_f32(int32_t count, const void* in, int32_t* order, int32_t* firsts) {
  find_firsts<float>(count, in, order, firsts);
}
void find_firsts_8(int32_t count, const void* in, int32_t* order, int32_t* firsts) {
  find_firsts<uint8_t>(count, in, order, firsts);
}
void find_firsts_16(int32_t count, const void* in, int32_t* order, int32_t* firsts) {
  find_firsts<uint16_t>(count, in, order, firsts);
}
void find_firsts_32(int32_t count, const void* in, int32_t* order, int32_t* firsts) {
  find_firsts<uint32_t>(count, in, order, firsts);
}
void find_firsts_64(int32_t count, const void* in, int32_t* order, int32_t* firsts) {
  find_firsts<uint64_t>(count, in, order, firsts);
}

}  // namespace octavo::reference
