// SHAPE: known while preparing, whatever its input is.
#include "graph/options.h"
#include "ops/op.h"

namespace octavo {
namespace {

template <class T>
void write_dims(const Shape& shape, void* out) {
  for (int32_t d = 0; d < shape.rank; ++d) static_cast<T*>(out)[d] = shape[d];
}

}  // namespace

Status prepare_shape(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const DType type = c.options<TypeOptions>().out;
  if (type != DType::kInt32 && type != DType::kInt64) {
    return c.fail("option out_type is ", type, ", should be int32 or int64");
  }
  OCTAVO_TRY(c.expect_type("output", c.output(0), {type}));
  const Shape& shape = c.input(0).shape;
  OCTAVO_TRY(c.set_shape(0, make_shape(shape.rank)));
  void* out;
  OCTAVO_TRY(c.make_known(0, out));
  if (type == DType::kInt32) {
    write_dims<int32_t>(shape, out);
  } else {
    write_dims<int64_t>(shape, out);
  }
  return {};
}

}  // namespace octavo
