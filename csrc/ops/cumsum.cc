// CUMSUM.
#include "graph/options.h"
#include "ops/axis.h"
#include "ops/elementwise.h"
#include "reference/sums.h"

namespace octavo {
namespace {

using reference::CumsumParams;

template <auto kKernel>
Status invoke_cumsum(const Step& s, const Workspace&) {
  kKernel(s.params<CumsumParams>(), s.input(0), s.output(0));
  return {};
}

constexpr TypedInvoke kCumsum[] = {
    {DType::kFloat32, &invoke_cumsum<&reference::cumsum_f32>},
    {DType::kInt32, &invoke_cumsum<&reference::cumsum_s32>},
    {DType::kInt64, &invoke_cumsum<&reference::cumsum_s64>},
};

}  // namespace

Status prepare_cumsum(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 1, kMaxRank));
  OCTAVO_TRY(c.expect_type("axis", c.input(1), {DType::kInt32}));
  OCTAVO_TRY(expect_integers(c, "axis", c.input(1), 1));
  int32_t axis;
  OCTAVO_TRY(normalize_axis(c, integer_at(c.input(1), 0), in.shape.rank, axis));
  OCTAVO_TRY(c.set_shape(0, in.shape));
  const auto& o = c.options<CumsumOptions>();
  const CumsumParams p = {in.shape.count(0, axis), in.shape[axis],
                          in.shape.count(axis + 1, in.shape.rank), o.exclusive, o.reverse};
  OCTAVO_TRY(c.set_invoke(nullptr, p));
  return choose_invoke(c, kCumsum);
}

}  // namespace octavo
