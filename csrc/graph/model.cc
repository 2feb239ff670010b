// From the bytes of a file to a Graph. With options.cc, the only code that sees flatbuffers. A file
// is hostile until the verifier and then every check below have passed: later code relies on what
// graph.h says.
#include "graph/calls.h"
#include "graph/schema.h"
#include "graph/sparsity.h"

namespace octavo {
namespace {

constexpr uint32_t kSchemaVersion = 3;

Text text(const flatbuffers::String* s) {
  return s == nullptr ? Text() : Text(s->c_str(), s->size());
}

template <class T>
uint32_t length(const flatbuffers::Vector<T>* v) {
  return v == nullptr ? 0 : v->size();
}

class Decoder {
 public:
  Decoder(Span<const uint8_t> file, Arena& arena) : file_(file), arena_(arena) {}

  Status decode(const Graph** out);

 private:
  Status decode_subgraph(const schema::SubGraph& from, uint32_t index, Subgraph& to);
  Status decode_tensor(const schema::Tensor& from, TensorInfo& to);
  Status decode_shape(const schema::Tensor& from, TensorInfo& to);
  Status decode_quantization(const schema::Tensor& from, TensorInfo& to);
  Status decode_blocks(const schema::Tensor& from, const Subgraph& subgraph, TensorInfo& to);
  Status decode_constant(const schema::Tensor& from, TensorInfo& to);
  Status decode_sparse(const schema::Tensor& from, TensorInfo& to);
  Status decode_node(const schema::Operator& from, const Subgraph& subgraph, Node& to);
  Status decode_custom_options(const schema::Operator& from, Span<const uint8_t>& to);
  Status decode_signature(const schema::SignatureDef& from, const Graph& graph, Signature& to);
  Status check_order(const Subgraph& subgraph);
  Status check_indices(const char* what, Span<const int32_t> indices, size_t tensors,
                       int32_t least);
  Status buffer(uint32_t index, Span<const uint8_t>& out);
  Status bytes_behind(uint64_t offset, uint64_t size, Span<const uint8_t>& out);
  Status align(size_t alignment, Span<const uint8_t>& bytes);
  template <class T>
  Status read(const flatbuffers::Vector<T>* from, Span<const T>& to);
  Status spend(size_t bytes);

