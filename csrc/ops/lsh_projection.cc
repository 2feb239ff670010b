// LSH_PROJECTION: what a set of items hashes to, of any type.
#include "reference/lsh_projection.h"

#include "graph/options.h"
#include "ops/op.h"

namespace octavo {
namespace {

using reference::LshParams;

Status invoke_lsh(const Step& s, const Workspace&) {
  reference::lsh_projection(s.params<LshParams>(), s.input(0), s.input(1), s.input(2), s.scratch(0),
                            s.output(0));
  return {};
}

Status check_operands(const PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 3, 1));
  const Tensor &seeds = c.input(0), &in = c.input(1);
  OCTAVO_TRY(c.expect_type("hash", seeds, {DType::kFloat32}));
  OCTAVO_TRY(c.expect_rank("hash", seeds, 2, 2));
  OCTAVO_TRY(c.expect_rank("input", in, 1, kMaxRank));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kInt32}));
  if (in.shape[0] < 1) {
    return c.fail("input \"", in.info->name, "\" has shape ", in.shape, ", without an item");
  }
  if (!c.has_input(2)) return {};
  const Tensor& weights = c.input(2);
  OCTAVO_TRY(c.expect_type("weight", weights, {DType::kFloat32}));
  if (weights.shape == make_shape(in.shape[0])) return {};
  return c.fail("weight \"", weights.info->name, "\" has shape ", weights.shape, ", input has ",
                in.shape[0], " items");
}

}  // namespace

Status prepare_lsh_projection(PrepareContext& c) {
  OCTAVO_TRY(check_operands(c));
  const Tensor &seeds = c.input(0), &in = c.input(1);
  const LshType type = c.options<LshOptions>().type;
  if (type == LshType::kUnknown) return c.fail("option type is UNKNOWN");
  LshParams p = {seeds.shape[0], seeds.shape[1], in.shape[0], 0, type == LshType::kSparse};
  constexpr int64_t kMostBits = 32;
  if (p.bits > kMostBits || (p.is_sparse && p.functions > int64_t{1} << (kMostBits - p.bits))) {
    return c.fail("hash \"", seeds.info->name, "\" has shape ", seeds.shape, ", whose ",
                  p.is_sparse ? "signatures" : "functions", " need more than 32 bits");
  }
  const int64_t places = p.is_sparse ? p.functions : p.functions * p.bits;
  if (places > INT32_MAX) return c.fail("gives ", places, " elements, at most ", INT32_MAX);
  const int64_t elements = in.shape.count(1, in.shape.rank), bits = dtype_info(in.type).bits;
  if (bits == 0 || elements * bits % 8 != 0) {
    return c.fail("input \"", in.info->name, "\" has items of ", elements, " elements of type ",
                  in.type, ", which are not whole bytes");
  }
  p.item_bytes = elements * bits / 8;
  OCTAVO_TRY(c.set_shape(0, make_shape(places)));
  OCTAVO_TRY(c.set_invoke(&invoke_lsh, p));
  return c.add_scratch(static_cast<int64_t>(sizeof(float)) + p.item_bytes);
}

}  // namespace octavo
