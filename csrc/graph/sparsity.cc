#include "graph/sparsity.h"

#include "base/math.h"

namespace octavo {
namespace {

using reference::kMaxLevels;
using reference::SparseLevel;

template <class T>
int32_t length(const flatbuffers::Vector<T>* v) {
  return v == nullptr ? 0 : static_cast<int32_t>(v->size());
}

template <class From>
Status widen(const From* from, Arena& arena, Span<int32_t>& to) {
  if (from == nullptr || from->values() == nullptr) return {};
  OCTAVO_TRY(arena.make(from->values()->size(), to));
  for (uint32_t i = 0; i < to.size; ++i) to[i] = static_cast<int32_t>(from->values()->Get(i));
  return {};
}

// One of the format's three vectors of numbers.
Status read_indices(schema::SparseIndexVector type, const void* from, Arena& arena,
                    Span<int32_t>& to) {
  switch (type) {
    case schema::SparseIndexVector::Int32Vector:
      return widen(static_cast<const schema::Int32Vector*>(from), arena, to);
    case schema::SparseIndexVector::Uint16Vector:
      return widen(static_cast<const schema::Uint16Vector*>(from), arena, to);
    case schema::SparseIndexVector::Uint8Vector:
      return widen(static_cast<const schema::Uint8Vector*>(from), arena, to);
    default:
      return {};
  }
}

// A level of `size` possible indices, of which `places` loops run; *places becomes those within.
Status decode_level(const schema::DimensionMetadata& from, int32_t number, int64_t size,
                    Arena& arena, SparseLevel& to, int64_t* places) {
  to.count = size;
  if (from.format() == schema::DimensionType::DENSE) {
    if (from.dense_size() != size) {
      return Status::invalid("has level ", number, " with ", from.dense_size(),
                             " elements, should have ", size);
    }
    *places *= size;
    return *places <= kMaxElements ? Status() : Status::invalid("has too many values");
  }
  Span<int32_t> segments, indices;
  OCTAVO_TRY(read_indices(from.array_segments_type(), from.array_segments(), arena, segments));
  OCTAVO_TRY(read_indices(from.array_indices_type(), from.array_indices(), arena, indices));
  const auto ends = static_cast<int64_t>(segments.size);
  if (ends != *places + 1) {
    return Status::invalid("has level ", number, " with ", ends, " ends of segments, should have ",
                           *places + 1);
  }
  for (int64_t i = 0; i < ends; ++i) {
    const int32_t before = i == 0 ? 0 : segments[i - 1];
    if (segments[i] < before || segments[i] > static_cast<int64_t>(indices.size)) {
      return Status::invalid("has level ", number, " with a segment that ends at ", segments[i]);
    }
  }
  for (int32_t i : indices) {
    if (i < 0 || i >= size) {
      return Status::invalid("has level ", number, " with index ", i, " of ", size);
    }
  }
  to.segments = segments.data;
  to.indices = indices.data;
  *places = segments[*places];
  return {};
}

template <class Vector>
size_t bytes_in(const void* from) {
  const auto* values = static_cast<const Vector*>(from)->values();
  return values == nullptr ? 0 : values->size() * sizeof(*values->data());
}

size_t bytes_of(schema::SparseIndexVector type, const void* from) {
  if (from == nullptr) return 0;
  switch (type) {
    case schema::SparseIndexVector::Int32Vector:
      return bytes_in<schema::Int32Vector>(from);
    case schema::SparseIndexVector::Uint16Vector:
      return bytes_in<schema::Uint16Vector>(from);
    case schema::SparseIndexVector::Uint8Vector:
      return bytes_in<schema::Uint8Vector>(from);
    default:
      return 0;
  }
}

}  // namespace

size_t sparsity_bytes(const schema::SparsityParameters& from) {
  size_t bytes = 0;
  const int32_t levels = min(length(from.dim_metadata()), kMaxLevels);
  for (int32_t l = 0; l < levels; ++l) {
    const auto& level = *from.dim_metadata()->Get(static_cast<uint32_t>(l));
    bytes += bytes_of(level.array_segments_type(), level.array_segments());
    bytes += bytes_of(level.array_indices_type(), level.array_indices());
  }
  return bytes;
}

Status decode_sparsity(const schema::SparsityParameters& from, const Shape& shape, int64_t values,
                       Arena& arena, Span<const SparseLevel>& out) {
  const int32_t blocks = length(from.block_map()), levels = shape.rank + blocks;
  if (levels > kMaxLevels || length(from.traversal_order()) != levels ||
      length(from.dim_metadata()) != levels) {
    return Status::invalid("has ", shape.rank, " dimensions and ", blocks,
                           " blocked ones, and lists ", length(from.traversal_order()), " of ",
                           length(from.dim_metadata()), " levels");
  }
  int64_t size[kMaxLevels], step[kMaxLevels];  // of each dimension, then of each block
  row_major_strides(shape, step);
  for (int32_t d = 0; d < shape.rank; ++d) size[d] = shape[d];
  int32_t level_of[kMaxLevels];
  for (int32_t& level : level_of) level = -1;
  for (int32_t l = 0; l < levels; ++l) {
    const int32_t d = from.traversal_order()->Get(static_cast<uint32_t>(l));
    if (d < 0 || d >= levels || level_of[d] >= 0) {
      return Status::invalid("lists its levels in an order that is no permutation");
    }
    level_of[d] = l;
  }
  for (int32_t b = 0; b < blocks; ++b) {
    const int32_t d = from.block_map()->Get(static_cast<uint32_t>(b)), own = shape.rank + b;
    const auto level = static_cast<uint32_t>(level_of[own]);
    const int32_t length = from.dim_metadata()->Get(level)->dense_size();
    if (d < 0 || d >= shape.rank || length < 1 || size[d] % length != 0) {
      return Status::invalid("has blocks of ", length, " along dimension ", d);
    }
    step[own] = step[d];
    step[d] *= length;
    size[own] = length;
    size[d] /= length;
  }
  Span<SparseLevel> made;
  OCTAVO_TRY(arena.make(levels, made));
  int64_t places = 1;
  for (int32_t d = 0; d < levels; ++d) made[level_of[d]].step = step[d];
  for (int32_t l = 0; l < levels; ++l) {
    const int32_t d = from.traversal_order()->Get(static_cast<uint32_t>(l));
    OCTAVO_TRY(decode_level(*from.dim_metadata()->Get(static_cast<uint32_t>(l)), l, size[d], arena,
                            made[l], &places));
  }
  if (places != values) {
    return Status::invalid("stores ", values, " values, its levels have ", places);
  }
  out = {made.data, made.size};
  return {};
}

}  // namespace octavo