  Span<const uint8_t> file_;
  Arena& arena_;
  size_t spent_ = 0;
  const schema::Model* model_ = nullptr;
};

// Tables may refer to one vector from many places, so that a small file could ask for any amount of
// time and memory: what is read and copied must be no more than the file itself holds.
Status Decoder::spend(size_t bytes) {
  if (bytes > file_.size - spent_) {
    return Status::invalid(
        "the file refers to the same data from so many places that it would be read as more than ",
        file_.size, " bytes");
  }
  spent_ += bytes;
  return {};
}

template <class T>
Status Decoder::read(const flatbuffers::Vector<T>* from, Span<const T>& to) {
  if (from == nullptr) return {};
  to = {from->data(), from->size()};
  return spend(to.size * sizeof(T));
}

Status Decoder::decode(const Graph** out) {
  if (file_.empty()) return Status::invalid("the model file is empty");
  if (file_.size < 8 || memcmp(file_.data + 4, schema::ModelIdentifier(), 4) != 0) {
    return Status::invalid("not a .tflite file: bytes 4 to 7 are not \"", schema::ModelIdentifier(),
                           "\"");
  }
  // A flatbuffer ends below 2 GB; a larger file has the data of its buffers behind it.
  constexpr size_t kLargest = FLATBUFFERS_MAX_BUFFER_SIZE - 1;
  flatbuffers::Verifier verifier(file_.data, file_.size < kLargest ? file_.size : kLargest);
  if (!schema::VerifyModelBuffer(verifier)) {
    return Status::invalid("the .tflite file is truncated or damaged: an offset in its ",
                           file_.size, " bytes points outside or to the wrong place");
  }
  model_ = schema::GetModel(file_.data);
  if (model_->version() != kSchemaVersion) {
    return Status::invalid("the file has schema version ", model_->version(), ", octavo reads ",
                           kSchemaVersion);
  }
  Graph* graph;
  OCTAVO_TRY(arena_.make(graph));
  graph->description = text(model_->description());
  graph->version = static_cast<int32_t>(model_->version());
  const uint32_t subgraphs = length(model_->subgraphs());
  if (subgraphs == 0) return Status::invalid("the file holds no subgraph: there is nothing to run");
  OCTAVO_TRY(arena_.make(subgraphs, graph->subgraphs));
  for (uint32_t i = 0; i < subgraphs; ++i) {
    OCTAVO_TRY(decode_subgraph(*model_->subgraphs()->Get(i), i, graph->subgraphs[i]));
    graph->subgraphs[i].all = graph->subgraphs;
  }
  OCTAVO_TRY(check_calls(*graph, arena_));
  OCTAVO_TRY(arena_.make(length(model_->signature_defs()), graph->signatures));
  for (uint32_t i = 0; i < graph->signatures.size; ++i) {
    OCTAVO_TRY(decode_signature(*model_->signature_defs()->Get(i), *graph, graph->signatures[i]));
  }
  OCTAVO_TRY(arena_.make(length(model_->metadata()), graph->metadata));
  for (uint32_t i = 0; i < graph->metadata.size; ++i) {
    const schema::Metadata& from = *model_->metadata()->Get(i);
    graph->metadata[i].name = text(from.name());
    OCTAVO_TRY(buffer(from.buffer(), graph->metadata[i].value));
  }
  *out = graph;
  return {};
}

Status Decoder::decode_subgraph(const schema::SubGraph& from, uint32_t index, Subgraph& to) {
  to.name = text(from.name());
  OCTAVO_TRY(arena_.make(length(from.tensors()), to.tensors));
  for (uint32_t i = 0; i < to.tensors.size; ++i) {
    const schema::Tensor& tensor = *from.tensors()->Get(i);
    Status s = decode_tensor(tensor, to.tensors[i]);
    if (s.ok()) s = decode_blocks(tensor, to, to.tensors[i]);
    OCTAVO_TRY(s.labeled("subgraph ", index, ", tensor ", i, " \"", to.tensors[i].name, "\": "));
  }
  OCTAVO_TRY(read(from.inputs(), to.inputs));
  OCTAVO_TRY(read(from.outputs(), to.outputs));
  OCTAVO_TRY(check_indices("the subgraph's inputs", to.inputs, to.tensors.size, 0));
  OCTAVO_TRY(check_indices("the subgraph's outputs", to.outputs, to.tensors.size, 0));
  OCTAVO_TRY(arena_.make(length(from.operators()), to.nodes));
  for (uint32_t i = 0; i < to.nodes.size; ++i) {
    const Status s = decode_node(*from.operators()->Get(i), to, to.nodes[i]);
    OCTAVO_TRY(s.labeled("subgraph ", index, ", node ", i, ": "));
  }
  return check_order(to).labeled("subgraph ", index, ", ");
}

Status Decoder::decode_tensor(const schema::Tensor& from, TensorInfo& to) {
  to.name = text(from.name());
  to.type = static_cast<DType>(from.type());
  if (dtype_info(to.type).name == dtype_info(DType::kUnknown).name) {
    return Status::invalid("element type ", static_cast<int>(from.type()), " is unknown");
  }
  to.is_variable = from.is_variable();
  to.is_sparse = from.sparsity() != nullptr;
  OCTAVO_TRY(decode_shape(from, to));
  OCTAVO_TRY(decode_constant(from, to));
  if (to.is_sparse) OCTAVO_TRY(decode_sparse(from, to));
  return decode_quantization(from, to);
}

Status Decoder::decode_shape(const schema::Tensor& from, TensorInfo& to) {
  Span<const int32_t> dims;
  OCTAVO_TRY(read(from.shape(), dims));
  if (dims.size > kMaxRank) {
    return Status::invalid("has ", dims.size, " dimensions, octavo has at most ", kMaxRank);
  }
  to.shape.rank = static_cast<int32_t>(dims.size);
  to.has_rank = from.has_rank() || !dims.empty();
  for (size_t i = 0; i < dims.size; ++i) to.shape.dims[i] = dims[i] == -1 ? 1 : dims[i];
  if (!is_valid(to.shape)) return Status::invalid("has the impossible shape ", to.shape);
  OCTAVO_TRY(read(from.shape_signature(), to.signature));
  if (!to.signature.empty() && to.signature.size != dims.size) {
    return Status::invalid("has ", dims.size, " dimensions, its shape signature has ",
                           to.signature.size);
  }
  return {};
}

Status Decoder::decode_constant(const schema::Tensor& from, TensorInfo& to) {
  if (from.external_buffer() != 0) {
    return Status::invalid(
        "lies in an external buffer, a file of its own; octavo needs constants "
        "inside the model file");
  }
  Span<const uint8_t> bytes;
  OCTAVO_TRY(buffer(from.buffer(), bytes));
  if (bytes.empty()) {
    if (to.is_sparse && to.is_variable) return Status::invalid("is a variable, and sparse");
    if (to.is_sparse) to.constant = {file_.data, 0};  // all zeros
    return {};
  }
  if (to.is_variable) return Status::invalid("is a variable, and has a value in the file");
  const DTypeInfo& type = dtype_info(to.type);
  // Sparse constants and strings have a layout of their own.
  const int64_t expected = dtype_bytes(to.type, to.shape.count());
  if (type.bits > 0 && !to.is_sparse && static_cast<int64_t>(bytes.size) != expected) {
    return Status::invalid("of shape ", to.shape, " and type ", to.type, " takes ", expected,
                           " bytes, its buffer ", from.buffer(), " has ", bytes.size);
  }
  OCTAVO_TRY(align(type.bits >= 64 ? 8 : type.bits > 8 ? type.bits / 8 : 1, bytes));
  to.constant = bytes;
  return {};
}

// A constant whose levels do not fit is an error for who wants its elements.
Status Decoder::decode_sparse(const schema::Tensor& from, TensorInfo& to) {
  const int32_t bits = dtype_info(to.type).bits;
  const auto bytes = static_cast<int64_t>(to.constant.size);
  OCTAVO_TRY(spend(sparsity_bytes(*from.sparsity())));
  const Status s =
      bits > 0 && bits % 8 == 0
          ? decode_sparsity(*from.sparsity(), to.shape, bytes * 8 / bits, arena_, to.sparse_levels)
          : Status::invalid("has elements of type ", to.type);
  if (s.ok()) return {};
  Span<char> fault;
  OCTAVO_TRY(arena_.make(static_cast<int64_t>(strlen(s.message())) + 1, fault));
  memcpy(fault.data, s.message(), fault.size);
  to.sparse_fault = fault.data;
  return {};
}

// A writer may have left a buffer at an address that its element type does not allow.
Status Decoder::align(size_t alignment, Span<const uint8_t>& bytes) {
  if (reinterpret_cast<uintptr_t>(bytes.data) % alignment == 0) return {};
  OCTAVO_TRY(spend(bytes.size));
  void* aligned;
  OCTAVO_TRY(arena_.allocate(static_cast<int64_t>(bytes.size), alignment, &aligned));
  memcpy(aligned, bytes.data, bytes.size);
  bytes.data = static_cast<const uint8_t*>(aligned);
  return {};
}

Status Decoder::decode_quantization(const schema::Tensor& from, TensorInfo& to) {
  const schema::QuantizationParameters* q = from.quantization();
  if (q == nullptr) return {};
  Quantization& quantization = to.quantization;
  OCTAVO_TRY(read(q->scale(), quantization.scale));
  OCTAVO_TRY(read(q->zero_point(), quantization.zero_point));
  quantization.axis = q->quantized_dimension();
  const size_t scales = quantization.scale.size, zeros = quantization.zero_point.size;
  if (zeros > 1 && zeros != scales) {
    return Status::invalid("has ", scales, " scales and ", zeros, " zero points");
  }
  if (scales > 1) {
    const int32_t axis = quantization.axis;
    if (axis < 0 || axis >= to.shape.rank) {
      return Status::invalid("is quantized along dimension ", axis, ", has ", to.shape.rank,
                             " dimensions");
    }
    if (static_cast<size_t>(to.shape[axis]) != scales) {
      return Status::invalid("has ", scales, " scales along dimension ", axis, " of size ",
                             to.shape[axis]);
    }
  }
  for (float scale : quantization.scale) {
    // Not below zero, not infinite, not NaN.
    if (!(scale >= 0 && scale - scale == 0)) return Status::invalid("has scale ", scale);
  }
  for (int64_t zero : quantization.zero_point) {
    if (zero < INT32_MIN || zero > INT32_MAX) return Status::invalid("has zero point ", zero);
  }
  return {};
}

Status Decoder::decode_blocks(const schema::Tensor& from, const Subgraph& subgraph,
                              TensorInfo& to) {
  const schema::QuantizationParameters* q = from.quantization();
  const auto* blocks = q != nullptr ? q->details_as_BlockwiseQuantization() : nullptr;
  if (blocks == nullptr) return {};
  const auto tensors = static_cast<int64_t>(subgraph.tensors.size);
  const int32_t scales = blocks->scales(), zero_points = blocks->zero_points();
  if (scales < 0 || scales >= tensors || zero_points >= tensors) {
    return Status::invalid("has the scales of its blocks in tensor ", scales,
                           " and their zero points in tensor ", zero_points, ", the subgraph has ",
                           tensors);
  }
  // 0 is what a writer has who leaves the field out.
  to.blocks = {blocks->block_size(), &subgraph.tensors[scales],
               zero_points <= 0 ? nullptr : &subgraph.tensors[zero_points]};
  return {};
}

Status Decoder::decode_node(const schema::Operator& from, const Subgraph& subgraph, Node& to) {
  const uint32_t codes = length(model_->operator_codes());
  if (from.opcode_index() >= codes) {
    return Status::invalid("has operator code ", from.opcode_index(), ", the file lists ", codes);
  }
  const schema::OperatorCode& code = *model_->operator_codes()->Get(from.opcode_index());
  // Writers older than the wide field leave it 0; newer ones fill the narrow one with what fits.
  const auto wide = static_cast<int32_t>(code.builtin_code());
  const int32_t number =
      wide > code.deprecated_builtin_code() ? wide : code.deprecated_builtin_code();
  to.code = static_cast<Opcode>(number);
  if (opcode_name(to.code) == nullptr) return Status::invalid("operator ", number, " is unknown");
  to.custom_code = text(code.custom_code());
  to.version = code.version();
  OCTAVO_TRY(read(from.inputs(), to.inputs));
  OCTAVO_TRY(read(from.outputs(), to.outputs));
  OCTAVO_TRY(read(from.intermediates(), to.intermediates));
  OCTAVO_TRY(decode_custom_options(from, to.custom_options));
  OCTAVO_TRY(check_indices("inputs", to.inputs, subgraph.tensors.size, kNoTensor));
  OCTAVO_TRY(check_indices("outputs", to.outputs, subgraph.tensors.size, 0));
  OCTAVO_TRY(check_indices("intermediates", to.intermediates, subgraph.tensors.size, 0));
  const Status s = decode_options(from, to.code, arena_, &to.options);
  return s.labeled(opcode_name(to.code), ": ");
}

Status Decoder::decode_custom_options(const schema::Operator& from, Span<const uint8_t>& to) {
  if (from.custom_options() != nullptr) {
    to = {from.custom_options()->data(), from.custom_options()->size()};
  }
  if (from.large_custom_options_offset() <= 1) return {};
  const Status s =
      bytes_behind(from.large_custom_options_offset(), from.large_custom_options_size(), to);
  return s.labeled("custom options ");
}

Status Decoder::check_indices(const char* what, Span<const int32_t> indices, size_t tensors,
                              int32_t least) {
  for (int32_t i : indices) {
    if (i < least || i >= static_cast<int64_t>(tensors)) {
      return Status::invalid(what, " name tensor ", i, ", the subgraph has ", tensors);
    }
  }
  return {};
}

// Every tensor is computed once and before it is read, so that running in order reads no garbage.
// One without elements needs no computing: reading it settles that its value is none.
Status Decoder::check_order(const Subgraph& subgraph) {
  Span<bool> has_value;
  OCTAVO_TRY(arena_.make(static_cast<int64_t>(subgraph.tensors.size), has_value));
  for (size_t i = 0; i < has_value.size; ++i) {
    const TensorInfo& t = subgraph.tensors[i];
    has_value[i] = t.constant.data != nullptr || t.is_variable;
  }
  auto can_be_read = [&](int32_t i) {
    has_value[i] = has_value[i] || subgraph.tensors[i].shape.count() == 0;
    return has_value[i];
  };
  for (int32_t i : subgraph.inputs) has_value[i] = true;
  for (size_t n = 0; n < subgraph.nodes.size; ++n) {
    const Node& node = subgraph.nodes[n];
    for (int32_t i : node.inputs) {
      if (i != kNoTensor && !can_be_read(i)) {
        return Status::invalid("node ", n, " (", opcode_name(node.code), ") reads tensor ", i,
                               " \"", subgraph.tensors[i].name,
                               "\" before any node has computed it");
      }
    }
    for (int32_t i : node.outputs) {
      if (has_value[i]) {
        return Status::invalid("node ", n, " (", opcode_name(node.code), ") writes tensor ", i,
                               " \"", subgraph.tensors[i].name, "\", which has a value already");
      }
      has_value[i] = true;
    }
  }
  for (int32_t i : subgraph.outputs) {
    if (!can_be_read(i)) {
      return Status::invalid("output tensor ", i, " \"", subgraph.tensors[i].name,
                             "\" is computed by no node");
    }
  }
  return {};
}

Status Decoder::decode_signature(const schema::SignatureDef& from, const Graph& graph,
                                 Signature& to) {
  to.key = text(from.signature_key());
  if (from.subgraph_index() >= graph.subgraphs.size) {
    return Status::invalid("signature \"", to.key, "\" names subgraph ", from.subgraph_index(),
                           ", the file has ", graph.subgraphs.size);
  }
  to.subgraph = static_cast<int32_t>(from.subgraph_index());
  const size_t tensors = graph.subgraphs[to.subgraph].tensors.size;
  auto decode_map = [&](const auto* maps, Span<SignatureTensor>& out) -> Status {
    OCTAVO_TRY(arena_.make(length(maps), out));
    for (uint32_t i = 0; i < out.size; ++i) {
      const schema::TensorMap& map = *maps->Get(i);
      if (map.tensor_index() >= tensors) {
        return Status::invalid("signature \"", to.key, "\" names tensor ", map.tensor_index(),
                               ", its subgraph has ", tensors);
      }
      out[i] = {text(map.name()), static_cast<int32_t>(map.tensor_index())};
    }
    return {};
  };
  OCTAVO_TRY(decode_map(from.inputs(), to.inputs));
  return decode_map(from.outputs(), to.outputs);
}

Status Decoder::buffer(uint32_t index, Span<const uint8_t>& out) {
  const uint32_t buffers = length(model_->buffers());
  if (index >= buffers) {
    if (index == 0) return {};
    return Status::invalid("names buffer ", index, ", the file has ", buffers);
  }
  const schema::Buffer& b = *model_->buffers()->Get(index);
  if (b.data() != nullptr) out = {b.data()->data(), b.data()->size()};
  if (b.offset() <= 1) return {};
  const Status s = bytes_behind(b.offset(), b.size(), out);
  return s.labeled("buffer ", index, " ");
}

// Behind the flatbuffer, in files of more than 2 GB.
Status Decoder::bytes_behind(uint64_t offset, uint64_t size, Span<const uint8_t>& out) {
  if (offset > file_.size || size > file_.size - offset) {
    return Status::invalid("ends beyond the file's ", file_.size, " bytes");
  }
  out = {file_.data + offset, static_cast<size_t>(size)};
  return {};
}

}  // namespace

Status decode_model(Span<const uint8_t> file, Arena& arena, const Graph** out) {
  return Decoder(file, arena).decode(out);
}

}  // namespace octavo
