// STABLEHLO_ADD, STABLEHLO_AND, STABLEHLO_MULTIPLY, STABLEHLO_MAXIMUM, STABLEHLO_MINIMUM,
// STABLEHLO_SHIFT_LEFT, STABLEHLO_GATHER, STABLEHLO_SCATTER. Defined in
// https://github.com/openxla/stablehlo/blob/main/docs/spec.md
#include "graph/options.h"
#include "ops/copy.h"
#include "ops/region.h"
#include "reference/windows.h"

namespace octavo {
namespace {

using reference::Combine;
using reference::Truth;
using reference::WindowsParams;

struct CombineParams {
  Combine how;
};

template <class T>
Status invoke_combine(const Step& s, const Workspace&) {
  reference::combine_all<T>(s.params<CombineParams>().how, s.outputs[0]->shape.count(), s.input(0),
                            s.input(1), s.output(0));
  return {};
}

struct TypedFunction {
  DType type;
  Step::Invoke invoke;
};

template <size_t n>
Step::Invoke find(const TypedFunction (&list)[n], DType type) {
  for (const TypedFunction& f : list) {
    if (f.type == type) return f.invoke;
  }
  return nullptr;
}

constexpr TypedFunction kCombine[] = {
    {DType::kFloat32, &invoke_combine<float>},   {DType::kFloat64, &invoke_combine<double>},
    {DType::kInt8, &invoke_combine<int8_t>},     {DType::kInt16, &invoke_combine<int16_t>},
    {DType::kInt32, &invoke_combine<int32_t>},   {DType::kInt64, &invoke_combine<int64_t>},
    {DType::kUInt8, &invoke_combine<uint8_t>},   {DType::kUInt16, &invoke_combine<uint16_t>},
    {DType::kUInt32, &invoke_combine<uint32_t>}, {DType::kUInt64, &invoke_combine<uint64_t>},
    {DType::kFloat16, &invoke_combine<Half>},    {DType::kBool, &invoke_combine<Truth>},
};

Status prepare_combine(PrepareContext& c, Combine how) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  const Tensor &a = c.input(0), &b = c.input(1);
  OCTAVO_TRY(c.expect_same_type("input 0", a, "input 1", b));
  OCTAVO_TRY(c.expect_same_type("input 0", a, "output", c.output(0)));
  if (a.shape != b.shape) return c.fail("inputs have shapes ", a.shape, " and ", b.shape);
  OCTAVO_TRY(c.set_shape(0, a.shape));
  const Step::Invoke invoke = find(kCombine, a.type);
  if (invoke == nullptr) return c.fail_types();
  c.step.effect = Effect::kElementwise;
  return c.set_invoke(invoke, CombineParams{how});
}

struct ScatterParams {
  WindowsParams windows;
  Combine how;
};

Status invoke_gather(const Step& s, const Workspace&) {
  const auto& p = s.params<WindowsParams>();
  const Tensor& operand = *s.inputs[0];
  const int32_t bytes = element_bytes(operand);
  if (s.inputs[1]->type == DType::kInt64) {
    reference::gather_windows_s64(p, bytes, operand.data, s.input(1), s.outputs[0]->data);
  } else {
    reference::gather_windows_s32(p, bytes, operand.data, s.input(1), s.outputs[0]->data);
  }
  return {};
}

template <class T>
Status invoke_scatter(const Step& s, const Workspace&) {
  const auto& p = s.params<ScatterParams>();
  memcpy(s.outputs[0]->data, s.inputs[0]->data, static_cast<size_t>(s.outputs[0]->bytes()));
  const T* updates = s.input(2);
  T* out = s.output(0);
  if (s.inputs[1]->type == DType::kInt64) {
    const int64_t* indices = s.input(1);
    reference::scatter_windows(p.windows, p.how, indices, updates, out);
  } else {
    const int32_t* indices = s.input(1);
    reference::scatter_windows(p.windows, p.how, indices, updates, out);
  }
  return {};
}

constexpr TypedFunction kScatter[] = {
    {DType::kFloat32, &invoke_scatter<float>},   {DType::kFloat64, &invoke_scatter<double>},
    {DType::kInt8, &invoke_scatter<int8_t>},     {DType::kInt16, &invoke_scatter<int16_t>},
    {DType::kInt32, &invoke_scatter<int32_t>},   {DType::kInt64, &invoke_scatter<int64_t>},
    {DType::kUInt8, &invoke_scatter<uint8_t>},   {DType::kUInt16, &invoke_scatter<uint16_t>},
    {DType::kUInt32, &invoke_scatter<uint32_t>}, {DType::kUInt64, &invoke_scatter<uint64_t>},
    {DType::kFloat16, &invoke_scatter<Half>},    {DType::kBool, &invoke_scatter<Truth>},
};

// Each is a dimension of `rank`, and they ascend, or at least are distinct.
Status check_dims(const PrepareContext& c, const char* option, const LongDims& dims, int32_t rank,
                  bool ascend) {
  uint32_t seen = 0;
  for (int32_t i = 0; i < dims.count; ++i) {
    const int64_t d = dims.values[i];
    const bool is_there = d >= 0 && d < rank;
    if (is_there && (seen >> d & 1) == 0 && !(ascend && seen >> d != 0)) {
      seen |= uint32_t{1} << d;
      continue;
    }
    return c.fail("option ", option, " lists ", d, is_there ? " out of order" : ", of ",
                  is_there ? 0 : rank, is_there ? "" : " dimensions");
  }
  return {};
}

bool is_in(const LongDims& dims, int32_t d) {
  for (int32_t i = 0; i < dims.count; ++i) {
    if (dims.values[i] == d) return true;
  }
  return false;
}

// What the two operators' options say in the same way: `offset` dimensions of the elements lie
// within a window, the operand's but for the `collapsed`; the others are those of the indices but
// for `index_dim`, along which an index's numbers lie.
Status fill_windows(const PrepareContext& c, const Shape& elements, const LongDims& offset,
                    const LongDims& collapsed, const LongDims& moves, int64_t index_dim,
                    WindowsParams& p) {
  const Shape &operand = c.input(0).shape, &indices = c.input(1).shape;
  OCTAVO_TRY(c.expect_type("indices", c.input(1), {DType::kInt32, DType::kInt64}));
  OCTAVO_TRY(check_dims(c, "offset_dims", offset, elements.rank, true));
  OCTAVO_TRY(check_dims(c, "collapsed_slice_dims", collapsed, operand.rank, true));
  OCTAVO_TRY(check_dims(c, "start_index_map", moves, operand.rank, false));
  if (index_dim < 0 || index_dim > indices.rank) {
    return c.fail("option index_vector_dim is ", index_dim, ", indices have shape ", indices);
  }
  const int32_t numbers = index_dim == indices.rank ? 1 : indices[static_cast<int32_t>(index_dim)];
  const int32_t told_apart = indices.rank - (index_dim < indices.rank ? 1 : 0);
  if (numbers != moves.count || offset.count + collapsed.count != operand.rank ||
      offset.count + told_apart != elements.rank) {
    return c.fail("has windows with ", offset.count, " of ", elements.rank, " dimensions and ",
                  collapsed.count, " left out, at ", told_apart, " dimensions of indices of ",
                  numbers, " numbers for ", moves.count, ", in shape ", operand);
  }
  int64_t steps[kMaxRank];
  row_major_strides(indices, steps);
  p.elements = elements;
  p.operand = operand;
  p.numbers = numbers;
  p.number_step = index_dim < indices.rank ? steps[index_dim] : 1;
  for (int32_t i = 0; i < moves.count; ++i) p.moves[i] = static_cast<int32_t>(moves.values[i]);
  int32_t next_index = 0, next = 0;
  for (int32_t d = 0; d < elements.rank; ++d) {
    p.dimension[d] = -1;
    if (is_in(offset, d)) {
      while (is_in(collapsed, next)) ++next;
      p.dimension[d] = next++;
    } else {
      if (next_index == index_dim) ++next_index;
      if (elements[d] != indices[next_index]) {
        return c.fail("dimension ", d, " of shape ", elements, " is not that of indices ", indices);
      }
      p.index_step[d] = steps[next_index++];
    }
  }
  return {};
}

}  // namespace

