// RANGE: start, start + delta, ... to before limit.
#include "base/math.h"
#include "ops/axis.h"
#include "ops/elementwise.h"
#include "reference/sequence.h"

namespace octavo {
namespace {

template <auto kKernel>
Status invoke_range(const Step& s, const Workspace&) {
  kKernel(s.outputs[0]->shape.count(), s.input(0), s.input(2), s.output(0));
  return {};
}

constexpr TypedInvoke kRange[] = {
    {DType::kFloat32, &invoke_range<&reference::sequence_f32>},
    {DType::kInt32, &invoke_range<&reference::sequence_s32>},
    {DType::kInt64, &invoke_range<&reference::sequence_s64>},
};

// How many elements there are, in the type's own arithmetic. False where the step leads away from
// the limit, or nowhere.
bool count_reals(float start, float limit, float delta, double& count) {
  if (!(start <= limit && delta > 0) && !(start >= limit && delta < 0)) return false;
  const float steps = (limit - start) / delta;
  count = -floor(-static_cast<double>(steps));  // rounded up
  return true;
}

bool count_integers(int64_t start, int64_t limit, int64_t delta, double& count) {
  if (!(start <= limit && delta > 0) && !(start >= limit && delta < 0)) return false;
  // Distances do not fit in 64 bits with a sign.
  const auto distance = static_cast<uint64_t>(limit) - static_cast<uint64_t>(start);
  const auto step = static_cast<uint64_t>(delta);
  const uint64_t whole = delta > 0 ? distance : 0 - distance, each = delta > 0 ? step : 0 - step;
  count = static_cast<double>(whole / each + (whole % each != 0));
  return true;
}

float real_at(const Tensor& t) { return *static_cast<const float*>(t.data); }

}  // namespace

Status prepare_range(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 3, 1));
  const char* const roles[] = {"start", "limit", "delta"};
  for (int32_t i = 0; i < 3; ++i) {
    OCTAVO_TRY(c.expect_same_type(roles[i], c.input(i), "output", c.output(0)));
    OCTAVO_TRY(c.expect_rank(roles[i], c.input(i), 0, 0));
  }
  OCTAVO_TRY(choose_invoke(c, kRange));
  for (int32_t i = 0; i < 3; ++i) OCTAVO_TRY(c.expect_known(roles[i], c.input(i)));
  const Tensor &start = c.input(0), &limit = c.input(1), &delta = c.input(2);
  double count;
  const bool is_real = start.type == DType::kFloat32;
  const bool leads = is_real ? count_reals(real_at(start), real_at(limit), real_at(delta), count)
                             : count_integers(integer_at(start, 0), integer_at(limit, 0),
                                              integer_at(delta, 0), count);
  if (!leads) {
    return c.fail("delta \"", delta.info->name, "\" does not lead from start to limit");
  }
  if (!(count <= INT32_MAX)) return c.fail("output would have ", count, " elements");
  return c.set_shape(0, make_shape(static_cast<int32_t>(count)));
}

}  // namespace octavo
