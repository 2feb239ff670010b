// DYNAMIC_UPDATE_SLICE: a window of a tensor, whose place is data, written anew.
#include "ops/indices.h"
#include "ops/inlay.h"
#include "ops/unpacked.h"

namespace octavo {
namespace {

struct UpdateStep {
  Inlay inlay;
  int32_t rank;
  int64_t most[kMaxRank];     // the last places at which the window fits
  int64_t strides[kMaxRank];  // of the output, in bytes
};

// Places beyond the tensor's edges are moved to them.
Status invoke_update(const Step& s, const Workspace& w) {
  const auto& p = s.params<UpdateStep>();
  int64_t begin[kMaxRank];
  widen(*s.inputs[2], begin);
  StridedCopyParams copy = p.inlay.copy;
  for (int32_t d = 0; d < p.rank; ++d) {
    copy.out_offset += clamp<int64_t>(begin[d], 0, p.most[d]) * p.strides[d];
  }
  lay_ground(p.inlay, s, w);
  w.kernels.strided_copy(copy, s.input(1), s.output(0));
  return {};
}

Status prepare_update(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 3, 1));
  const Tensor &in = c.input(0), &update = c.input(1), &begin = c.input(2);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(c.expect_same_type("operand", in, "update", update));
  OCTAVO_TRY(c.expect_type("start_indices", begin, {DType::kInt32, DType::kInt64}));
  if (begin.shape != make_shape(in.shape.rank)) {
    return c.fail("start_indices \"", begin.info->name, "\" has shape ", begin.shape,
                  ", should have (", in.shape.rank, ") for operand shape ", in.shape);
  }
  bool fits = update.shape.rank == in.shape.rank;
  for (int32_t d = 0; fits && d < in.shape.rank; ++d) fits = update.shape[d] <= in.shape[d];
  if (!fits) {
    return c.fail("update \"", update.info->name, "\" of shape ", update.shape,
                  " does not fit into operand shape ", in.shape);
  }
  OCTAVO_TRY(c.set_shape(0, in.shape));
  UpdateStep p = {};
  p.inlay.element_bytes = element_bytes(in);
  p.inlay.ground = Ground::kTensor;
  p.inlay.copy =
      plan_copy(update.shape, p.inlay.element_bytes, row_major(update.shape), row_major(in.shape));
  p.rank = in.shape.rank;
  row_major_strides(in.shape, p.strides);
  for (int32_t d = 0; d < p.rank; ++d) {
    p.most[d] = in.shape[d] - update.shape[d];
    p.strides[d] *= p.inlay.element_bytes;
  }
  // A whole update may be the operand itself, which is not copied onto itself.
  if (update.shape != in.shape) c.step.effect = Effect::kOverwrites;
  return c.set_invoke(&invoke_update, p);
}

}  // namespace

Status prepare_dynamic_update_slice(PrepareContext& c) {
  return prepare_unpacked(c, &prepare_update);
}

}  // namespace octavo
