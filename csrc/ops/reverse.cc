// REVERSE_V2 turns dimensions around, REVERSE_SEQUENCE the beginnings of sequences.
#include "reference/reverse.h"

#include "graph/options.h"
#include "ops/copy.h"
#include "ops/indices.h"

namespace octavo {
namespace {

using reference::ReverseSequenceParams;

Status invoke_reverse_sequence(const Step& s, const Workspace&) {
  const auto& p = s.params<ReverseSequenceParams>();
  const Tensor& lengths = *s.inputs[1];
  int64_t* wide = s.scratch(0);
  widen(lengths, wide);
  for (int64_t i = 0; i < p.batches(); ++i) {
    if (wide[i] >= 0 && wide[i] <= p.length()) continue;
    return s.fail("seq_lengths \"", lengths.info->name, "\" has ", wide[i], " for sequence ", i,
                  ", should be from 0 to ", p.length());
  }
  reference::reverse_sequence(p, wide, s.input(0), s.output(0));
  return {};
}

}  // namespace

Status prepare_reverse_v2(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &in = c.input(0), &axes = c.input(1);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(c.expect_type("axis", axes, {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("axis", axes, 1, 1));
  OCTAVO_TRY(c.expect_known("axis", axes));
  OCTAVO_TRY(c.set_shape(0, in.shape));
  Layout from = row_major(in.shape);
  bool seen[kMaxRank] = {};
  for (int64_t i = 0; i < axes.shape[0]; ++i) {
    int32_t axis;
    OCTAVO_TRY(normalize_axis(c, integer_at(axes, i), in.shape.rank, axis));
    if (seen[axis]) return c.fail("axis \"", axes.info->name, "\" has ", axis, " twice");
    seen[axis] = true;
    from.offset += (in.shape[axis] - 1) * from.strides[axis];
    from.strides[axis] = -from.strides[axis];
  }
  return set_copy(c, plan_copy(in.shape, element_bytes(in), from, row_major(in.shape)));
}

Status prepare_reverse_sequence(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &in = c.input(0), &lengths = c.input(1);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(c.expect_type("seq_lengths", lengths, {DType::kInt32, DType::kInt64}));
  const auto& o = c.options<ReverseSequenceOptions>();
  const int32_t rank = in.shape.rank;
  if (o.seq_dim < 0 || o.seq_dim >= rank || o.batch_dim < 0 || o.batch_dim >= rank ||
      o.seq_dim == o.batch_dim) {
    return c.fail("options seq_dim ", o.seq_dim, " and batch_dim ", o.batch_dim,
                  " should be two dimensions of input shape ", in.shape);
  }
  if (lengths.shape != make_shape(in.shape[o.batch_dim])) {
    return c.fail("seq_lengths \"", lengths.info->name, "\" has shape ", lengths.shape,
                  ", should have (", in.shape[o.batch_dim], ") for input shape ", in.shape);
  }
  OCTAVO_TRY(c.set_shape(0, in.shape));
  ReverseSequenceParams p;
  p.batch_is_outer = o.batch_dim < o.seq_dim;
  const int32_t first = min(o.batch_dim, o.seq_dim), second = max(o.batch_dim, o.seq_dim);
  p.dims[0] = in.shape.count(0, first);
  p.dims[1] = in.shape[first];
  p.dims[2] = in.shape.count(first + 1, second);
  p.dims[3] = in.shape[second];
  p.block_bytes = in.shape.count(second + 1, rank) * element_bytes(in);
  OCTAVO_TRY(c.set_invoke(&invoke_reverse_sequence, p));
  return add_places(c, lengths);
}

}  // namespace octavo
