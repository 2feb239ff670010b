// TOPK_V2: the greatest elements of each row, and their places.
#include "base/math.h"
#include "ops/axis.h"
#include "ops/copy.h"
#include "reference/gather.h"
#include "reference/sorting.h"

namespace octavo {
namespace {

using reference::TopKParams;

struct TopKStep {
  void (*kernel)(const TopKParams& p, const void* in, int32_t* indices);
  TopKParams params;
  int32_t element_bytes;
};

struct TopKKernel {
  DType type;
  void (*kernel)(const TopKParams& p, const void* in, int32_t* indices);
};

constexpr TopKKernel kTopK[] = {
    {DType::kFloat32, &reference::top_k_f32}, {DType::kInt8, &reference::top_k_s8},
    {DType::kUInt8, &reference::top_k_u8},    {DType::kInt16, &reference::top_k_s16},
    {DType::kInt32, &reference::top_k_s32},   {DType::kInt64, &reference::top_k_s64},
};

// Index: the type of output 1.
template <class Index>
Status invoke_top_k(const Step& s, const Workspace&) {
  const auto& p = s.params<TopKStep>();
  int32_t* found = s.scratch(0);
  p.kernel(p.params, s.input(0), found);
  const int64_t count = p.params.rows * p.params.k;
  Index* indices = s.output(1);
  int64_t* places = s.scratch(1);
  for (int64_t i = 0; i < count; ++i) {
    indices[i] = static_cast<Index>(found[i]);
    places[i] = found[i];
  }
  reference::gather({p.params.rows, 1, p.params.row_size, p.params.k, p.element_bytes}, places,
                    s.input(0), s.output(0));
  return {};
}

}  // namespace

Status prepare_topk_v2(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 2));
  const Tensor &in = c.input(0), &given = c.input(1), &indices = c.output(1);
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  OCTAVO_TRY(c.expect_type("indices", indices, {DType::kInt32, DType::kInt16}));
  OCTAVO_TRY(c.expect_rank("input", in, 1, kMaxRank));
  OCTAVO_TRY(c.expect_type("k", given, {DType::kInt32, DType::kInt16}));
  OCTAVO_TRY(c.expect_known("k", given));
  if (given.shape.count() != 1) {
    return c.fail("k \"", given.info->name, "\" has shape ", given.shape,
                  ", should have 1 element");
  }
  const int64_t k = max<int64_t>(integer_at(given, 0), 0), row_size = in.shape.back();
  if (k > row_size) {
    return c.fail("k \"", given.info->name, "\" is ", k, ", rows of input shape ", in.shape,
                  " have ", row_size, " elements");
  }
  const bool is_short = indices.type == DType::kInt16;
  if (is_short && row_size > INT16_MAX + 1) {
    return c.fail("indices of type int16 do not reach the ", row_size, " elements of a row");
  }
  Shape shape = in.shape;
  shape[shape.rank - 1] = static_cast<int32_t>(k);
  OCTAVO_TRY(c.set_shape(0, shape));
  OCTAVO_TRY(c.set_shape(1, shape));
  for (const TopKKernel& choice : kTopK) {
    if (choice.type != in.type) continue;
    const TopKParams p = {in.shape.count(0, in.shape.rank - 1), row_size, k};
    const Step::Invoke invoke = is_short ? &invoke_top_k<int16_t> : &invoke_top_k<int32_t>;
    OCTAVO_TRY(c.set_invoke(invoke, TopKStep{choice.kernel, p, element_bytes(in)}));
    OCTAVO_TRY(c.add_scratch(shape.count() * static_cast<int64_t>(sizeof(int32_t))));
    return c.add_scratch(shape.count() * static_cast<int64_t>(sizeof(int64_t)));
  }
  return c.fail_types();
}

}  // namespace octavo
