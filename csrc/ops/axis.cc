#include "ops/axis.h"

namespace octavo {
namespace {

template <class T>
int64_t load(const Tensor& t, int64_t i) {
  return static_cast<const T*>(t.data)[i];
}

}  // namespace

Status expect_integers(const PrepareContext& c, const char* role, const Tensor& t, int64_t count) {
  OCTAVO_TRY(c.expect_type(role, t, {DType::kInt32, DType::kInt64}));
  OCTAVO_TRY(c.expect_known(role, t));
  if (t.shape.count() != count) {
    return c.fail(role, " \"", t.info->name, "\" has ", t.shape.count(), " elements, should have ",
                  count);
  }
  return {};
}

int64_t integer_at(const Tensor& t, int64_t i) {
  switch (t.type) {
    case DType::kInt8:
      return load<int8_t>(t, i);
    case DType::kInt16:
      return load<int16_t>(t, i);
    case DType::kInt32:
      return load<int32_t>(t, i);
    default:
      return load<int64_t>(t, i);
  }
}

Shape insert_dimension(const Shape& shape, int32_t axis, int32_t size) {
  Shape wider;
  wider.rank = shape.rank + 1;
  for (int32_t d = 0; d < wider.rank; ++d) {
    wider[d] = d == axis ? size : shape[d < axis ? d : d - 1];
  }
  return wider;
}

Shape remove_dimension(const Shape& shape, int32_t axis) {
  Shape narrower;
  for (int32_t d = 0; d < shape.rank; ++d) {
    if (d != axis) narrower[narrower.rank++] = shape[d];
  }
  return narrower;
}

Status normalize_axis(const PrepareContext& c, int64_t axis, int32_t rank, int32_t& out) {
  if (axis < -rank || axis >= rank) {
    return c.fail("axis is ", axis, ", there are ", rank, " dimensions");
  }
  out = static_cast<int32_t>(axis < 0 ? axis + rank : axis);
  return {};
}

}  // namespace octavo
