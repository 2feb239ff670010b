// WHERE: the indices of the elements that are not 0, as many as there are.
#include "reference/where.h"

#include "ops/op.h"

namespace octavo {
namespace {

struct WhereKernels {
  DType type;
  int64_t (*count)(int64_t count, const void* in);
  void (*find)(const Shape& shape, const void* in, int64_t* out);
};

constexpr WhereKernels kWhere[] = {
    {DType::kBool, &reference::count_nonzero_8, &reference::find_nonzero_8},
    {DType::kInt8, &reference::count_nonzero_8, &reference::find_nonzero_8},
    {DType::kUInt8, &reference::count_nonzero_8, &reference::find_nonzero_8},
    {DType::kInt32, &reference::count_nonzero_32, &reference::find_nonzero_32},
    {DType::kUInt32, &reference::count_nonzero_32, &reference::find_nonzero_32},
    {DType::kInt64, &reference::count_nonzero_64, &reference::find_nonzero_64},
    {DType::kFloat32, &reference::count_nonzero_f32, &reference::find_nonzero_f32},
};

Status invoke_where(const Step& s, const Workspace&) {
  s.params<WhereKernels>().find(s.inputs[0]->shape, s.input(0), s.output(0));
  return {};
}

}  // namespace

Status prepare_where(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kInt64}));
  OCTAVO_TRY(c.expect_rank("condition", in, 1, kMaxRank));
  for (const WhereKernels& kernels : kWhere) {
    if (kernels.type != in.type) continue;
    OCTAVO_TRY(c.expect_known("condition", in));
    const int64_t count = kernels.count(in.shape.count(), in.data);
    if (count > INT32_MAX) return c.fail("output would have ", count, " rows");
    OCTAVO_TRY(c.set_shape(0, make_shape(count, in.shape.rank)));
    return c.set_invoke(&invoke_where, kernels);
  }
  return c.fail_types();
}

}  // namespace octavo
