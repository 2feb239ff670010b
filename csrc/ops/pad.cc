// PAD, PADV2, STABLEHLO_PAD: a border of one value around a tensor.
#include "base/math.h"
#include "graph/options.h"
#include "ops/inlay.h"

namespace octavo {
namespace {

Status expect_border(const PrepareContext& c, const char* role, const Tensor& border) {
  OCTAVO_TRY(c.expect_same_type("input", c.input(0), role, border));
  if (border.shape.count() != 1) {
    return c.fail(role, " \"", border.info->name, "\" has shape ", border.shape,
                  ", should have 1 element");
  }
  if (!has_zero_point(border) && !has_zero_point(c.output(0))) return {};
  return c.expect_same_quantization(role, border, "output", c.output(0));
}

// One dimension of StableHLO's pad: where elements number first to end - 1 lie in the output, of
// which the others fall off.
struct Placing {
  int64_t first, end, step, before;
  int64_t size;  // of the output
};

Status place(const PrepareContext& c, int32_t d, Placing& to) {
  const auto& o = c.options<StablehloPadOptions>();
  const Shape& in = c.input(0).shape;
  const int64_t low = o.edge_padding_low.values[d], high = o.edge_padding_high.values[d];
  const int64_t interior = o.interior_padding.values[d];
  const auto is_near = [](int64_t x) { return x >= -INT32_MAX && x <= INT32_MAX; };
  int64_t size = -1;
  if (is_near(low) && is_near(high) && is_near(interior) && interior >= 0) {
    size = low + high + in[d] + max(in[d] - 1, 0) * interior;
  }
  if (size < 0 || size > INT32_MAX) {
    return c.fail("options pad dimension ", d, " of shape ", in, " by ", low, " and ", high,
                  ", inside by ", interior);
  }
  const auto steps_to = [&](int64_t at) {
    return at <= low ? 0 : (at - low + interior) / (interior + 1);
  };
  to = {steps_to(0), min<int64_t>(steps_to(size), in[d]), interior + 1, low, size};
  return {};
}

}  // namespace

Status prepare_stablehlo_pad(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& in = c.input(0);
  const auto& o = c.options<StablehloPadOptions>();
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(expect_border(c, "padding_value", c.input(1)));
  const int32_t rank = in.shape.rank;
  if (o.edge_padding_low.count != rank || o.edge_padding_high.count != rank ||
      o.interior_padding.count != rank) {
    return c.fail("options pad ", o.edge_padding_low.count, ", ", o.edge_padding_high.count,
                  " and inside ", o.interior_padding.count, " dimensions of shape ", in.shape);
  }
  Placing placing[kMaxRank];
  Shape shape = in.shape, kept = in.shape;
  for (int32_t d = 0; d < rank; ++d) {
    OCTAVO_TRY(place(c, d, placing[d]));
    shape[d] = static_cast<int32_t>(placing[d].size);
    kept[d] = static_cast<int32_t>(max<int64_t>(placing[d].end - placing[d].first, 0));
  }
  OCTAVO_TRY(c.set_shape(0, shape));
  Layout from = row_major(in.shape), to = row_major(shape);
  // Nothing is copied of an image without elements: its offsets may be anything. Nor is a stride
  // used along a single element.
  for (int32_t d = 0; d < rank && kept.count() > 0; ++d) {
    from.offset += placing[d].first * from.strides[d];
    to.offset += (placing[d].before + placing[d].first * placing[d].step) * to.strides[d];
    if (kept[d] > 1) to.strides[d] *= placing[d].step;
  }
  Inlay p;
  p.element_bytes = element_bytes(in);
  p.ground = Ground::kElement;
  p.ground_input = 1;
  p.copy = plan_copy(kept, p.element_bytes, from, to);
  return set_inlay(c, p);
}

Status prepare_pad(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 3, 1));
  const Tensor &in = c.input(0), &paddings = c.input(1), &out = c.output(0);
  OCTAVO_TRY(expect_movable(c, in, out));
  OCTAVO_TRY(c.expect_type("paddings", paddings,
                           {DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64}));
  if (paddings.shape != make_shape(in.shape.rank, 2)) {
    return c.fail("paddings \"", paddings.info->name, "\" has shape ", paddings.shape,
                  ", should have (", in.shape.rank, ", 2) for input shape ", in.shape);
  }
  OCTAVO_TRY(c.expect_known("paddings", paddings));

  Shape shape = in.shape;
  int64_t before[kMaxRank];
  for (int32_t d = 0; d < shape.rank; ++d) {
    before[d] = integer_at(paddings, 2 * d);
    const int64_t after = integer_at(paddings, 2 * d + 1);
    const int64_t most = INT32_MAX - in.shape[d];
    if (before[d] < 0 || after < 0 || before[d] > most || after > most - before[d]) {
      return c.fail("paddings \"", paddings.info->name, "\" has ", before[d], " and ", after,
                    " for dimension ", d, " of input shape ", in.shape);
    }
    shape[d] = static_cast<int32_t>(in.shape[d] + before[d] + after);
  }
  OCTAVO_TRY(c.set_shape(0, shape));

  Inlay p;
  p.element_bytes = element_bytes(in);
  Layout inside = row_major(shape);
  for (int32_t d = 0; d < shape.rank; ++d) inside.offset += before[d] * inside.strides[d];
  p.copy = plan_copy(in.shape, p.element_bytes, row_major(in.shape), inside);
  if (c.has_input(2)) {
    OCTAVO_TRY(expect_border(c, "constant_values", c.input(2)));
    p.ground = Ground::kElement;
    p.ground_input = 2;
  } else {
    OCTAVO_TRY(write_zero(c, out, p.zero));
  }
  return set_inlay(c, p);
}

}  // namespace octavo
