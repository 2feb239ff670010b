#include "reference/gather.h"

#include <cstring>

namespace octavo::reference {
namespace {

// A block of known size is a load and a store.
template <int64_t kBytes>
void take(int64_t count, const int64_t* places, const uint8_t* in, uint8_t* out) {
  for (int64_t i = 0; i < count; ++i) memcpy(out + i * kBytes, in + places[i] * kBytes, kBytes);
}

void take(int64_t bytes, int64_t count, const int64_t* places, const uint8_t* in, uint8_t* out) {
  switch (bytes) {
    case 1:
      return take<1>(count, places, in, out);
    case 2:
      return take<2>(count, places, in, out);
    case 4:
      return take<4>(count, places, in, out);
    case 8:
      return take<8>(count, places, in, out);
    case 16:
      return take<16>(count, places, in, out);
    default:
      for (int64_t i = 0; i < count; ++i) memcpy(out + i * bytes, in + places[i] * bytes, bytes);
  }
}

template <class T, class F>
void scatter_each(int64_t count, int64_t block, const int64_t* places, const T* updates, T* out,
                  F f) {
  for (int64_t i = 0; i < count; ++i) {
    T* to = out + places[i];
    for (int64_t j = 0; j < block; ++j) to[j] = f(to[j], updates[i * block + j]);
  }
}

constexpr auto kAdd = [](auto a, auto b) { return static_cast<decltype(a)>(a + b); };

}  // namespace

void gather(const GatherParams& p, const int64_t* places, const void* in, void* out) {
  const auto* from = static_cast<const uint8_t*>(in);
  auto* to = static_cast<uint8_t*>(out);
  for (int64_t b = 0; b < p.batches; ++b) {
    for (int64_t o = 0; o < p.outer; ++o) {
      take(p.block_bytes, p.count, places + b * p.count, from, to);
      from += p.size * p.block_bytes;
      to += p.count * p.block_bytes;
    }
  }
}

void scatter(int64_t count, int32_t element_bytes, const int64_t* places, const void* values,
             int64_t value_step, void* out) {
  const auto* from = static_cast<const uint8_t*>(values);
  auto* to = static_cast<uint8_t*>(out);
  for (int64_t i = 0; i < count; ++i) {
    memcpy(to + places[i] * element_bytes, from + i * value_step * element_bytes, element_bytes);
  }
}

void scatter_add_f32(int64_t count, int64_t block, const int64_t* places, const float* updates,
                     float* out) {
  scatter_each(count, block, places, updates, out, kAdd);
}

void scatter_add_8(int64_t count, int64_t block, const int64_t* places, const uint8_t* updates,
                   uint8_t* out) {
  scatter_each(count, block, places, updates, out, kAdd);
}

void scatter_add_32(int64_t count, int64_t block, const int64_t* places, const uint32_t* updates,
                    uint32_t* out) {
  scatter_each(count, block, places, updates, out, kAdd);
}

void scatter_add_64(int64_t count, int64_t block, const int64_t* places, const uint64_t* updates,
                    uint64_t* out) {
  scatter_each(count, block, places, updates, out, kAdd);
}

void scatter_or(int64_t count, int64_t block, const int64_t* places, const uint8_t* updates,
                uint8_t* out) {
  scatter_each(count, block, places, updates, out,
               [](uint8_t a, uint8_t b) { return static_cast<uint8_t>((a | b) != 0); });
}

}  // namespace octavo::reference
