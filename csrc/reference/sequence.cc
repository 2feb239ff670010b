#include "reference/sequence.h"

namespace octavo::reference {
namespace {

// Sum: what T is added as, without sign where T is an integer.
template <class Sum, class T>
void sequence(int64_t count, const T* start, const T* step, T* out) {
  auto value = static_cast<Sum>(*start);
  for (int64_t i = 0; i < count; ++i) {
    out[i] = static_cast<T>(value);
    value += static_cast<Sum>(*step);
  }
}

}  // namespace

void sequence_f32(int64_t count, const float* start, const float* step, float* out) {
  sequence<float>(count, start, step, out);
}
void sequence_s32(int64_t count, const int32_t* start, const int32_t* step, int32_t* out) {
  sequence<uint32_t>(count, start, step, out);
}
void sequence_s64(int64_t count, const int64_t* start, const int64_t* step, int64_t* out) {
  sequence<uint64_t>(count, start, step, out);
}

}  // namespace octavo::reference
