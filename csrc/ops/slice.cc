// SLICE, STRIDED_SLICE: a regular selection along each dimension.
#include "base/math.h"
#include "graph/options.h"
#include "ops/copy.h"
#include "ops/indices.h"
#include "ops/unpacked.h"

namespace octavo {
namespace {

// Along one dimension of the input: `count` indices from `begin` on, `stride` apart.
struct Range {
  int64_t begin, stride, count;
};

// Copies the ranges of the input's dimensions.
Status set_slice(PrepareContext& c, const Range* ranges) {
  const Tensor& in = c.input(0);
  Shape box = in.shape;
  Layout from = row_major(in.shape);
  for (int32_t d = 0; d < box.rank; ++d) {
    box[d] = static_cast<int32_t>(ranges[d].count);
    from.offset += ranges[d].begin * from.strides[d];
    // The stride of one index alone means nothing, and its product may overflow.
    if (box[d] > 1) from.strides[d] *= ranges[d].stride;
  }
  return set_copy(c, plan_copy(box, element_bytes(in), from, row_major(box)));
}

// STRIDED_SLICE's index tensors and options.
struct Specification {
  const Tensor *begin, *end, *strides;
  const StridedSliceOptions& options;
  int32_t count;  // of entries

  static bool bit(int32_t mask, int32_t entry) {
    return (static_cast<uint32_t>(mask) >> entry & 1) != 0;
  }
  bool is_ellipsis(int32_t entry) const { return bit(options.ellipsis_mask, entry); }
  bool is_new_axis(int32_t entry) const {
    return bit(options.new_axis_mask, entry) && !is_ellipsis(entry);
  }
  bool shrinks(int32_t entry) const { return bit(options.shrink_axis_mask, entry); }
};

// The number of indices from `begin` to before `end`.
int64_t steps(int64_t begin, int64_t end, int64_t stride) {
  const int64_t span = stride > 0 ? end - begin : begin - end;
  const int64_t step = stride > 0 ? stride : -stride;
  return span <= 0 ? 0 : (span - 1) / step + 1;
}

// The range of an entry along a dimension of `size`: an index counts from the end where it is
// negative, then is cut to the dimension (from -1, where the stride is negative).
Status read_range(const PrepareContext& c, const Specification& s, int32_t entry, int32_t dimension,
                  int64_t size, Range& range) {
  const int64_t stride = integer_at(*s.strides, entry);
  if (stride == 0) return c.fail("strides has a 0 for dimension ", dimension);
  const int64_t lowest = stride > 0 ? 0 : -1;
  const int64_t highest = stride > 0 ? size : size - 1;
  auto index = [&](int64_t i) { return clamp(i < 0 ? i + size : i, lowest, highest); };

  int64_t begin = index(integer_at(*s.begin, entry));
  if (Specification::bit(s.options.begin_mask, entry)) begin = stride > 0 ? 0 : size - 1;
  if (s.shrinks(entry)) {
    if (stride < 0 || begin >= size) {
      return c.fail("index ", integer_at(*s.begin, entry), " with stride ", stride,
                    " is not in dimension ", dimension, " of input shape ", c.input(0).shape);
    }
    range = {begin, 1, 1};
    return {};
  }
  const int64_t given = integer_at(*s.end, entry);
  int64_t end = index(s.options.offset ? begin + given : given);
  if (Specification::bit(s.options.end_mask, entry)) end = stride > 0 ? size : -1;
  range = {begin, stride, steps(begin, end, stride)};
  // LiteRT takes the size of the output from `given` alone and leaves the rest of it unwritten.
  if (s.options.offset && range.count != steps(0, given, stride)) {
    return c.fail("the ", steps(0, given, stride), " indices from ", begin,
                  " on do not fit in dimension ", dimension, " of input shape ", c.input(0).shape);
  }
  return {};
}

// The ranges of the input's dimensions and the output's shape, which has dimensions more (new axes)
// and less (shrunk ones).
Status read_specification(const PrepareContext& c, const Specification& s, Range* ranges,
                          Shape& shape) {
  const Shape& in = c.input(0).shape;
  int32_t ellipses = 0, new_axes = 0;
  for (int32_t e = 0; e < s.count; ++e) {
    ellipses += s.is_ellipsis(e);
    new_axes += s.is_new_axis(e);
  }
  if (ellipses > 1) {
    return c.fail("ellipsis_mask ", s.options.ellipsis_mask, " has more than one bit");
  }
  const int32_t taken = s.count - ellipses - new_axes;  // dimensions of the input with an entry
  if (taken > in.rank) {
    return c.fail("indexes ", taken, " dimensions, input has shape ", in);
  }
  if (in.rank + new_axes > kMaxRank) {
    return c.fail("adds ", new_axes, " dimensions to input shape ", in, ", at most ", kMaxRank,
                  " are possible");
  }

  int32_t d = 0;
  auto take_all = [&] {
    ranges[d] = {0, 1, in[d]};
    shape[shape.rank++] = in[d++];
  };
  for (int32_t e = 0; e < s.count; ++e) {
    if (s.is_ellipsis(e)) {
      for (int32_t covered = in.rank - taken; covered > 0; --covered) take_all();
    } else if (s.is_new_axis(e)) {
      shape[shape.rank++] = 1;
    } else {
      OCTAVO_TRY(read_range(c, s, e, d, in[d], ranges[d]));
      if (!s.shrinks(e)) shape[shape.rank++] = static_cast<int32_t>(ranges[d].count);
      ++d;
    }
  }
  while (d < in.rank) take_all();
  return {};
}

// A SLICE whose begin is computed while running.
struct MovingSlice {
  StridedCopyParams copy;  // of the box at the input's begin
  int32_t rank;
  int64_t most[kMaxRank];     // the last places at which the box fits
  int64_t strides[kMaxRank];  // of the input, in bytes
};

Status invoke_moving_slice(const Step& s, const Workspace& w) {
  const auto& p = s.params<MovingSlice>();
  int64_t begin[kMaxRank];
  widen(*s.inputs[1], begin);
  StridedCopyParams copy = p.copy;
  for (int32_t d = 0; d < p.rank; ++d) {
    if (begin[d] < 0 || begin[d] > p.most[d]) {
      const Shape& in = s.inputs[0]->shape;
      return s.fail("begin ", begin[d], " and size ", in[d] - p.most[d], " leave dimension ", d,
                    " of input shape ", in);
    }
    copy.in_offset += begin[d] * p.strides[d];
  }
  w.kernels.strided_copy(copy, s.input(0), s.output(0));
  return {};
}

// The shape is known all the same where `size` is.
Status prepare_moving_slice(PrepareContext& c, const Shape& box) {
  const Tensor& in = c.input(0);
  MovingSlice p = {};
  for (int32_t d = 0; d < box.rank; ++d) {
    p.most[d] = int64_t{in.shape[d]} - box[d];
    if (p.most[d] < 0) {
      return c.fail("size ", box[d], " leaves dimension ", d, " of input shape ", in.shape);
    }
  }
  OCTAVO_TRY(c.set_shape(0, box));
  p.copy = plan_copy(box, element_bytes(in), row_major(in.shape), row_major(box));
  p.rank = box.rank;
  row_major_strides(in.shape, p.strides);
  for (int32_t d = 0; d < p.rank; ++d) p.strides[d] *= element_bytes(in);
  return c.set_invoke(&invoke_moving_slice, p);
}

// Whether all of `size` says how many elements, none of it "the rest"; the shape then.
bool read_box(const Tensor& size, Shape& box) {
  for (int32_t d = 0; d < box.rank; ++d) {
    const int64_t count = integer_at(size, d);
    if (count < 0 || count > INT32_MAX) return false;
    box[d] = static_cast<int32_t>(count);
  }
  return true;
}

Status prepare_slice_bytes(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 3, 1));
  const Tensor &in = c.input(0), &begin = c.input(1), &size = c.input(2);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(expect_integers(c, "size", size, in.shape.rank));
  Shape box = in.shape;
  const bool is_moving = begin.data == nullptr || begin.info->is_variable;
  if (is_moving && begin.shape.count() == in.shape.rank && read_box(size, box)) {
    OCTAVO_TRY(c.expect_type("begin", begin, {DType::kInt32, DType::kInt64}));
    return prepare_moving_slice(c, box);
  }
  OCTAVO_TRY(expect_integers(c, "begin", begin, in.shape.rank));
  Range ranges[kMaxRank];
  Shape shape = in.shape;
  for (int32_t d = 0; d < in.shape.rank; ++d) {
    const int64_t first = integer_at(begin, d), length = in.shape[d];
    int64_t count = integer_at(size, d);
    if (first >= 0 && first <= length && count == -1) count = length - first;
    if (first < 0 || first > length || count < 0 || count > length - first) {
      return c.fail("begin ", first, " and size ", count, " leave dimension ", d,
                    " of input shape ", in.shape);
    }
    ranges[d] = {first, 1, count};
    shape[d] = static_cast<int32_t>(count);
  }
  OCTAVO_TRY(c.set_shape(0, shape));
  return set_slice(c, ranges);
}

}  // namespace

