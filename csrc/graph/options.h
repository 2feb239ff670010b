// What an operator's options say, as plain structs with the file format's defaults and field names.
// Enumerators are numbered as in the file; options.cc refuses other numbers.
#pragma once

#include <cstdint>

#include "base/dtype.h"
#include "base/shape.h"
#include "base/span.h"

namespace octavo {

enum class Padding : int8_t { kSame = 0, kValid = 1 };

enum class Activation : int8_t {
  kNone = 0,
  kRelu = 1,
  kReluN1To1 = 2,
  kRelu6 = 3,
  kTanh = 4,
  kSignBit = 5,
};

// Rows and columns of zeros around an image.
struct Border {
  int32_t top = 0, bottom = 0, left = 0, right = 0;
};

struct Conv2DOptions {  // CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV
  Padding padding = Padding::kSame;
  int32_t stride_w = 0, stride_h = 0;
  int32_t dilation_w = 1, dilation_h = 1;
  Activation activation = Activation::kNone;
  DType quantized_bias_type = DType::kFloat32;  // kFloat32: not given
  Border border;  // in no file: added to the image before `padding` counts, VALID's alone
};

enum class Combiner : int8_t { kSum = 0, kMean = 1, kSqrtN = 2 };

struct EmbeddingLookupSparseOptions {
  Combiner combiner = Combiner::kSum;
};

struct Conv3DOptions {  // CONV_3D, CONV_3D_TRANSPOSE; by depth, height, width
  Padding padding = Padding::kSame;
  int32_t stride[3] = {};
  int32_t dilation[3] = {1, 1, 1};
  Activation activation = Activation::kNone;
};

struct FullyConnectedOptions {
  Activation activation = Activation::kNone;
  bool shuffled_weights = false;  // the weights_format SHUFFLED4x16INT8
  bool keep_num_dims = false;
  bool asymmetric_quantize_inputs = false;
  DType quantized_bias_type = DType::kFloat32;  // kFloat32: not given
};

struct Pool2DOptions {
  Padding padding = Padding::kSame;
  int32_t stride_w = 0, stride_h = 0;
  int32_t filter_width = 0, filter_height = 0;
  Activation activation = Activation::kNone;
};

struct BinaryOptions {  // ADD, DIV, MUL, SUB
  Activation activation = Activation::kNone;
  bool pot_scale_int16 = true;
};

struct BucketizeOptions {
  Span<const float> boundaries;
};

struct CumsumOptions {
  bool exclusive = false, reverse = false;
};

struct BatchMatMulOptions {
  bool adj_x = false, adj_y = false;  // transposes of the inputs' matrices are multiplied
  bool asymmetric_quantize_inputs = false;
};

struct SoftmaxOptions {
  float beta = 0;
};

struct GatherOptions {
  int32_t axis = 0, batch_dims = 0;
};

struct MirrorPadOptions {
  bool reflects = true;  // the mode REFLECT: the edge itself is not repeated; else SYMMETRIC
};

struct ReverseSequenceOptions {
  int32_t seq_dim = 0, batch_dim = 0;
};

struct LeakyReluOptions {
  float alpha = 0;
};

struct ActivationOptions {  // L2_NORMALIZATION
  Activation activation = Activation::kNone;
};

struct LocalResponseOptions {  // LOCAL_RESPONSE_NORMALIZATION
  int32_t radius = 0;
  float bias = 0, alpha = 0, beta = 0;
};

struct GeluOptions {
  bool approximate = false;  // by tanh
};

struct ConcatenationOptions {
  int32_t axis = 0;
  Activation activation = Activation::kNone;
};

struct FakeQuantOptions {
  float min = 0, max = 0;
  int32_t num_bits = 0;
  bool narrow_range = false;
};

struct RandomOptions {  // RANDOM_UNIFORM, RANDOM_STANDARD_NORMAL, MULTINOMIAL
  int32_t seed = 0, seed2 = 0;
};

enum class RngAlgorithm : int8_t { kDefault = 0, kPhilox = 1, kThreefry = 2 };

struct RngOptions {  // STABLEHLO_RNG_BIT_GENERATOR
  RngAlgorithm algorithm = RngAlgorithm::kDefault;
};

struct ReducerOptions {
  bool keep_dims = false;
};

struct ResizeOptions {
  bool align_corners = false;
  bool half_pixel_centers = false;
};

struct StridedSliceOptions {
  int32_t begin_mask = 0, end_mask = 0, ellipsis_mask = 0, new_axis_mask = 0, shrink_axis_mask = 0;
  bool offset = false;
};

struct BlockOptions {  // SPACE_TO_DEPTH, DEPTH_TO_SPACE
  int32_t block_size = 0;
};

struct AxisOptions {  // PACK, UNPACK, SPLIT, SPLIT_V, ONE_HOT; the splits have theirs as an input
  int32_t count = 0;  // PACK: values_count; UNPACK: num; SPLIT, SPLIT_V: num_splits
  int32_t axis = 0;
};

struct DimsOptions {  // SQUEEZE: squeeze_dims; RESHAPE: new_shape
  bool given = false;
  int32_t count = 0;
  int32_t dims[kMaxRank] = {};
};

template <int32_t most>
struct Longs {
  int32_t count = 0;
  int64_t values[most] = {};
};
using LongDims = Longs<kMaxRank>;

struct StablehloGatherOptions {
  LongDims offset_dims, collapsed_slice_dims, start_index_map, slice_sizes;
  int64_t index_vector_dim = 0;
};

struct StablehloScatterOptions {
  LongDims update_window_dims, inserted_window_dims, scatter_dims_to_operand_dims;
  int64_t index_vector_dim = 0;
  int32_t body = 0;  // update_computation_subgraph_index
};

struct StablehloPadOptions {
  LongDims edge_padding_low, edge_padding_high, interior_padding;
};

struct StablehloReduceWindowOptions {
  LongDims window_dimensions, window_strides, base_dilations, window_dilations;
  Longs<2 * kMaxRank> padding;  // before and behind each dimension
  int32_t body = 0;             // body_subgraph_index
};

enum class ReduceFunction : int32_t {
  kUnsupported = 0,
  kAdd = 1,
  kMul = 2,
  kMinimum = 3,
  kMaximum = 4,
  kAll = 5,
  kAny = 6,
};

struct ReduceWindowOptions {
  ReduceFunction function = ReduceFunction::kUnsupported;
};

struct CaseOptions {  // STABLEHLO_CASE
  Span<const int32_t> branches;
};

enum class LshType : int8_t { kUnknown = 0, kSparse = 1, kDense = 2 };

struct LshOptions {  // LSH_PROJECTION
  LshType type = LshType::kUnknown;
};

struct CallOptions {  // IF: then, else; WHILE: condition, body; CALL_ONCE, STABLEHLO_COMPOSITE: one
  int32_t subgraphs[2] = {};
};

struct VariableOptions {  // VAR_HANDLE
  Text container, shared_name;
};

struct TypeOptions {  // SHAPE: out_type; ARG_MAX, ARG_MIN: output_type; UNIQUE: idx_out_type
  DType out = DType::kUnknown;  // where the options are left out
};

struct SvdfOptions {
  int32_t rank = 0;
  Activation activation = Activation::kNone;
  bool asymmetric_quantize_inputs = false;
};

struct RnnOptions {  // RNN, UNIDIRECTIONAL_SEQUENCE_RNN, BIDIRECTIONAL_SEQUENCE_RNN
  Activation activation = Activation::kNone;
  bool time_major = false;
  bool merge_outputs = false;
  bool asymmetric_quantize_inputs = false;
};

struct LstmOptions {  // LSTM, UNIDIRECTIONAL_SEQUENCE_LSTM, BIDIRECTIONAL_SEQUENCE_LSTM
  Activation activation = Activation::kNone;
  float cell_clip = 0, proj_clip = 0;  // 0: none
  bool is_basic = false;               // LSTM: the kernel type
  bool time_major = false;
  bool merge_outputs = false;
  bool asymmetric_quantize_inputs = false;
};

}  // namespace octavo
