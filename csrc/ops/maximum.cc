// MAXIMUM, MINIMUM.
#include "ops/elementwise.h"

namespace octavo {
namespace {

// What runs an operator, by element type.
struct Invokes {
  Step::Invoke f32, s8, u8, s16, s32, s64;
};

constexpr Invokes kMaximum = {
    &invoke_kernel<&Kernels::maximum_f32>, &invoke_kernel<&Kernels::maximum_s8>,
    &invoke_kernel<&Kernels::maximum_u8>,  &invoke_kernel<&Kernels::maximum_s16>,
    &invoke_kernel<&Kernels::maximum_s32>, &invoke_kernel<&Kernels::maximum_s64>,
};
constexpr Invokes kMinimum = {
    &invoke_kernel<&Kernels::minimum_f32>, &invoke_kernel<&Kernels::minimum_s8>,
    &invoke_kernel<&Kernels::minimum_u8>,  &invoke_kernel<&Kernels::minimum_s16>,
    &invoke_kernel<&Kernels::minimum_s32>, &invoke_kernel<&Kernels::minimum_s64>,
};

Step::Invoke find_invoke(const Invokes& invokes, DType type) {
  switch (type) {
    case DType::kFloat32:
      return invokes.f32;
    case DType::kInt8:
      return invokes.s8;
    case DType::kUInt8:
      return invokes.u8;
    case DType::kInt16:
      return invokes.s16;
    case DType::kInt32:
      return invokes.s32;
    case DType::kInt64:
      return invokes.s64;
    default:
      return nullptr;
  }
}

Status prepare_extreme(PrepareContext& c, const Invokes& invokes) {
  reference::Broadcast broadcast, *p;
  OCTAVO_TRY(prepare_binary(c, &broadcast));
  c.step.invoke = find_invoke(invokes, c.output(0).type);
  if (c.step.invoke == nullptr) return c.fail_types();
  OCTAVO_TRY(c.make_params(p));
  *p = broadcast;
  return {};
}

}  // namespace

Status prepare_maximum(PrepareContext& c) { return prepare_extreme(c, kMaximum); }

Status prepare_minimum(PrepareContext& c) { return prepare_extreme(c, kMinimum); }

}  // namespace octavo
