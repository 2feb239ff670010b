// MAXIMUM, MINIMUM.
#include "ops/elementwise.h"

namespace octavo {
namespace {

constexpr TypedInvoke kMaximum[] = {
    {DType::kFloat32, &invoke_broadcast<&Kernels::maximum_f32>},
    {DType::kFloat16, &invoke_broadcast<&reference::maximum_f16>},
    {DType::kBFloat16, &invoke_broadcast<&reference::maximum_bf16>},
    {DType::kInt8, &invoke_broadcast<&Kernels::maximum_s8>},
    {DType::kUInt8, &invoke_broadcast<&Kernels::maximum_u8>},
    {DType::kInt16, &invoke_broadcast<&Kernels::maximum_s16>},
    {DType::kInt32, &invoke_broadcast<&Kernels::maximum_s32>},
    {DType::kInt64, &invoke_broadcast<&Kernels::maximum_s64>},
};
constexpr TypedInvoke kMinimum[] = {
    {DType::kFloat32, &invoke_broadcast<&Kernels::minimum_f32>},
    {DType::kFloat16, &invoke_broadcast<&reference::minimum_f16>},
    {DType::kBFloat16, &invoke_broadcast<&reference::minimum_bf16>},
    {DType::kInt8, &invoke_broadcast<&Kernels::minimum_s8>},
    {DType::kUInt8, &invoke_broadcast<&Kernels::minimum_u8>},
    {DType::kInt16, &invoke_broadcast<&Kernels::minimum_s16>},
    {DType::kInt32, &invoke_broadcast<&Kernels::minimum_s32>},
    {DType::kInt64, &invoke_broadcast<&Kernels::minimum_s64>},
};

template <size_t n>
Status prepare_extreme(PrepareContext& c, const TypedInvoke (&invokes)[n]) {
  reference::Broadcast broadcast, *p;
  OCTAVO_TRY(prepare_binary(c, &broadcast));
  OCTAVO_TRY(choose_invoke(c, invokes));
  OCTAVO_TRY(c.make_params(p));
  *p = broadcast;
  return {};
}

}  // namespace

Status prepare_maximum(PrepareContext& c) { return prepare_extreme(c, kMaximum); }

Status prepare_minimum(PrepareContext& c) { return prepare_extreme(c, kMinimum); }

}  // namespace octavo
