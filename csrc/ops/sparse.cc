// DENSIFY, and sparse constants that other operators read.
#include "ops/sparse.h"

namespace octavo {
namespace {

Status expand(const void* info, void* memory) {
  const auto& t = *static_cast<const TensorInfo*>(info);
  if (t.constant.empty()) return {};  // all zero; its dense levels may be of any length
  reference::densify(t.sparse_levels.data, static_cast<int32_t>(t.sparse_levels.size),
                     dtype_info(t.type).bits / 8, t.constant.data, memory);
  return {};
}

}  // namespace

Status make_dense(const TensorInfo& info, const DerivedStore& store, Arena& memory, void** out) {
  if (info.sparse_fault != nullptr) {
    return Status::failed("sparse constant \"", info.name, "\" ", info.sparse_fault);
  }
  const int64_t bytes = dtype_bytes(info.type, info.shape.count());
  if (store.get != nullptr) {
    const DerivedKey key = {nullptr, {&info}, nullptr, bytes, {}, 0, Derived::kDense};
    return store.get(store.context, key, &expand, &info, out);
  }
  OCTAVO_TRY(memory.allocate(bytes, Arena::kAlignment, out));
  return expand(&info, *out);
}

// All sparse constants are dense when operators see them.
Status prepare_densify(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 1));
  const Tensor& in = c.input(0);
  if (!in.info->is_sparse) return c.fail("input \"", in.info->name, "\" is no sparse constant");
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  OCTAVO_TRY(c.set_shape(0, in.shape));
  c.set_known(0, in.data);
  return {};
}

}  // namespace octavo
