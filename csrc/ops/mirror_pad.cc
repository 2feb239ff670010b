// MIRROR_PAD: a border that mirrors what is within.
#include "reference/mirror_pad.h"

#include "graph/options.h"
#include "ops/copy.h"

namespace octavo {
namespace {

using reference::MirrorPadParams;

Status invoke_mirror_pad(const Step& s, const Workspace&) {
  reference::mirror_pad(s.params<MirrorPadParams>(), s.input(0), s.output(0));
  return {};
}

}  // namespace

Status prepare_mirror_pad(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &in = c.input(0), &paddings = c.input(1);
  OCTAVO_TRY(expect_movable(c, in, c.output(0)));
  OCTAVO_TRY(expect_unscaled(c, in, c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 1, kMaxRank));
  OCTAVO_TRY(expect_integers(c, "paddings", paddings, 2 * in.shape.rank));
  const bool reflects = c.options<MirrorPadOptions>().reflects;

  Shape shape = in.shape;
  MirrorPadParams p = {in.shape.rank, element_bytes(in), {}, {}, {}, reflects ? 1 : 0};
  for (int32_t d = 0; d < shape.rank; ++d) {
    const int64_t before = integer_at(paddings, 2 * d), after = integer_at(paddings, 2 * d + 1);
    const int64_t most = max<int64_t>(in.shape[d] - p.gap, 0);
    if (before < 0 || after < 0 || before > most || after > most) {
      return c.fail("paddings \"", paddings.info->name, "\" has ", before, " and ", after,
                    " for dimension ", d, " of input shape ", in.shape, ", should be from 0 to ",
                    most);
    }
    const int64_t size = in.shape[d] + before + after;
    if (size > INT32_MAX) return c.fail("output would have ", size, " in dimension ", d);
    shape[d] = static_cast<int32_t>(size);
    p.dims[d] = in.shape[d];
    p.before[d] = before;
    p.after[d] = after;
  }
  OCTAVO_TRY(c.set_shape(0, shape));
  // Dimensions without a border, at the end, are part of the blocks.
  for (; p.rank > 1 && shape[p.rank - 1] == in.shape[p.rank - 1]; --p.rank) {
    p.block_bytes *= shape[p.rank - 1];
  }
  return c.set_invoke(&invoke_mirror_pad, p);
}

}  // namespace octavo
