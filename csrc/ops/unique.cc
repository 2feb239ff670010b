// UNIQUE: the distinct elements of a vector, and which of them each element is. How many there are
// is known when all is done, so that everything is done while preparing.
#include "graph/options.h"
#include "ops/copy.h"
#include "reference/sorting.h"

namespace octavo {
namespace {

struct UniqueKernel {
  DType type;
  void (*find_firsts)(int32_t count, const void* in, int32_t* order, int32_t* firsts);
};

constexpr UniqueKernel kUnique[] = {
    {DType::kFloat32, &reference::find_firsts_f32}, {DType::kInt8, &reference::find_firsts_8},
    {DType::kUInt8, &reference::find_firsts_8},     {DType::kInt16, &reference::find_firsts_16},
    {DType::kInt32, &reference::find_firsts_32},    {DType::kInt64, &reference::find_firsts_64},
};

// Numbers the distinct elements in the order of their first places, in place of these; returns how
// many there are.
int32_t number_firsts(Span<int32_t> firsts, int32_t* distinct) {
  int32_t count = 0;
  for (size_t i = 0; i < firsts.size; ++i) {
    const auto place = static_cast<int32_t>(i);
    if (firsts[i] == place) {
      distinct[count] = place;
      firsts[i] = count++;
    } else {
      firsts[i] = firsts[firsts[i]];  // an earlier place, numbered already
    }
  }
  return count;
}

template <class Index>
void write_indices(Span<int32_t> numbers, void* out) {
  for (size_t i = 0; i < numbers.size; ++i) static_cast<Index*>(out)[i] = numbers[i];
}

}  // namespace

Status prepare_unique(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(1, 1, 2));
  const Tensor& in = c.input(0);
  const DType index_type = c.options<TypeOptions>().out;
  if (index_type != DType::kInt32 && index_type != DType::kInt64) {
    return c.fail("option idx_out_type is ", index_type, ", should be int32 or int64");
  }
  OCTAVO_TRY(c.expect_type("indices", c.output(1), {index_type}));
  OCTAVO_TRY(c.expect_same_type("input", in, "output", c.output(0)));
  OCTAVO_TRY(c.expect_rank("input", in, 1, 1));
  const UniqueKernel* kernel = nullptr;
  for (const UniqueKernel& choice : kUnique) {
    if (choice.type == in.type) kernel = &choice;
  }
  if (kernel == nullptr) return c.fail_types();
  OCTAVO_TRY(c.expect_known("input", in));

  Span<int32_t> order, numbers;
  OCTAVO_TRY(c.make_array(in.shape[0], order));
  OCTAVO_TRY(c.make_array(in.shape[0], numbers));
  kernel->find_firsts(in.shape[0], in.data, order.data, numbers.data);
  const int32_t count = number_firsts(numbers, order.data);

  void *values, *indices;
  OCTAVO_TRY(c.set_shape(0, make_shape(count)));
  OCTAVO_TRY(c.set_shape(1, in.shape));
  OCTAVO_TRY(c.make_known(0, values));
  OCTAVO_TRY(c.make_known(1, indices));
  const int32_t bytes = element_bytes(in);
  for (int32_t i = 0; i < count; ++i) {
    memcpy(static_cast<uint8_t*>(values) + int64_t{i} * bytes,
           static_cast<const uint8_t*>(in.data) + int64_t{order[i]} * bytes, bytes);
  }
  if (index_type == DType::kInt32) {
    write_indices<int32_t>(numbers, indices);
  } else {
    write_indices<int64_t>(numbers, indices);
  }
  return {};
}

}  // namespace octavo
