// BUCKETIZE: numbers to the intervals that boundaries cut.
#include "reference/bucketize.h"

#include "graph/options.h"
#include "ops/elementwise.h"

namespace octavo {
namespace {

using reference::BucketizeParams;

template <auto kKernel>
Status invoke_bucketize(const Step& s, const Workspace&) {
  kKernel(s.params<BucketizeParams>(), s.input(0), s.output(0));
  return {};
}

constexpr TypedInvoke kBucketize[] = {
    {DType::kFloat32, &invoke_bucketize<&reference::bucketize_f32>},
    {DType::kFloat64, &invoke_bucketize<&reference::bucketize_f64>},
    {DType::kInt32, &invoke_bucketize<&reference::bucketize_s32>},
    {DType::kInt64, &invoke_bucketize<&reference::bucketize_s64>},
};

}  // namespace

Status prepare_bucketize(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kInt32}));
  const Span<const float> boundaries = c.options<BucketizeOptions>().boundaries;
  for (size_t i = 1; i < boundaries.size; ++i) {
    if (boundaries[i] < boundaries[i - 1]) {
      return c.fail("option boundaries has ", boundaries[i - 1], " before ", boundaries[i],
                    ", should ascend");
    }
  }
  OCTAVO_TRY(c.set_shape(0, in.shape));
  const BucketizeParams p = {in.shape.count(), static_cast<int64_t>(boundaries.size),
                             boundaries.data};
  OCTAVO_TRY(c.set_invoke(nullptr, p));
  for (const TypedInvoke& choice : kBucketize) {
    if (choice.type == in.type) c.step.invoke = choice.invoke;
  }
  return c.step.invoke != nullptr ? Status() : c.fail_types();
}

}  // namespace octavo
