#include "ops/copy.h"

namespace octavo {
namespace {

struct CopiesParams {
  Span<StridedCopyParams> copies;
  int32_t source;  // of cuts
};

Status invoke_copy(const Step& s, const Workspace& w) {
  w.kernels.strided_copy(s.params<StridedCopyParams>(), s.input(0), s.output(0));
  return {};
}

Status invoke_join(const Step& s, const Workspace& w) {
  const auto& p = s.params<CopiesParams>();
  for (size_t i = 0; i < p.copies.size; ++i) {
    w.kernels.strided_copy(p.copies[i], s.input(i), s.output(0));
  }
  return {};
}

Status invoke_cut(const Step& s, const Workspace& w) {
  const auto& p = s.params<CopiesParams>();
  for (size_t i = 0; i < p.copies.size; ++i) {
    w.kernels.strided_copy(p.copies[i], s.input(p.source), s.output(i));
  }
  return {};
}

// Where every output is one run of the input's bytes, nothing needs to be copied.
Status rename_parts(const PrepareContext& c, int32_t source, Span<const StridedCopyParams> copies) {
  for (const StridedCopyParams& copy : copies) {
    if (copy.rank != 0 || copy.out_offset != 0) return {};
  }
  Span<int64_t> offsets;
  OCTAVO_TRY(c.make_array(static_cast<int64_t>(copies.size), offsets));
  for (size_t i = 0; i < copies.size; ++i) offsets[i] = copies[i].in_offset;
  c.step.effect = Effect::kRenames;
  c.step.renaming = {source, {offsets.data, offsets.size}};
  return {};
}

}  // namespace

Layout row_major(const Shape& whole) {
  Layout l;
  row_major_strides(whole, l.strides);
  return l;
}

Layout row_major_from(const Shape& whole, int32_t axis, int64_t begin) {
  Layout l = row_major(whole);
  l.offset = begin * l.strides[axis];
  return l;
}

StridedCopyParams plan_copy(const Shape& box, int32_t element_bytes, const Layout& in,
                            const Layout& out) {
  StridedCopyParams p = {};
  p.block_bytes = box.count() == 0 ? 0 : element_bytes;
  if (p.block_bytes == 0) return p;
  p.in_offset = in.offset * element_bytes;
  p.out_offset = out.offset * element_bytes;
  for (int32_t d = 0; d < box.rank; ++d) {
    if (box[d] == 1) continue;
    const int64_t in_stride = in.strides[d] * element_bytes;
    const int64_t out_stride = out.strides[d] * element_bytes;
    // One loop with the dimension before, if a step of that is all of this one in both layouts.
    const int32_t last = p.rank - 1;
    if (p.rank > 0 && p.in_strides[last] == box[d] * in_stride &&
        p.out_strides[last] == box[d] * out_stride) {
      p.dims[last] *= box[d];
    } else {
      p.dims[p.rank++] = box[d];
    }
    p.in_strides[p.rank - 1] = in_stride;
    p.out_strides[p.rank - 1] = out_stride;
  }
  const int32_t last = p.rank - 1;
  if (p.rank > 0 && p.in_strides[last] == element_bytes && p.out_strides[last] == element_bytes) {
    p.block_bytes *= p.dims[last];
    p.rank = last;
  }
  return p;
}

Status set_copy(PrepareContext& c, const StridedCopyParams& copy) {
  StridedCopyParams* p;
  OCTAVO_TRY(c.make_params(p));
  *p = copy;
  c.step.invoke = &invoke_copy;
  return rename_parts(c, 0, {p, 1});
}

Status set_join(PrepareContext& c, Span<StridedCopyParams>& copies) {
  CopiesParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(c.make_array(c.input_count(), p->copies));
  copies = p->copies;
  c.step.invoke = &invoke_join;
  return {};
}

Status set_cut(PrepareContext& c, int32_t source, Span<StridedCopyParams> copies) {
  CopiesParams* p;
  OCTAVO_TRY(c.make_params(p));
  *p = {copies, source};
  c.step.invoke = &invoke_cut;
  return rename_parts(c, source, {copies.data, copies.size});
}

Status expect_movable(const PrepareContext& c, const Tensor& in, const Tensor& out) {
  const int32_t bits = dtype_info(in.type).bits;
  if (bits == 0 || bits % 8 != 0) {
    return c.fail("input \"", in.info->name, "\" has type ", in.type,
                  ", whose elements are not whole bytes");
  }
  return c.expect_same_type("input", in, "output", out);
}

Status expect_unscaled(const PrepareContext& c, const Tensor& in, const Tensor& out) {
  if (!in.quantization().per_tensor() && !out.quantization().per_tensor()) return {};
  return c.expect_same_quantization("input", in, "output", out);
}

bool has_zero_point(const Tensor& t) {
  const bool is_short =
      t.type == DType::kInt8 || t.type == DType::kUInt8 || t.type == DType::kInt16;
  return is_short && t.quantization().per_tensor();
}

Status write_zero(const PrepareContext& c, const Tensor& out, uint8_t* zero) {
  if (!has_zero_point(out)) return {};
  OCTAVO_TRY(c.expect_per_tensor("output", out));
  const int32_t value = out.zero_point();
  zero[0] = static_cast<uint8_t>(value);
  zero[1] = static_cast<uint8_t>(value >> 8);
  return {};
}

}  // namespace octavo
