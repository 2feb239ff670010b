// What the operators that only move elements have in common.
#pragma once

#include "ops/axis.h"
#include "ops/op.h"

namespace octavo {

using reference::StridedCopyParams;

// Where the elements of a box lie in memory, counted in elements.
struct Layout {
  int64_t offset = 0;
  int64_t strides[kMaxRank] = {};
};

Layout row_major(const Shape& whole);
// A box within `whole` that starts at index `begin` of `axis`.
Layout row_major_from(const Shape& whole, int32_t axis, int64_t begin);

// The copy of a box from one layout to another in the fewest loops: dimensions that follow each
// other evenly in both are merged, and a contiguous innermost run becomes the block.
StridedCopyParams plan_copy(const Shape& box, int32_t element_bytes, const Layout& in,
                            const Layout& out);

// Makes the node one copy from input 0 to output 0.
Status set_copy(PrepareContext& c, const StridedCopyParams& copy);

// Makes the node a series of copies: from each input to output 0, where the caller fills `copies`,
// or from input `source` to each output.
Status set_join(PrepareContext& c, Span<StridedCopyParams>& copies);
Status set_cut(PrepareContext& c, int32_t source, Span<StridedCopyParams> copies);

// Elements can move from one tensor to the other: the types are the same and of whole bytes.
Status expect_movable(const PrepareContext& c, const Tensor& in, const Tensor& out);
inline int32_t element_bytes(const Tensor& t) { return dtype_info(t.type).bits / 8; }

// Two tensors between which elements move: where one has a scale, the other has the same.
Status expect_unscaled(const PrepareContext& c, const Tensor& in, const Tensor& out);

// Whether 0 is a number of its own in the tensor: its zero point.
bool has_zero_point(const Tensor& t);
// Writes the element that stands for 0 in `out`, into memory that holds kZeroBytes of zeros.
constexpr int64_t kZeroBytes = 16;
Status write_zero(const PrepareContext& c, const Tensor& out, uint8_t* zero);

}  // namespace octavo
