// FLOOR.
#include "ops/elementwise.h"
#include "reference/unary.h"

namespace octavo {
namespace {

constexpr TypedInvoke kFloor[] = {
    {DType::kFloat32, &invoke_elements<&Kernels::floor_f32>},
    {DType::kFloat16, &invoke_short<Half, &reference::floor_real>},
    {DType::kBFloat16, &invoke_short<BFloat16, &reference::floor_real>},
};

}  // namespace

Status prepare_floor(PrepareContext& c) {
  OCTAVO_TRY(prepare_unary(c));
  return choose_invoke(c, kFloor);
}

}  // namespace octavo
