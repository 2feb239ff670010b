// SHAPE, RANK: known while preparing, whatever their input is.
#include "ops/shape.h"

#include "graph/options.h"
#include "ops/axis.h"

namespace octavo {
namespace {

template <class T>
void write_dims(const Shape& shape, void* out) {
  for (int32_t d = 0; d < shape.rank; ++d) static_cast<T*>(out)[d] = shape[d];
}

}  // namespace

Status make_known_shape(const PrepareContext& c, const Shape& shape) {
  OCTAVO_TRY(c.set_shape(0, make_shape(shape.rank)));
  void* out;
  OCTAVO_TRY(c.make_known(0, out));
  if (c.output(0).type == DType::kInt32) {
    write_dims<int32_t>(shape, out);
  } else {
    write_dims<int64_t>(shape, out);
  }
  return {};
}

Status read_shape(const PrepareContext& c, const char* role, const Tensor& t, Shape& shape) {
  OCTAVO_TRY(c.expect_rank(role, t, 1, 1));
  if (t.shape[0] > kMaxRank) {
    return c.fail(role, " \"", t.info->name, "\" has ", t.shape[0], " dimensions, at most ",
                  kMaxRank, " are possible");
  }
  OCTAVO_TRY(expect_integers(c, role, t, t.shape[0]));
  shape.rank = t.shape[0];
  for (int32_t d = 0; d < shape.rank; ++d) {
    const int64_t size = integer_at(t, d);
    if (size < 0 || size > INT32_MAX) {
      return c.fail(role, " \"", t.info->name, "\" has ", size, " for dimension ", d);
    }
    shape[d] = static_cast<int32_t>(size);
  }
  return {};
}

Status prepare_shape(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const DType type = c.options<TypeOptions>().out;
  if (type != DType::kInt32 && type != DType::kInt64) {
    return c.fail("option out_type is ", type, ", should be int32 or int64");
  }
  OCTAVO_TRY(c.expect_type("output", c.output(0), {type}));
  return make_known_shape(c, c.input(0).shape);
}

Status prepare_rank(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kInt32}));
  OCTAVO_TRY(c.set_shape(0, Shape()));
  void* out;
  OCTAVO_TRY(c.make_known(0, out));
  *static_cast<int32_t*>(out) = c.input(0).shape.rank;
  return {};
}

}  // namespace octavo
