// SPLIT and SPLIT_V cut a tensor along an axis: into equal parts, and into parts of given sizes.
#include "graph/options.h"
#include "ops/copy.h"

namespace octavo {
namespace {

// Makes the node one copy per output; output i is part_size(i) long in dimension `axis`.
template <class Size>
Status set_split(PrepareContext& c, int32_t source, int32_t axis, Size part_size) {
  const Tensor& in = c.input(source);
  Span<StridedCopyParams> copies;
  OCTAVO_TRY(c.make_array(c.output_count(), copies));
  int64_t begin = 0;
  for (int32_t i = 0; i < c.output_count(); ++i) {
    OCTAVO_TRY(expect_movable(c, in, c.output(i)));
    Shape part = in.shape;
    part[axis] = static_cast<int32_t>(part_size(i));
    OCTAVO_TRY(c.set_shape(i, part));
    copies[i] =
        plan_copy(part, element_bytes(in), row_major_from(in.shape, axis, begin), row_major(part));
    begin += part[axis];
  }
  return set_cut(c, source, copies);
}

Status read_axis(const PrepareContext& c, const Tensor& t, const Tensor& in, int32_t& axis) {
  OCTAVO_TRY(expect_integers(c, "axis", t, 1));
  return normalize_axis(c, integer_at(t, 0), in.shape.rank, axis);
}

}  // namespace

Status prepare_split(PrepareContext& c) {
  const int32_t count = c.options<AxisOptions>().count;
  if (count < 1) return c.fail("option num_splits is ", count, ", should be above 0");
  OCTAVO_TRY(c.expect_operands(2, 2, count));
  const Shape& in = c.input(1).shape;
  int32_t axis;
  OCTAVO_TRY(read_axis(c, c.input(0), c.input(1), axis));
  if (in[axis] % count != 0) {
    return c.fail("cannot cut dimension ", axis, " of input shape ", in, " into ", count,
                  " equal parts");
  }
  return set_split(c, 1, axis, [&](int32_t) { return in[axis] / count; });
}

Status prepare_split_v(PrepareContext& c) {
  const int32_t count = c.options<AxisOptions>().count;
  OCTAVO_TRY(c.expect_operands(3, 3, count));
  const Shape& in = c.input(0).shape;
  const Tensor& sizes = c.input(1);
  OCTAVO_TRY(expect_integers(c, "size_splits", sizes, count));
  int32_t axis;
  OCTAVO_TRY(read_axis(c, c.input(2), c.input(0), axis));

  // One size may be -1: it takes what the others leave.
  const int64_t length = in[axis];
  int64_t sum = 0;
  int32_t open = -1;
  for (int32_t i = 0; i < count; ++i) {
    const int64_t size = integer_at(sizes, i);
    if (size == -1 && open < 0) {
      open = i;
    } else if (size < 0 || size > length - sum) {
      return c.fail("size_splits \"", sizes.info->name, "\" has ", size, " for output ", i, ", of ",
                    length, " in dimension ", axis, " are left ", length - sum);
    } else {
      sum += size;
    }
  }
  if (open < 0 && sum != length) {
    return c.fail("size_splits \"", sizes.info->name, "\" has a sum of ", sum, ", dimension ", axis,
                  " of input shape ", in, " has ", length);
  }
  return set_split(c, 0, axis,
                   [&](int32_t i) { return i == open ? length - sum : integer_at(sizes, i); });
}

}  // namespace octavo
