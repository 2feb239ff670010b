// What the operators that multiply by weights have in common: CONV_2D, DEPTHWISE_CONV_2D,
// TRANSPOSE_CONV, FULLY_CONNECTED.
#pragma once

#include <cstdint>

#include "base/fixed_point.h"
#include "base/packed.h"
#include "graph/options.h"
#include "ops/op.h"
#include "ops/unpacked.h"

namespace octavo {

struct WeightedOperands {
  const Tensor& input;
  const Tensor& filter;
  const Tensor* bias;  // null: none
  const Tensor& output;
  int32_t channels;  // of the output
  int32_t axis;      // the filter's dimension that runs over them
  // The option: what int16 activations are summed in; kFloat32: not given.
  DType quantized_bias_type = DType::kFloat32;
};

// An invoke for a combination of element types; the output has the input's.
struct WeightedKernel {
  DType input, filter, bias;
  Step::Invoke invoke;
};

// Sets c.step.invoke by the operands' types. Without a bias, int16 activations are summed in
// quantized_bias_type, in the first kernel's way where that is not given.
Status choose_kernel(PrepareContext& c, const WeightedOperands& o,
                     Span<const WeightedKernel> kernels);

// Checks the bias's length and, where the filter is integers, every quantization: the filter has
// one scale or one a channel; its zero points are 0 except where it is uint8 or
// `zero_point_allowed`, and then there is one. int16 activations have zero point 0.
Status check_weights(const PrepareContext& c, const WeightedOperands& o, bool zero_point_allowed);

// A uint8 operator runs as one on int8: see Flip.
inline Flip flip_of(const Tensor& t) { return t.type == DType::kUInt8 ? Flip::kSign : Flip::kNo; }
inline int32_t flipped(int32_t value, Flip flip) { return value - static_cast<int32_t>(flip); }

// Weights of int2 or int4, several in a byte. The reference kernels read them as int8, from scratch
// memory.
inline bool has_narrow_weights(const WeightedOperands& o) { return is_packed(o.filter.type); }
// The filter is input 1.
inline const int8_t* unpack_filter(const Step& s, const Workspace& w, size_t scratch) {
  int8_t* unpacked = s.scratch(scratch);
  unpack(*s.inputs[1], w, unpacked);
  return unpacked;
}

// uint8 weights of float inputs hold int8: so did the first converters write them.
inline bool is_hybrid(const WeightedOperands& o) {
  return o.input.type == DType::kFloat32 &&
         (o.filter.type == DType::kInt8 || o.filter.type == DType::kUInt8 || has_narrow_weights(o));
}

// Weights stored as float16, of an operator that computes in float32. The reference kernels read
// them widened to scratch buffer 0, before each run: nobody keeps them in memory twice.
inline bool has_half_weights(const WeightedOperands& o) {
  return o.input.type == DType::kFloat32 && o.filter.type == DType::kFloat16;
}
inline Status add_widened_filter(PrepareContext& c, const WeightedOperands& o) {
  return c.add_scratch(o.filter.shape.count() * static_cast<int64_t>(sizeof(float)));
}
inline const float* widen_filter(const Step& s, const Workspace& w, const Tensor& filter) {
  w.kernels.dequantize_f16(filter.shape.count(), Data{filter.data}, s.scratch(0));
  return s.scratch(0);
}

inline float filter_scale(const Tensor& filter, int32_t channel) {
  const Span<const float>& scale = filter.quantization().scale;
  return scale[scale.size == 1 ? 0 : channel];
}

// What one quantum of the sum of channel `channel` is in quanta of the output.
inline double real_multiplier(const WeightedOperands& o, int32_t channel) {
  return static_cast<double>(o.input.scale()) * filter_scale(o.filter, channel) / o.output.scale();
}

// The filter's scales, one a channel.
Status make_filter_scales(const PrepareContext& c, const WeightedOperands& o, const float** scales);

// Hybrid operators quantize `rows` rows of their input into scratch buffers 0, 1 and 2: the values,
// the scales, the zero points. 3 is for narrow weights.
Status add_hybrid_scratch(PrepareContext& c, const WeightedOperands& o, int64_t rows);
void quantize_input(const Step& s, const Workspace& w, const Tensor& input, int64_t rows,
                    bool asymmetric);
inline const int8_t* hybrid_filter(const Step& s, const Workspace& w) {
  return is_packed(s.inputs[1]->type) ? unpack_filter(s, w, 3) : s.input(1);
}

// The form of products that a table has for the operands' types, if their weights can be packed,
// known while preparing as is the bias, and sums of `terms` products fit in its numbers. Else null.
// p has the multipliers, null where sums are scaled by doubles. *is_split: see FileWeights.
const Product* find_product(const Kernels& kernels, const WeightedOperands& o,
                            const reference::ConvParams& p, int64_t terms, bool* is_split);
// From weight number `first` on.
FileWeights file_weights(const WeightedOperands& o, bool is_split, int64_t first);
// Of the channels from `first` on, by p.multiplier.
Epilogue make_epilogue(const WeightedOperands& o, const reference::ConvParams& p, int32_t first);
// Of packed weights and their outputs' range, by what else an operator has for a and b.
DerivedVariant packed_variant(const WeightedOperands& o, const reference::ConvParams& p, int32_t a,
                              int32_t b);
// Memory that fill(void*) fills with packed weights, once for all interpreters of a model: see
// make_derived. It begins a cache line.
template <class Fill, class T>
Status make_packed(const PrepareContext& c, const WeightedOperands& o, Derived what,
                   const DerivedVariant& variant, int64_t bytes, const Fill& fill, T** out) {
  const bool is_shareable = o.filter.is_from_file && (o.bias == nullptr || o.bias->is_from_file);
  const auto fill_all = [&](void* memory) {
    fill(memory);
    return Status();
  };
  return c.make_derived(what, variant, is_shareable, bytes, fill_all, out);
}

// Longer rows and columns are not packed: below it places within a column fit in 32 bits.
constexpr int32_t kMostPacked = 1 << 24;

}  // namespace octavo
