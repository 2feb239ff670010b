#include "ops/indices.h"

namespace octavo {
namespace {

template <class T>
void widen_from(const Tensor& t, int64_t* out) {
  const auto* in = static_cast<const T*>(t.data);
  const int64_t count = t.shape.count();
  for (int64_t i = 0; i < count; ++i) out[i] = in[i];
}

}  // namespace

IndexSpace leading_dimensions(const Shape& shape, int32_t depth) {
  IndexSpace space = {depth, {}, {}};
  for (int32_t d = 0; d < depth; ++d) {
    space.dims[d] = shape[d];
    space.strides[d] = shape.count(d + 1, depth);
  }
  return space;
}

void widen(const Tensor& t, int64_t* out) {
  switch (t.type) {
    case DType::kInt16:
      return widen_from<int16_t>(t, out);
    case DType::kInt32:
      return widen_from<int32_t>(t, out);
    default:
      return widen_from<int64_t>(t, out);
  }
}

Status read_places(const Step& step, int32_t input, const IndexSpace& space, int64_t* places) {
  const Tensor& t = *step.inputs[input];
  widen(t, places);
  const int64_t rows = space.depth > 0 ? t.shape.count() / space.depth : 0;
  const int64_t* row = places;
  for (int64_t i = 0; i < rows; ++i) {
    int64_t place = 0;
    for (int32_t d = 0; d < space.depth; ++d) {
      const int64_t index = row[d];
      if (index < 0 || index >= space.dims[d]) {
        return step.fail("\"", t.info->name, "\" has index ", index, " in row ", i,
                         ", should be from 0 to below ", space.dims[d]);
      }
      place += index * space.strides[d];
    }
    places[i] = place;  // not before a row that is still to be read
    row += space.depth;
  }
  return {};
}

}  // namespace octavo
