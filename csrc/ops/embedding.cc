// EMBEDDING_LOOKUP, EMBEDDING_LOOKUP_SPARSE, HASHTABLE_LOOKUP: rows of tables.
#include "reference/embedding.h"

#include "graph/options.h"
#include "ops/copy.h"
#include "ops/indices.h"
#include "ops/shape.h"
#include "ops/unpacked.h"
#include "reference/gather.h"

namespace octavo {
namespace {

using reference::CombineParams;
using reference::GatherParams;
using reference::QuantizedTable;

struct CopyRowsStep {
  GatherParams kernel;
  IndexSpace space;
};

Status invoke_copy_rows(const Step& s, const Workspace&) {
  const auto& p = s.params<CopyRowsStep>();
  int64_t* rows = s.scratch(0);
  OCTAVO_TRY(read_places(s, 0, p.space, rows));
  reference::gather(p.kernel, rows, s.input(1), s.output(0));
  return {};
}

struct DequantizeRowsStep {
  QuantizedTable table;
  IndexSpace space;
};

template <auto kKernel>
Status invoke_dequantize_rows(const Step& s, const Workspace&) {
  const auto& p = s.params<DequantizeRowsStep>();
  int64_t* rows = s.scratch(0);
  OCTAVO_TRY(read_places(s, 0, p.space, rows));
  QuantizedTable table = p.table;
  table.data = s.inputs[1]->data;
  kKernel(table, s.inputs[0]->shape.count(), rows, s.output(0));
  return {};
}

// Of a table in blocks: a scale of float16 for each block of each row.
Status read_block_scales(const PrepareContext& c, const Tensor& table, QuantizedTable& out) {
  const BlockQuantization& blocks = table.info->blocks;
  const auto fail = [&](const auto&... parts) {
    return c.fail("value \"", table.info->name, "\" is quantized in blocks ", parts...);
  };
  if (table.type != DType::kInt4) return fail("and has type ", table.type, ", should have int4");
  if (blocks.size < 1 || out.columns % blocks.size != 0) {
    return fail("of ", blocks.size, ", which its ", out.columns, " columns do not fill");
  }
  const TensorInfo& scales = *blocks.scales;
  if (scales.type != DType::kFloat16 || scales.constant.data == nullptr || scales.is_sparse) {
    return fail("by scales of type ", scales.type, ", should be a constant of float16");
  }
  const int64_t expected = table.shape[0] * (out.columns / blocks.size);
  if (scales.shape.count() != expected) {
    return fail("of ", blocks.size, ", and has ", scales.shape.count(), " scales, should have ",
                expected);
  }
  if (blocks.zero_points != nullptr) return fail("with zero points, should have none");
  out.block_scales = reinterpret_cast<const Half*>(scales.constant.data);
  out.block_size = blocks.size;
  return {};
}

// One scale, or one for each row; zero points of 0.
Status read_scales(const PrepareContext& c, const Tensor& table, QuantizedTable& out) {
  const Quantization& q = table.quantization();
  const size_t rows = table.shape[0];
  if (q.scale.size != 1 && (q.scale.size != rows || q.axis != 0)) {
    return c.fail("value \"", table.info->name, "\" has ", q.scale.size, " scales for dimension ",
                  q.axis, ", should have 1, or one for each of its ", rows, " rows");
  }
  if (q.zero() != 0) {
    return c.fail("value \"", table.info->name, "\" has zero point ", q.zero(), ", should have 0");
  }
  out.scales = q.scale.data;
  out.is_per_row = q.scale.size > 1;
  return {};
}

// Integers that become floats. uint8 holds int8: so did the first converters write it.
Status prepare_dequantized(PrepareContext& c) {
  const Tensor &table = c.input(1), &out = c.output(0);
  OCTAVO_TRY(
      c.expect_type("value", table, {DType::kInt8, DType::kUInt8, DType::kInt4, DType::kInt2}));
  OCTAVO_TRY(c.expect_type("output", out, {DType::kFloat32, DType::kFloat16}));
  DequantizeRowsStep p = {};
  p.table.columns = table.shape.count(1, table.shape.rank);
  p.table.type = table.type;
  p.space = leading_dimensions(table.shape, 1);
  OCTAVO_TRY(table.info->is_blockwise() ? read_block_scales(c, table, p.table)
                                        : read_scales(c, table, p.table));
  const Step::Invoke invoke = out.type == DType::kFloat32
                                  ? &invoke_dequantize_rows<&reference::dequantize_rows_f32>
                                  : &invoke_dequantize_rows<&reference::dequantize_rows_f16>;
  OCTAVO_TRY(c.set_invoke(invoke, p));
  return add_places(c, c.input(0));
}

Status prepare_copied(PrepareContext& c) {
  const Tensor& table = c.input(1);
  OCTAVO_TRY(expect_movable(c, table, c.output(0)));
  CopyRowsStep p;
  p.kernel = {1, 1, table.shape[0], c.input(0).shape.count(),
              table.shape.count(1, table.shape.rank) * element_bytes(table)};
  p.space = leading_dimensions(table.shape, 1);
  OCTAVO_TRY(c.set_invoke(&invoke_copy_rows, p));
  return add_places(c, c.input(0));
}

struct CombineStep {
  CombineParams kernel;
  IndexSpace rows, places;
};

Status invoke_combine(const Step& s, const Workspace&) {
  const auto& p = s.params<CombineStep>();
  int64_t *rows = s.scratch(0), *buckets = s.scratch(1);
  OCTAVO_TRY(read_places(s, 0, p.rows, rows));
  OCTAVO_TRY(read_places(s, 1, p.places, buckets));
  reference::combine_rows(p.kernel, rows, buckets, s.input(3), s.input(4), s.output(0));
  return {};
}

Status expect_sparse_operands(const PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(5, 5, 1));
  OCTAVO_TRY(c.expect_type("ids", c.input(0), {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("ids", c.input(0), 1, 1));
  OCTAVO_TRY(c.expect_type("indices", c.input(1), {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("indices", c.input(1), 2, 2));
  OCTAVO_TRY(c.expect_type("dense_shape", c.input(2), {DType::kInt32}));
  OCTAVO_TRY(c.expect_type("weights", c.input(3), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("params", c.input(4), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_rank("params", c.input(4), 2, kMaxRank));
  return c.expect_type("output", c.output(0), {DType::kFloat32});
}

struct FindStep {
  int64_t size, block_bytes;
};

Status invoke_find(const Step& s, const Workspace&) {
  const auto& p = s.params<FindStep>();
  const int64_t count = s.inputs[0]->shape.count();
  int64_t* places = s.scratch(0);
  reference::find_keys(count, s.input(0), p.size, s.input(1), places);
  const uint8_t* values = s.input(2);
  uint8_t *out = s.output(0), *hits = s.output(1);
  for (int64_t i = 0; i < count; ++i) {
    hits[i] = places[i] >= 0;
    if (hits[i] != 0) {
      memcpy(out, values + places[i] * p.block_bytes, p.block_bytes);
    } else {
      memset(out, 0, p.block_bytes);
    }
    out += p.block_bytes;
  }
  return {};
}

Status prepare_find(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 3, 2));
  const Tensor &lookup = c.input(0), &keys = c.input(1), &values = c.input(2);
  OCTAVO_TRY(c.expect_type("lookup", lookup, {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("lookup", lookup, 1, 1));
  OCTAVO_TRY(c.expect_type("keys", keys, {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("keys", keys, 1, 1));
  OCTAVO_TRY(expect_movable(c, values, c.output(0)));
  OCTAVO_TRY(c.expect_rank("values", values, 1, kMaxRank));
  OCTAVO_TRY(c.expect_type("hits", c.output(1), {DType::kUInt8}));
  if (keys.shape[0] != values.shape[0]) {
    return c.fail("there are ", keys.shape[0], " keys, values have shape ", values.shape);
  }
  Shape shape = values.shape;
  shape[0] = lookup.shape[0];
  OCTAVO_TRY(c.set_shape(0, shape));
  OCTAVO_TRY(c.set_shape(1, lookup.shape));
  const FindStep p = {keys.shape[0],
                      values.shape.count(1, values.shape.rank) * element_bytes(values)};
  OCTAVO_TRY(c.set_invoke(&invoke_find, p));
  return add_places(c, lookup);
}

}  // namespace

Status prepare_embedding_lookup(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &lookup = c.input(0), &table = c.input(1);
  OCTAVO_TRY(c.expect_type("lookup", lookup, {DType::kInt32}));
  OCTAVO_TRY(c.expect_rank("lookup", lookup, 1, 1));
  OCTAVO_TRY(c.expect_rank("value", table, 2, kMaxRank));
  Shape shape = table.shape;
  shape[0] = lookup.shape[0];
  OCTAVO_TRY(c.set_shape(0, shape));
  if (table.type != c.output(0).type) return prepare_dequantized(c);
  return prepare_unpacked(c, &prepare_copied);
}

Status prepare_embedding_lookup_sparse(PrepareContext& c) {
  OCTAVO_TRY(expect_sparse_operands(c));
  const Shape &ids = c.input(0).shape, &indices = c.input(1).shape, &table = c.input(4).shape;
  const Tensor& weights = c.input(3);
  if (indices[0] != ids[0] || weights.shape != ids) {
    return c.fail("ids have shape ", ids, ", indices ", indices, ", weights ", weights.shape);
  }
  Shape dense;
  OCTAVO_TRY(read_shape(c, "dense_shape", c.input(2), dense));
  if (dense.rank < 1 || dense.rank != indices[1]) {
    return c.fail("indices have rows of ", indices[1], ", dense_shape is ", dense);
  }
  // The last dimension is summed; the table's columns take its place.
  Shape shape = dense;
  --shape.rank;
  if (shape.rank + table.rank - 1 > kMaxRank) {
    return c.fail("output would have ", shape.rank + table.rank - 1, " dimensions, at most ",
                  kMaxRank, " are possible");
  }
  for (int32_t d = 1; d < table.rank; ++d) shape[shape.rank++] = table[d];
  OCTAVO_TRY(c.set_shape(0, shape));

  CombineStep p = {};
  const int32_t depth = dense.rank - 1;
  p.kernel = {
      ids[0], dense.count(0, depth), table.count(1, table.rank),
      static_cast<reference::Weighting>(c.options<EmbeddingLookupSparseOptions>().combiner)};
  p.rows = leading_dimensions(table, 1);
  p.places = leading_dimensions(dense, depth);
  // An index along the summed dimension means nothing, and may be anything.
  p.places.depth = dense.rank;
  p.places.dims[depth] = INT32_MAX;
  p.places.strides[depth] = 0;
  OCTAVO_TRY(c.set_invoke(&invoke_combine, p));
  OCTAVO_TRY(add_places(c, c.input(0)));
  return add_places(c, c.input(1));
}

Status prepare_hashtable_lookup(PrepareContext& c) { return prepare_unpacked(c, &prepare_find); }

}  // namespace octavo
