#include "reference/where.h"

namespace octavo::reference {
namespace {

template <class T>
int64_t count_nonzero(int64_t count, const void* in) {
  const auto* x = static_cast<const T*>(in);
  int64_t found = 0;
  for (int64_t i = 0; i < count; ++i) found += x[i] != 0;
  return found;
}

template <class T>
void find_nonzero(const Shape& shape, const void* in, int64_t* out) {
  const auto* x = static_cast<const T*>(in);
  const int64_t count = shape.count();
  for (int64_t i = 0; i < count; ++i) {
    if (x[i] == 0) continue;
    int64_t rest = i;
    for (int32_t d = shape.rank - 1; d >= 0; --d) {
      out[d] = rest % shape[d];
      rest /= shape[d];
    }
    out += shape.rank;
  }
}

}  // namespace

int64_t count_nonzero_f32(int64_t count, const void* in) { return count_nonzero<float>(count, in); }
int64_t count_nonzero_8(int64_t count, const void* in) { return count_nonzero<uint8_t>(count, in); }
int64_t count_nonzero_32(int64_t count, const void* in) {
  return count_nonzero<uint32_t>(count, in);
}
int64_t count_nonzero_64(int64_t count, const void* in) {
  return count_nonzero<uint64_t>(count, in);
}

void find_nonzero_f32(const Shape& shape, const void* in, int64_t* out) {
  find_nonzero<float>(shape, in, out);
}
void find_nonzero_8(const Shape& shape, const void* in, int64_t* out) {
  find_nonzero<uint8_t>(shape, in, out);
}
void find_nonzero_32(const Shape& shape, const void* in, int64_t* out) {
  find_nonzero<uint32_t>(shape, in, out);
}
void find_nonzero_64(const Shape& shape, const void* in, int64_t* out) {
  find_nonzero<uint64_t>(shape, in, out);
}

}  // namespace octavo::reference
