// How a sparse constant is stored, from the file's tables to levels of nested loops.
#pragma once

#include "graph/graph.h"
#include "graph/schema.h"

namespace octavo {

// Bytes of the file that decode_sparsity reads.
size_t sparsity_bytes(const schema::SparsityParameters& from);

// Checks everything: walking through the levels stays within the `values` that are stored and the
// dense tensor's shape.
Status decode_sparsity(const schema::SparsityParameters& from, const Shape& shape, int64_t values,
                       Arena& arena, Span<const reference::SparseLevel>& out);

}  // namespace octavo
