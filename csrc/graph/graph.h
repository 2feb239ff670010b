// A model file in plain structs: what model.cc decodes, what operators and the runtime read.
// Immutable once decoded. Constants and names stay where they lie in the file, whose bytes outlive
// the Graph.
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "base/dtype.h"
#include "base/opcode.h"
#include "base/quantization.h"
#include "base/shape.h"
#include "base/span.h"
#include "base/status.h"
#include "reference/densify.h"

namespace octavo {

struct TensorInfo;

// real = scale * q with a scale for each block of so many elements of a row.
struct BlockQuantization {
  int32_t size = 0;
  const TensorInfo* scales = nullptr;       // null: the whole tensor has no blocks
  const TensorInfo* zero_points = nullptr;  // null: 0
};

// A tensor as the file declares it.
struct TensorInfo {
  Text name;
  DType type = DType::kFloat32;
  Shape shape;                    // where the file leaves a dimension open, 1
  bool has_rank = false;          // else the shape, which is a scalar's, is not known either
  Span<const int32_t> signature;  // as shape with -1 for the open dimensions; empty: none open
  Quantization quantization;
  Span<const uint8_t> constant;  // the value; data is null where the tensor is computed
  bool is_variable = false;
  bool is_sparse = false;
  Span<const reference::SparseLevel> sparse_levels;
  const char* sparse_fault = nullptr;  // why they cannot be walked
  BlockQuantization blocks;

  bool is_blockwise() const { return blocks.scales != nullptr; }
};

constexpr int32_t kNoTensor = -1;  // an optional operand that is left out

struct Node {
  Opcode code = Opcode::ADD;
  Text custom_code;  // of Opcode::CUSTOM
  int32_t version = 1;
  Span<const int32_t> inputs, outputs;  // tensor numbers; an input may be kNoTensor
  Span<const int32_t> intermediates;
  const void* options = nullptr;  // one of graph/options.h, by code; null where the code has none
  Span<const uint8_t> custom_options;  // of Opcode::CUSTOM, as its writer has put them
};

struct Subgraph {
  Text name;
  Span<TensorInfo> tensors;
  Span<Node> nodes;                     // in order of execution
  Span<const int32_t> inputs, outputs;  // tensor numbers
  Span<Subgraph> all;                   // subgraphs of the file, this one among them

  int32_t number() const { return static_cast<int32_t>(this - all.data); }
};

struct SignatureTensor {
  Text name;
  int32_t tensor = 0;
};

struct Signature {
  Text key;
  int32_t subgraph = 0;
  Span<SignatureTensor> inputs, outputs;
};

struct Metadata {
  Text name;
  Span<const uint8_t> value;
};

struct Graph {
  Text description;
  int32_t version = 0;
  Span<Subgraph> subgraphs;  // at least one
  Span<Signature> signatures;
  Span<Metadata> metadata;
};

// Verifies and decodes a file. `file` is aligned to 16 bytes or more and outlives the result.
Status decode_model(Span<const uint8_t> file, Arena& arena, const Graph** out);

}  // namespace octavo
