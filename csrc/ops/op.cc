#include "ops/op.h"

#include <iterator>

#include "base/math.h"

namespace octavo {
namespace {

constexpr size_t kLongestName = 80;

}  // namespace

NodeLabel::NodeLabel(const Step& step) {
  // A node has no name in the file: its first output's stands for it.
  const Text name = step.outputs.empty() ? Text() : step.outputs[0]->info->name;
  Message m(text, sizeof(text));
  const Node& node = *step.node;
  const Text custom(node.custom_code.data, min(node.custom_code.size, kLongestName));
  m.add(node.code == Opcode::CUSTOM ? custom : Text(opcode_name(node.code)));
  m.add(" (node ");
  m.add(step.index);
  m.add(" \"");
  m.add(Text(name.data, min(name.size, kLongestName)));
  m.add("\"): ");
}

Status PrepareContext::expect_operands(int32_t least, int32_t most, int32_t outputs) const {
  if (input_count() < least || input_count() > most) {
    if (least == most) return fail("takes ", least, " inputs, has ", input_count());
    return fail("takes ", least, " to ", most, " inputs, has ", input_count());
  }
  for (int32_t i = 0; i < least; ++i) {
    if (!has_input(i)) return fail("input ", i, " is left out, but it is not optional");
  }
  if (output_count() != outputs) return fail("gives ", outputs, " outputs, has ", output_count());
  return {};
}

Status PrepareContext::expect_type(const char* role, const Tensor& t,
                                   std::initializer_list<DType> types) const {
  char list[128];
  Message m(list, sizeof(list));
  for (const DType& type : types) {
    if (t.type == type) return {};
    if (&type != types.begin()) m.add(&type + 1 == types.end() ? " or " : ", ");
    m.add(type);
  }
  return fail(role, " \"", t.info->name, "\" has type ", t.type, ", should have ", list);
}

Status PrepareContext::expect_same_type(const char* role_a, const Tensor& a, const char* role_b,
                                        const Tensor& b) const {
  // The file's types: operators that move elements are shown int4 as int8, which it is not.
  const DType type_a = a.info->type, type_b = b.info->type;
  if (type_a == type_b) return {};
  return fail(role_a, " \"", a.info->name, "\" has type ", type_a, ", ", role_b, " \"",
              b.info->name, "\" has ", type_b);
}

Status PrepareContext::expect_rank(const char* role, const Tensor& t, int32_t least,
                                   int32_t most) const {
  if (t.shape.rank >= least && t.shape.rank <= most) return {};
  if (least == most) {
    return fail(role, " \"", t.info->name, "\" has shape ", t.shape, ", should have ", least,
                " dimensions");
  }
  return fail(role, " \"", t.info->name, "\" has shape ", t.shape, ", should have ", least, " to ",
              most, " dimensions");
}

Status PrepareContext::expect_per_tensor(const char* role, const Tensor& t) const {
  const Quantization& q = t.quantization();
  if (!q.per_tensor()) {
    return fail(role, " \"", t.info->name, "\" of type ", t.type, " has ", q.scale.size,
                " scales, should have 1");
  }
  if (!(q.scale[0] > 0)) {
    return fail(role, " \"", t.info->name, "\" has scale ", q.scale[0], ", should be above 0");
  }
  const DTypeInfo& type = dtype_info(t.type);
  if (q.zero() < type.min || q.zero() > type.max) {
    return fail(role, " \"", t.info->name, "\" has zero point ", q.zero(), ", its type ", t.type,
                " holds ", type.min, " to ", type.max);
  }
  return {};
}

Status PrepareContext::expect_symmetric_int16(const char* role, const Tensor& t) const {
  const int64_t zero = t.quantization().zero();
  if (t.type != DType::kInt16 || zero == 0) return {};
  return fail(role, " \"", t.info->name, "\" of type int16 has zero point ", zero,
              ", should have 0");
}

Status PrepareContext::expect_same_quantization(const char* role_a, const Tensor& a,
                                                const char* role_b, const Tensor& b) const {
  OCTAVO_TRY(expect_per_tensor(role_a, a));
  OCTAVO_TRY(expect_per_tensor(role_b, b));
  if (a.zero_point() != b.zero_point()) {
    return fail(role_a, " \"", a.info->name, "\" has zero point ", a.zero_point(), ", ", role_b,
                " \"", b.info->name, "\" has ", b.zero_point());
  }
  if (a.scale() != b.scale()) {
    return fail(role_a, " \"", a.info->name, "\" has scale ", a.scale(), ", ", role_b, " \"",
                b.info->name, "\" has ", b.scale());
  }
  return {};
}

Status PrepareContext::expect_known(const char* role, const Tensor& t) const {
  if (t.info->is_variable) {
    return fail(role, " \"", t.info->name, "\" is a variable, its value must stay the same");
  }
  if (t.data != nullptr) return {};
  return Status::too_early(
      NodeLabel(step).text, role, " \"", t.info->name,
      "\" is computed while running, but its value must be known before: make it a constant, or "
      "give octavo a heap");
}

Status PrepareContext::expect_turn() const {
  if (surroundings_.is_turn) return {};
  return Status::too_early(NodeLabel(step).text,
                           "the shapes of its outputs are known only while running: give octavo a "
                           "heap");
}

Status PrepareContext::fail_types() const {
  char list[256];
  Message m(list, sizeof(list));
  for (int32_t i = 0; i < input_count(); ++i) {
    if (i > 0) m.add(", ");
    m.add(has_input(i) ? dtype_info(input(i).type).name : "none");
  }
  return fail("does not exist for inputs of types (", list, ") and output of type ",
              output(0).type);
}

Status PrepareContext::set_shape(int32_t i, const Shape& shape) const {
  if (!is_valid(shape)) {
    return fail("output \"", output(i).info->name, "\" would have shape ", shape,
                ", which no tensor can have");
  }
  step.outputs[i]->shape = shape;
  return {};
}

Status PrepareContext::make_known(int32_t i, void*& data) const {
  Tensor& t = *step.outputs[i];
  OCTAVO_TRY(memory_.allocate(t.bytes(), Arena::kAlignment, &t.data));
  t.is_known = true;
  data = t.data;
  return {};
}

Status PrepareContext::get_derived(Derived what, const DerivedVariant& variant, bool is_shareable,
                                   int64_t bytes, DerivedStore::Fill fill, const void* task,
                                   void** out) const {
  if (!is_shareable || store_.get == nullptr) {
    OCTAVO_TRY(memory_.allocate(bytes, Arena::kAlignment, out));
    return fill(task, *out);
  }
  DerivedKey key = {&kernels, {}, step.outputs[0]->info, bytes, variant, step.index, what};
  for (size_t i = 0; i < step.inputs.size && i < std::size(key.inputs); ++i) {
    key.inputs[i] = step.inputs[i] != nullptr ? step.inputs[i]->info : nullptr;
  }
  return store_.get(store_.context, key, fill, task, out);
}

Status PrepareContext::add_scratch(int64_t bytes) {
  Span<Scratch>& buffers = step.scratch_buffers;
  if (bytes < 0 || bytes > kMaxElements) {
    return fail("would need ", bytes, " bytes of scratch memory");
  }
  if (buffers.data == nullptr) {
    OCTAVO_TRY(memory_.make(kMaxScratch, buffers));
    buffers.size = 0;
  }
  if (buffers.size == kMaxScratch) return fail("asks for too many scratch buffers");
  buffers.data[buffers.size++] = {nullptr, bytes};
  return {};
}

}  // namespace octavo
