// The options of each operator, from the file's tables to the structs of options.h.
#include "graph/options.h"

#include "graph/schema.h"

namespace octavo {
namespace {

Status convert(schema::ActivationFunctionType from, Activation& to) {
  to = static_cast<Activation>(from);
  if (from >= schema::ActivationFunctionType::MIN && from <= schema::ActivationFunctionType::MAX) {
    return {};
  }
  return Status::invalid("fused activation ", static_cast<int>(from), " is unknown");
}

Status convert(schema::Padding from, Padding& to) {
  to = static_cast<Padding>(from);
  if (from >= schema::Padding::MIN && from <= schema::Padding::MAX) return {};
  return Status::invalid("padding ", static_cast<int>(from), " is unknown");
}

Status convert(schema::TensorType from, DType& to) {
  to = static_cast<DType>(from);
  if (from >= schema::TensorType::MIN && from <= schema::TensorType::MAX) return {};
  return Status::invalid("element type ", static_cast<int>(from), " is unknown");
}

Status convert(const flatbuffers::Vector<int32_t>* from, DimsOptions& to) {
  to.given = from != nullptr;
  if (from == nullptr) return {};
  if (from->size() > kMaxRank) {
    return Status::invalid("lists ", from->size(), " dimensions, at most ", kMaxRank);
  }
  to.count = static_cast<int32_t>(from->size());
  for (int32_t i = 0; i < to.count; ++i) to.dims[i] = from->Get(static_cast<uint32_t>(i));
  return {};
}

template <int32_t most>
Status convert(const flatbuffers::Vector<int64_t>* from, Longs<most>& to) {
  if (from == nullptr) return {};
  if (from->size() > most) {
    return Status::invalid("lists ", from->size(), " numbers for dimensions, at most ", most);
  }
  to.count = static_cast<int32_t>(from->size());
  for (int32_t i = 0; i < to.count; ++i) to.values[i] = from->Get(static_cast<uint32_t>(i));
  return {};
}

// One decode function a table of the file; the struct it fills follows from its second argument.

Status decode(const schema::Conv2DOptions& from, Conv2DOptions& to) {
  to.stride_w = from.stride_w();
  to.stride_h = from.stride_h();
  to.dilation_w = from.dilation_w_factor();
  to.dilation_h = from.dilation_h_factor();
  OCTAVO_TRY(convert(from.padding(), to.padding));
  OCTAVO_TRY(convert(from.quantized_bias_type(), to.quantized_bias_type));
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::DepthwiseConv2DOptions& from, Conv2DOptions& to) {
  to.stride_w = from.stride_w();
  to.stride_h = from.stride_h();
  to.dilation_w = from.dilation_w_factor();
  to.dilation_h = from.dilation_h_factor();
  OCTAVO_TRY(convert(from.padding(), to.padding));
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::TransposeConvOptions& from, Conv2DOptions& to) {
  to.stride_w = from.stride_w();
  to.stride_h = from.stride_h();
  OCTAVO_TRY(convert(from.padding(), to.padding));
  OCTAVO_TRY(convert(from.quantized_bias_type(), to.quantized_bias_type));
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::FullyConnectedOptions& from, FullyConnectedOptions& to) {
  to.shuffled_weights =
      from.weights_format() != schema::FullyConnectedOptionsWeightsFormat::DEFAULT;
  to.keep_num_dims = from.keep_num_dims();
  to.asymmetric_quantize_inputs = from.asymmetric_quantize_inputs();
  OCTAVO_TRY(convert(from.quantized_bias_type(), to.quantized_bias_type));
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::Pool2DOptions& from, Pool2DOptions& to) {
  to.stride_w = from.stride_w();
  to.stride_h = from.stride_h();
  to.filter_width = from.filter_width();
  to.filter_height = from.filter_height();
  OCTAVO_TRY(convert(from.padding(), to.padding));
  return convert(from.fused_activation_function(), to.activation);
}

template <class From>  // AddOptions, SubOptions
Status decode(const From& from, BinaryOptions& to) {
  to.pot_scale_int16 = from.pot_scale_int16();
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::DivOptions& from, BinaryOptions& to) {
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::MulOptions& from, BinaryOptions& to) {
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::BatchMatMulOptions& from, BatchMatMulOptions& to) {
  to.adj_x = from.adj_x();
  to.adj_y = from.adj_y();
  to.asymmetric_quantize_inputs = from.asymmetric_quantize_inputs();
  return {};
}

Status decode(const schema::BucketizeOptions& from, BucketizeOptions& to) {
  static_assert(FLATBUFFERS_LITTLEENDIAN, "boundaries are read as they lie in the file");
  if (from.boundaries() == nullptr) return {};
  to.boundaries = {from.boundaries()->data(), from.boundaries()->size()};
  return {};
}

Status decode(const schema::CumsumOptions& from, CumsumOptions& to) {
  to.exclusive = from.exclusive();
  to.reverse = from.reverse();
  return {};
}

Status decode(const schema::EmbeddingLookupSparseOptions& from, EmbeddingLookupSparseOptions& to) {
  const schema::CombinerType combiner = from.combiner();
  to.combiner = static_cast<Combiner>(combiner);
  if (combiner >= schema::CombinerType::MIN && combiner <= schema::CombinerType::MAX) return {};
  return Status::invalid("combiner ", static_cast<int>(combiner), " is unknown");
}

Status decode(const schema::GatherOptions& from, GatherOptions& to) {
  to.axis = from.axis();
  to.batch_dims = from.batch_dims();
  return {};
}

Status decode(const schema::MirrorPadOptions& from, MirrorPadOptions& to) {
  to.reflects = from.mode() == schema::MirrorPadMode::REFLECT;
  return {};
}

Status decode(const schema::ReverseSequenceOptions& from, ReverseSequenceOptions& to) {
  to.seq_dim = from.seq_dim();
  to.batch_dim = from.batch_dim();
  return {};
}

template <class From>  // SpaceToDepthOptions, DepthToSpaceOptions
Status decode(const From& from, BlockOptions& to) {
  to.block_size = from.block_size();
  return {};
}

Status decode(const schema::SoftmaxOptions& from, SoftmaxOptions& to) {
  to.beta = from.beta();
  return {};
}

Status decode(const schema::LeakyReluOptions& from, LeakyReluOptions& to) {
  to.alpha = from.alpha();
  return {};
}

Status decode(const schema::Conv3DOptions& from, Conv3DOptions& to) {
  to.stride[0] = from.stride_d();
  to.stride[1] = from.stride_h();
  to.stride[2] = from.stride_w();
  to.dilation[0] = from.dilation_d_factor();
  to.dilation[1] = from.dilation_h_factor();
  to.dilation[2] = from.dilation_w_factor();
  OCTAVO_TRY(convert(from.padding(), to.padding));
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::L2NormOptions& from, ActivationOptions& to) {
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::LocalResponseNormalizationOptions& from, LocalResponseOptions& to) {
  to = {from.radius(), from.bias(), from.alpha(), from.beta()};
  return {};
}

Status decode(const schema::GeluOptions& from, GeluOptions& to) {
  to.approximate = from.approximate();
  return {};
}

Status decode(const schema::ConcatenationOptions& from, ConcatenationOptions& to) {
  to.axis = from.axis();
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::FakeQuantOptions& from, FakeQuantOptions& to) {
  to = {from.min(), from.max(), from.num_bits(), from.narrow_range()};
  return {};
}

Status decode(const schema::RandomOptions& from, RandomOptions& to) {
  // As LiteRT keeps them: the file has 64 bits.
  to = {static_cast<int32_t>(from.seed()), static_cast<int32_t>(from.seed2())};
  return {};
}

Status decode(const schema::StablehloRngBitGeneratorOptions& from, RngOptions& to) {
  to.algorithm = static_cast<RngAlgorithm>(from.algorithm());
  if (from.algorithm() >= schema::RngAlgorithm::MIN &&
      from.algorithm() <= schema::RngAlgorithm::MAX) {
    return {};
  }
  return Status::invalid("algorithm ", static_cast<int>(from.algorithm()), " is unknown");
}

Status decode(const schema::ReducerOptions& from, ReducerOptions& to) {
  to.keep_dims = from.keep_dims();
  return {};
}

template <class From>  // ResizeBilinearOptions, ResizeNearestNeighborOptions
Status decode(const From& from, ResizeOptions& to) {
  to.align_corners = from.align_corners();
  to.half_pixel_centers = from.half_pixel_centers();
  return {};
}

Status decode(const schema::StridedSliceOptions& from, StridedSliceOptions& to) {
  to.begin_mask = from.begin_mask();
  to.end_mask = from.end_mask();
  to.ellipsis_mask = from.ellipsis_mask();
  to.new_axis_mask = from.new_axis_mask();
  to.shrink_axis_mask = from.shrink_axis_mask();
  to.offset = from.offset();
  return {};
}

Status decode(const schema::PackOptions& from, AxisOptions& to) {
  to = {from.values_count(), from.axis()};
  return {};
}

Status decode(const schema::UnpackOptions& from, AxisOptions& to) {
  to = {from.num(), from.axis()};
  return {};
}

Status decode(const schema::OneHotOptions& from, AxisOptions& to) {
  to.axis = from.axis();
  return {};
}

template <class From>  // SplitOptions, SplitVOptions
Status decode(const From& from, AxisOptions& to) {
  to.count = from.num_splits();
  return {};
}

Status decode(const schema::SqueezeOptions& from, DimsOptions& to) {
  return convert(from.squeeze_dims(), to);
}

Status decode(const schema::ReshapeOptions& from, DimsOptions& to) {
  return convert(from.new_shape(), to);
}

Status decode(const schema::ShapeOptions& from, TypeOptions& to) {
  return convert(from.out_type(), to.out);
}

Status decode(const schema::UniqueOptions& from, TypeOptions& to) {
  return convert(from.idx_out_type(), to.out);
}

template <class From>  // ArgMaxOptions, ArgMinOptions
Status decode(const From& from, TypeOptions& to) {
  return convert(from.output_type(), to.out);
}

Status decode(const schema::StablehloGatherOptions& from, StablehloGatherOptions& to) {
  to.index_vector_dim = from.index_vector_dim();
  OCTAVO_TRY(convert(from.offset_dims(), to.offset_dims));
  OCTAVO_TRY(convert(from.collapsed_slice_dims(), to.collapsed_slice_dims));
  OCTAVO_TRY(convert(from.start_index_map(), to.start_index_map));
  return convert(from.slice_sizes(), to.slice_sizes);
}

Status decode(const schema::StablehloScatterOptions& from, StablehloScatterOptions& to) {
  to.index_vector_dim = from.index_vector_dim();
  to.body = from.update_computation_subgraph_index();
  OCTAVO_TRY(convert(from.update_window_dims(), to.update_window_dims));
  OCTAVO_TRY(convert(from.inserted_window_dims(), to.inserted_window_dims));
  return convert(from.scatter_dims_to_operand_dims(), to.scatter_dims_to_operand_dims);
}

Status decode(const schema::StablehloPadOptions& from, StablehloPadOptions& to) {
  OCTAVO_TRY(convert(from.edge_padding_low(), to.edge_padding_low));
  OCTAVO_TRY(convert(from.edge_padding_high(), to.edge_padding_high));
  return convert(from.interior_padding(), to.interior_padding);
}

Status decode(const schema::StablehloReduceWindowOptions& from, StablehloReduceWindowOptions& to) {
  to.body = from.body_subgraph_index();
  OCTAVO_TRY(convert(from.window_dimensions(), to.window_dimensions));
  OCTAVO_TRY(convert(from.window_strides(), to.window_strides));
  OCTAVO_TRY(convert(from.base_dilations(), to.base_dilations));
  OCTAVO_TRY(convert(from.window_dilations(), to.window_dilations));
  return convert(from.padding(), to.padding);
}

Status decode(const schema::ReduceWindowOptions& from, ReduceWindowOptions& to) {
  const schema::ReduceWindowFunction function = from.reduce_function();
  to.function = static_cast<ReduceFunction>(function);
  if (function >= schema::ReduceWindowFunction::MIN &&
      function <= schema::ReduceWindowFunction::MAX) {
    return {};
  }
  return Status::invalid("reduce_function ", static_cast<int>(function), " is unknown");
}

Status decode(const schema::StablehloCaseOptions& from, CaseOptions& to) {
  static_assert(FLATBUFFERS_LITTLEENDIAN, "branches are read as they lie in the file");
  if (from.branch_subgraph_indices() == nullptr) return {};
  to.branches = {from.branch_subgraph_indices()->data(), from.branch_subgraph_indices()->size()};
  // Many operators may share the list: their work should not be its length times theirs.
  constexpr size_t kMostBranches = 4096;
  if (to.branches.size <= kMostBranches) return {};
  return Status::invalid("has ", to.branches.size, " branches, at most ", kMostBranches);
}

Status decode(const schema::LSHProjectionOptions& from, LshOptions& to) {
  to.type = static_cast<LshType>(from.type());
  if (from.type() >= schema::LSHProjectionType::MIN &&
      from.type() <= schema::LSHProjectionType::MAX) {
    return {};
  }
  return Status::invalid("type ", static_cast<int>(from.type()), " is unknown");
}

Status decode(const schema::IfOptions& from, CallOptions& to) {
  to = {{from.then_subgraph_index(), from.else_subgraph_index()}};
  return {};
}

Status decode(const schema::WhileOptions& from, CallOptions& to) {
  to = {{from.cond_subgraph_index(), from.body_subgraph_index()}};
  return {};
}

Status decode(const schema::CallOnceOptions& from, CallOptions& to) {
  to = {{from.init_subgraph_index()}};
  return {};
}

Status decode(const schema::StableHLOCompositeOptions& from, CallOptions& to) {
  to = {{from.decomposition_subgraph_index()}};
  return {};
}

Status decode(const schema::VarHandleOptions& from, VariableOptions& to) {
  auto text = [](const flatbuffers::String* s) {
    return s != nullptr ? Text(s->c_str(), s->size()) : Text();
  };
  to = {text(from.container()), text(from.shared_name())};
  return {};
}

// The file has two unions of options, and a table is a member of one of them. Null where the
// operator has the defaults, and an error where it has options of another one.
template <class From>
Status find_table(const schema::Operator& op, const From** out) {
  constexpr schema::BuiltinOptions2 kSecond = schema::BuiltinOptions2Traits<From>::enum_value;
  const char* found;
  *out = nullptr;
  if constexpr (kSecond != schema::BuiltinOptions2::NONE) {
    if (op.builtin_options_2() == nullptr) return {};
    *out = op.builtin_options_2_as<From>();
    found = schema::EnumNameBuiltinOptions2(op.builtin_options_2_type());
  } else {
    if (op.builtin_options() == nullptr) return {};
    *out = op.builtin_options_as<From>();
    found = schema::EnumNameBuiltinOptions(op.builtin_options_type());
  }
  return *out != nullptr ? Status() : Status::invalid("has options of the wrong kind, ", found);
}

Status decode(const schema::SVDFOptions& from, SvdfOptions& to) {
  to.rank = from.rank();
  to.asymmetric_quantize_inputs = from.asymmetric_quantize_inputs();
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::RNNOptions& from, RnnOptions& to) {
  to.asymmetric_quantize_inputs = from.asymmetric_quantize_inputs();
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::SequenceRNNOptions& from, RnnOptions& to) {
  to.time_major = from.time_major();
  to.asymmetric_quantize_inputs = from.asymmetric_quantize_inputs();
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::BidirectionalSequenceRNNOptions& from, RnnOptions& to) {
  to.time_major = from.time_major();
  to.merge_outputs = from.merge_outputs();
  to.asymmetric_quantize_inputs = from.asymmetric_quantize_inputs();
  return convert(from.fused_activation_function(), to.activation);
}

template <class From>  // LSTMOptions and those of sequences
Status decode_lstm(const From& from, LstmOptions& to) {
  to.cell_clip = from.cell_clip();
  to.proj_clip = from.proj_clip();
  to.asymmetric_quantize_inputs = from.asymmetric_quantize_inputs();
  return convert(from.fused_activation_function(), to.activation);
}

Status decode(const schema::LSTMOptions& from, LstmOptions& to) {
  to.is_basic = from.kernel_type() == schema::LSTMKernelType::BASIC;
  return decode_lstm(from, to);
}

Status decode(const schema::UnidirectionalSequenceLSTMOptions& from, LstmOptions& to) {
  to.time_major = from.time_major();
  return decode_lstm(from, to);
}

Status decode(const schema::BidirectionalSequenceLSTMOptions& from, LstmOptions& to) {
  to.time_major = from.time_major();
  to.merge_outputs = from.merge_outputs();
  return decode_lstm(from, to);
}

// Options left out altogether are the defaults; options of another operator are an error.
template <class From, class To>
Status decode_table(const schema::Operator& op, Arena& arena, const void** out) {
  To* to;
  const From* from;
  OCTAVO_TRY(arena.make(to));
  *out = to;
  OCTAVO_TRY(find_table(op, &from));
  return from != nullptr ? decode(*from, *to) : Status();
}

struct OptionsOf {
  Opcode code;
  Status (*decode)(const schema::Operator&, Arena&, const void**);
};

constexpr OptionsOf kOptions[] = {
#define OPTIONS(code, From, To) {Opcode::code, &decode_table<schema::From, To>},
#include "graph/options.inc"
#undef OPTIONS
};

}  // namespace

Status decode_options(const schema::Operator& op, Opcode code, Arena& arena, const void** out) {
  *out = nullptr;
  for (const OptionsOf& options : kOptions) {
    if (options.code == code) return options.decode(op, arena, out);
  }
  return {};
}

}  // namespace octavo
