#include "ops/unpacked.h"

#include "base/packed.h"

namespace octavo {
namespace {

struct UnpackedStep {
  Step inner;           // on tensors of bytes where the node's are packed
  int64_t own_scratch;  // buffers of the inner step, the first ones
};

bool has_packed(const Tensor* t) { return t != nullptr && is_packed(t->type); }

// Gives each stand-in of `shown` its piece of the memory that begins at `next`.
void place(Span<Tensor*> operands, Span<Tensor*> shown, int8_t*& next) {
  for (size_t i = 0; i < operands.size; ++i) {
    if (!has_packed(operands[i])) continue;
    shown[i]->data = next;
    next += shown[i]->bytes();
  }
}

Status invoke_unpacked(const Step& s, const Workspace& w) {
  const auto& p = s.params<UnpackedStep>();
  for (int64_t i = 0; i < p.own_scratch; ++i) {
    p.inner.scratch_buffers[i].data = s.scratch_buffers[i].data;
  }
  int8_t* next = s.scratch(p.own_scratch);
  place(s.inputs, p.inner.inputs, next);
  place(s.outputs, p.inner.outputs, next);
  for (size_t i = 0; i < s.inputs.size; ++i) {
    if (!has_packed(s.inputs[i])) continue;
    unpack(*s.inputs[i], w, p.inner.input(i));
  }
  OCTAVO_TRY(p.inner.invoke(p.inner, w));
  for (size_t i = 0; i < s.outputs.size; ++i) {
    if (!has_packed(s.outputs[i])) continue;
    pack(dtype_info(s.outputs[i]->type), s.outputs[i]->shape.count(), p.inner.output(i),
         s.output(i));
  }
  return {};
}

// `shown` are the operands with a stand-in of bytes for each that is packed, which has no memory
// yet.
Status show_as_bytes(const PrepareContext& c, Span<Tensor*> operands, Span<Tensor*>& shown) {
  OCTAVO_TRY(c.make_array(static_cast<int64_t>(operands.size), shown));
  for (size_t i = 0; i < operands.size; ++i) {
    shown[i] = operands[i];
    if (!has_packed(operands[i])) continue;
    Span<Tensor> own;
    OCTAVO_TRY(c.make_array(1, own));
    own[0] = *operands[i];
    own[0].type = operands[i]->type == DType::kUInt4 ? DType::kUInt8 : DType::kInt8;
    own[0].data = nullptr;
    own[0].is_known = own[0].is_from_file = false;
    shown[i] = own.data;
  }
  return {};
}

}  // namespace

void unpack(const Tensor& t, const Workspace& w, int8_t* out) {
  const auto* packed = static_cast<const uint8_t*>(t.data);
  const int64_t count = t.shape.count();
  if (t.type == DType::kInt4) return w.kernels.unpack_s4(count, packed, out);
  const DTypeInfo& type = dtype_info(t.type);
  for (int64_t i = 0; i < count; ++i) out[i] = packed_at(type, packed, i);
}

Status prepare_unpacked(PrepareContext& c, Status (*prepare)(PrepareContext&)) {
  bool is_any = false;
  for (const Tensor* t : c.step.inputs) is_any = is_any || has_packed(t);
  for (const Tensor* t : c.step.outputs) is_any = is_any || has_packed(t);
  if (!is_any) return prepare(c);

  UnpackedStep* p;
  OCTAVO_TRY(c.make_params(p));
  p->inner = c.step;
  OCTAVO_TRY(show_as_bytes(c, c.step.inputs, p->inner.inputs));
  OCTAVO_TRY(show_as_bytes(c, c.step.outputs, p->inner.outputs));
  PrepareContext inner = c.of(p->inner);
  OCTAVO_TRY(prepare(inner));

  int64_t bytes = 0;
  for (const Tensor* t : p->inner.inputs) bytes += t != nullptr ? t->bytes() : 0;
  for (size_t i = 0; i < c.step.outputs.size; ++i) {
    OCTAVO_TRY(c.set_shape(static_cast<int32_t>(i), p->inner.outputs[i]->shape));
    bytes += p->inner.outputs[i]->bytes();
  }
  p->own_scratch = static_cast<int64_t>(p->inner.scratch_buffers.size);
  for (const Scratch& scratch : p->inner.scratch_buffers) {
    OCTAVO_TRY(c.add_scratch(scratch.bytes));
  }
  OCTAVO_TRY(c.add_scratch(bytes));
  c.step.invoke = &invoke_unpacked;
  return {};
}

}  // namespace octavo