Status prepare_slice(PrepareContext& c) { return prepare_unpacked(c, &prepare_slice_bytes); }

Status prepare_strided_slice(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(4, 4, 1));
  const Tensor &in = c.input(0), &begin = c.input(1);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  constexpr int64_t kMostEntries = 31;  // the masks have a bit for each
  if (begin.shape.count() > kMostEntries) {
    return c.fail("begin \"", begin.info->name, "\" has ", begin.shape.count(),
                  " elements, at most ", kMostEntries, " are possible");
  }
  constexpr const char* kRoles[] = {"input", "begin", "end", "strides"};
  for (int32_t i = 1; i < 4; ++i) {
    OCTAVO_TRY(c.expect_type(kRoles[i], c.input(i), {DType::kInt32}));
    OCTAVO_TRY(expect_integers(c, kRoles[i], c.input(i), begin.shape.count()));
  }
  const Specification s = {&begin, &c.input(2), &c.input(3), c.options<StridedSliceOptions>(),
                           static_cast<int32_t>(begin.shape.count())};
  Range ranges[kMaxRank];
  Shape shape;
  OCTAVO_TRY(read_specification(c, s, ranges, shape));
  OCTAVO_TRY(c.set_shape(0, shape));
  return set_slice(c, ranges);
}

}  // namespace octavo