Status prepare_stablehlo_add(PrepareContext& c) { return prepare_combine(c, Combine::kAdd); }
Status prepare_stablehlo_and(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  OCTAVO_TRY(c.expect_type("input 0", c.input(0),
                           {DType::kBool, DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64,
                            DType::kUInt8, DType::kUInt16, DType::kUInt32, DType::kUInt64}));
  return prepare_combine(c, Combine::kAnd);
}
Status prepare_stablehlo_maximum(PrepareContext& c) {
  return prepare_combine(c, Combine::kMaximum);
}
Status prepare_stablehlo_minimum(PrepareContext& c) {
  return prepare_combine(c, Combine::kMinimum);
}
Status prepare_stablehlo_multiply(PrepareContext& c) {
  return prepare_combine(c, Combine::kMultiply);
}
Status prepare_stablehlo_shift_left(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  OCTAVO_TRY(c.expect_type("input 0", c.input(0), {DType::kInt8, DType::kInt16, DType::kInt32}));
  return prepare_combine(c, Combine::kShiftLeft);
}

Status prepare_stablehlo_gather(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 2, 1));
  OCTAVO_TRY(expect_movable(c, c.input(0), c.output(0)));
  const auto& o = c.options<StablehloGatherOptions>();
  const Shape &operand = c.input(0).shape, &indices = c.input(1).shape;
  if (o.slice_sizes.count != operand.rank) {
    return c.fail("option slice_sizes has ", o.slice_sizes.count, " sizes for shape ", operand);
  }
  for (int32_t d = 0; d < operand.rank; ++d) {
    const int64_t size = o.slice_sizes.values[d];
    if (size < 0 || size > operand[d] || (is_in(o.collapsed_slice_dims, d) && size != 1)) {
      return c.fail("option slice_sizes has ", size, " for dimension ", d, " of shape ", operand);
    }
  }
  Shape out;
  const int32_t batches = indices.rank - (o.index_vector_dim < indices.rank ? 1 : 0);
  const int32_t rank = batches + o.offset_dims.count;
  if (rank > kMaxRank) return c.fail("gives ", rank, " dimensions, at most ", kMaxRank);
  for (int32_t within = 0, batch = 0; out.rank < rank; ++out.rank) {
    while (within < operand.rank && is_in(o.collapsed_slice_dims, within)) ++within;
    if (batch == o.index_vector_dim) ++batch;
    const bool is_within = is_in(o.offset_dims, out.rank);
    if (is_within ? within >= operand.rank : batch >= indices.rank) {
      return c.fail("option offset_dims does not fit shape ", operand);
    }
    out[out.rank] =
        is_within ? static_cast<int32_t>(o.slice_sizes.values[within++]) : indices[batch++];
  }
  OCTAVO_TRY(c.set_shape(0, out));
  WindowsParams p = {};
  OCTAVO_TRY(fill_windows(c, out, o.offset_dims, o.collapsed_slice_dims, o.start_index_map,
                          o.index_vector_dim, p));
  for (int32_t d = 0; d < operand.rank; ++d) {
    p.window[d] = static_cast<int32_t>(o.slice_sizes.values[d]);
  }
  return c.set_invoke(&invoke_gather, p);
}

Status prepare_stablehlo_scatter(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 3, 1));
  const Tensor &in = c.input(0), &updates = c.input(2);
  OCTAVO_TRY(c.expect_same_type("input", in, "updates", updates));
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  OCTAVO_TRY(c.set_shape(0, in.shape));
  const auto& o = c.options<StablehloScatterOptions>();
  ScatterParams p = {};
  OCTAVO_TRY(read_region(c, o.body, p.how));
  OCTAVO_TRY(fill_windows(c, updates.shape, o.update_window_dims, o.inserted_window_dims,
                          o.scatter_dims_to_operand_dims, o.index_vector_dim, p.windows));
  const Step::Invoke invoke = find(kScatter, in.type);
  return invoke != nullptr ? c.set_invoke(invoke, p) : c.fail_types();
}

}  // namespace octavo
