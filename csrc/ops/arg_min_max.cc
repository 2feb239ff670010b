// ARG_MAX, ARG_MIN.
#include "graph/options.h"
#include "ops/axis.h"

namespace octavo {
namespace {

using reference::ArgMinMaxParams;

struct ArgMinMaxKernel {
  DType type;
  Step::Invoke to_int32, to_int64;
};

// A bool is a byte of 0 or 1.
constexpr ArgMinMaxKernel kKernels[] = {
    {DType::kFloat32, &invoke_kernel<&Kernels::arg_min_max_f32_s32>,
     &invoke_kernel<&Kernels::arg_min_max_f32_s64>},
    {DType::kInt8, &invoke_kernel<&Kernels::arg_min_max_s8_s32>,
     &invoke_kernel<&Kernels::arg_min_max_s8_s64>},
    {DType::kUInt8, &invoke_kernel<&Kernels::arg_min_max_u8_s32>,
     &invoke_kernel<&Kernels::arg_min_max_u8_s64>},
    {DType::kInt32, &invoke_kernel<&Kernels::arg_min_max_s32_s32>,
     &invoke_kernel<&Kernels::arg_min_max_s32_s64>},
    {DType::kBool, &invoke_kernel<&Kernels::arg_min_max_u8_s32>,
     &invoke_kernel<&Kernels::arg_min_max_u8_s64>},
};

// The dimension that the axis tensor names, counted from the front.
Status find_axis(const PrepareContext& c, int32_t* dimension) {
  const Tensor& axis = c.input(1);
  const Shape& in = c.input(0).shape;
  OCTAVO_TRY(expect_integers(c, "axis", axis, 1));
  OCTAVO_TRY(normalize_axis(c, integer_at(axis, 0), in.rank, *dimension));
  if (in[*dimension] > 0) return {};
  return c.fail("input shape ", in, " has no elements along axis ", *dimension);
}

Status prepare_arg_min_max(PrepareContext& c, bool minimum) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor& in = c.input(0);
  const Tensor& out = c.output(0);
  OCTAVO_TRY(c.expect_type(
      "input", in, {DType::kFloat32, DType::kInt8, DType::kUInt8, DType::kInt32, DType::kBool}));
  OCTAVO_TRY(c.expect_type("output", out, {DType::kInt32, DType::kInt64}));
  const DType index_type = c.options<TypeOptions>().out;
  if (index_type != out.type) {
    return c.fail("option output_type is ", index_type, ", output \"", out.info->name,
                  "\" has type ", out.type);
  }
  int32_t axis = 0;
  OCTAVO_TRY(find_axis(c, &axis));
  OCTAVO_TRY(c.set_shape(0, remove_dimension(in.shape, axis)));

  ArgMinMaxParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->outer = in.shape.count(0, axis);
  p->axis = in.shape[axis];
  p->inner = in.shape.count(axis + 1, in.shape.rank);
  p->minimum = minimum;
  for (const ArgMinMaxKernel& kernel : kKernels) {
    if (kernel.type != in.type) continue;
    c.step.invoke = out.type == DType::kInt32 ? kernel.to_int32 : kernel.to_int64;
  }
  return {};
}

}  // namespace

Status prepare_arg_max(PrepareContext& c) { return prepare_arg_min_max(c, false); }

Status prepare_arg_min(PrepareContext& c) { return prepare_arg_min_max(c, true); }

}  // namespace octavo
