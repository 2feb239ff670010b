// TRANSPOSE_CONV.
#include "base/math.h"
#include "ops/conv.h"
#include "ops/image_blocks.h"

namespace octavo {
namespace {

constexpr size_t kShape = 0, kFilter = 1, kInput = 2, kBias = 3;

using T = DType;

constexpr WeightedKernel kTransposeConvKernels[] = {
    {T::kFloat32, T::kFloat32, T::kFloat32,
     invoke_conv<&Kernels::transpose_conv_f32, kInput, kBias>},
    {T::kFloat32, T::kFloat16, T::kFloat32,
     invoke_conv_half<&Kernels::transpose_conv_f32, kInput, kBias>},
    {T::kFloat32, T::kInt8, T::kFloat32,
     invoke_conv_hybrid<&Kernels::transpose_conv_hybrid, kInput, kBias>},
    {T::kInt16, T::kInt8, T::kInt64, invoke_conv<&Kernels::transpose_conv_s16, kInput, kBias>},
    {T::kInt16, T::kInt8, T::kInt32, invoke_conv<&Kernels::transpose_conv_s16_b32, kInput, kBias>},
    {T::kInt8, T::kInt8, T::kInt32, invoke_conv<&Kernels::transpose_conv_s8, kInput, kBias>},
    {T::kUInt8, T::kUInt8, T::kInt32, invoke_conv<&Kernels::transpose_conv_u8, kInput, kBias>},
};

// The output's shape is an operand.
Status set_output_shape(const PrepareContext& c, const Tensor& input, const Tensor& filter) {
  const Tensor& shape = c.input(kShape);
  OCTAVO_TRY(c.expect_type("output shape", shape, {DType::kInt32}));
  OCTAVO_TRY(c.expect_known("output shape", shape));
  if (shape.shape.count() != 4) {
    return c.fail("the output shape has ", shape.shape.count(), " elements, should have 4");
  }
  const auto* dims = static_cast<const int32_t*>(shape.data);
  const Shape out = make_shape(dims[0], dims[1], dims[2], dims[3]);
  if (out[0] != input.shape[0]) {
    return c.fail("input has ", input.shape[0], " images, the output shape says ", out[0]);
  }
  if (out[3] != filter.shape[0]) {
    return c.fail("filter has ", filter.shape[0], " output channels, the output shape says ",
                  out[3]);
  }
  return c.set_shape(0, out);
}

// The outputs whose distance from the padded output's first row and column leaves (a, b) when
// divided by the strides: they see the taps (a + stride_h u, b + stride_w v) and no others, the
// later ones in earlier pixels, so that they are a convolution with stride 1 of the input.
struct Phase {
  ImageBlocks blocks;
  GemmArgs args;  // but for the block's pointers
  int64_t first;  // element of the output
  int64_t macs;
};

struct PhasesParams {
  Span<Phase> phases;
  int64_t row_stride;  // of the output, from one row of a phase to the next
  InputRanges ranges;
};

Status invoke_phases(const Step& s, const Workspace& w) {
  const auto& params = s.params<PhasesParams>();
  uint8_t* out = s.output(0);
  const int64_t image_size = s.outputs[0]->shape.count() / s.outputs[0]->shape[0];
  reference::RowQuantization* quantization = find_ranges(s, w, params.ranges, s.input(kInput));
  for (const Phase& phase : params.phases) {
    if (phase.blocks.product == nullptr) continue;
    const Product& product = *phase.blocks.product;
    const int64_t row_bytes = phase.blocks.row_elements * product.gemm.image.element_bytes;
    run_blocks(
        s, w, phase.blocks, s.input(kInput), /*chunks=*/1, phase.macs,
        [&](const BlockPart& part) {
          GemmArgs args = phase.args;
          args.quantization = part.quantization;
          const int64_t first = part.image * image_size + phase.first;
          for (int32_t y = 0; y < part.rows; ++y) {
            const int64_t row = part.first_row + y;
            args.image = part.converted + y * row_bytes;
            args.out = out + (first + row * params.row_stride) * product.out_bytes;
            product.gemm.run(args);
          }
        },
        quantization);
  }
  return {};
}

// One dimension of a phase, as a convolution's.
struct PhaseWindow {
  int32_t first;  // the first output
  int32_t count;  // of outputs
  int32_t taps;
  int32_t pad;  // negative: the first windows begin after the image's beginning
};

PhaseWindow phase_window(int32_t phase, int32_t out, int32_t stride, int32_t filter, int32_t pad) {
  const int32_t first = ((phase - pad) % stride + stride) % stride;
  const int32_t taps = (filter - phase + stride - 1) / stride;
  const int32_t pixel =
      (first + pad - phase) / stride;  // that tap `phase` of the first output sees
  return {first, out > first ? (out - first - 1) / stride + 1 : 0, taps, taps - 1 - pixel};
}

// Packs the weights of phase (a, b) and says where everything lies; a phase without outputs stays
// without blocks.
Status prepare_phase(PrepareContext& c, const Product& product, const WeightedOperands& o,
                     const reference::ConvParams& conv, bool is_split, int32_t a, int32_t b,
                     Phase* phase, bool* fits) {
  const PhaseWindow h = phase_window(a, conv.out_h, conv.stride_h, conv.filter_h, conv.pad_h);
  const PhaseWindow w = phase_window(b, conv.out_w, conv.stride_w, conv.filter_w, conv.pad_w);
  if (h.count == 0 || w.count == 0) return {};
  reference::ConvParams p = conv;
  p.out_h = h.count;
  p.out_w = w.count;
  p.filter_h = h.taps;
  p.filter_w = w.taps;
  p.pad_h = h.pad;
  p.pad_w = w.pad;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
  phase->macs = int64_t{p.batch} * p.out_h * p.out_w * p.out_c * h.taps * w.taps * p.in_c;
  *fits = plan_blocks(product, p, flip_of(o.input), parts_for(c, phase->macs), gemm_image(product),
                      &phase->blocks);
  if (!*fits) return {};

  GemmArgs& args = phase->args;
  OCTAVO_TRY(
      make_tap_offsets(c, phase->blocks, /*whole=*/1, is_split, &args.tap_offsets, &args.taps));
  Span<int64_t> starts;
  OCTAVO_TRY(c.make_array(int64_t{h.taps} * w.taps, starts));
  for (int32_t i = 0; i < h.taps; ++i) {
    for (int32_t j = 0; j < w.taps; ++j) {
      const int64_t row = a + int64_t{conv.stride_h} * (h.taps - 1 - i);
      const int64_t column = b + int64_t{conv.stride_w} * (w.taps - 1 - j);
      starts[int64_t{i} * w.taps + j] = (row * conv.filter_w + column) * p.in_c;
    }
  }
  const GemmKernel& gemm = product.gemm;
  set_windows(phase->blocks, &args);
  args.rows = w.count;
  args.depth = p.in_c;
  args.n = p.out_c;
  args.panels = (p.out_c + gemm.panel_width - 1) / gemm.panel_width;
  args.out_stride = int64_t{conv.stride_w} * p.out_c;
  phase->first = (int64_t{h.first} * conv.out_w + w.first) * p.out_c;
  const auto pack = [&](void* packed) {
    gemm.pack(
        {p.out_c, h.taps * w.taps, p.in_c, file_weights(o, is_split, 0),
         int64_t{conv.filter_h} * conv.filter_w * p.in_c, 1, starts.data, make_epilogue(o, p, 0)},
        packed);
  };
  return make_packed(c, o, Derived::kGemmColumns, packed_variant(o, p, a, b),
                     gemm.packed_bytes(p.out_c, args.taps, p.in_c), pack, &args.packed);
}

// Takes the table's product of the operands' form, if there is one and the sizes suit it; else
// leaves the step as it is.
Status use_phases(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& p) {
  constexpr int32_t kMostPhases = 64;
  bool is_split, fits = true;
  const int64_t k = int64_t{p.filter_h} * p.filter_w * p.in_c;
  const Product* product = find_product(c.kernels, o, p, k, &is_split);
  if (product == nullptr) return {};
  if (p.batch < 1 || p.out_h < 1 || p.out_w < 1) return {};
  if (k < 1 || k > product->gemm.most_terms || p.out_c > kMostPacked) return {};
  // Else some outputs see no tap at all.
  if (p.filter_h < p.stride_h || p.filter_w < p.stride_w) return {};
  if (p.stride_h > kMostPhases || p.stride_w > kMostPhases / p.stride_h) return {};

  PhasesParams params = {};
  OCTAVO_TRY(c.make_array(int64_t{p.stride_h} * p.stride_w, params.phases));
  params.row_stride = int64_t{p.stride_h} * p.out_w * p.out_c;
  params.ranges = image_ranges(o, p);
  int64_t bytes = 0;
  for (int32_t a = 0; a < p.stride_h; ++a) {
    for (int32_t b = 0; b < p.stride_w; ++b) {
      Phase* phase = &params.phases[int64_t{a} * p.stride_w + b];
      OCTAVO_TRY(prepare_phase(c, *product, o, p, is_split, a, b, phase, &fits));
      if (!fits) return {};
      phase->blocks.low = params.ranges.low();
      bytes = max(bytes, phase->blocks.bytes);
    }
  }
  OCTAVO_TRY(c.set_invoke(&invoke_phases, params));
  OCTAVO_TRY(c.add_scratch(c.workers.count() * bytes));
  return add_range_scratch(c, params.ranges);
}

}  // namespace

Status prepare_transpose_conv(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 4, 1));
  const auto& options = c.options<Conv2DOptions>();
  const Tensor& input = c.input(kInput);
  const Tensor& filter = c.input(kFilter);
  reference::ConvParams* p;
  OCTAVO_TRY(c.make_params(p));
  OCTAVO_TRY(set_conv_sizes(c, input, filter, options, p));
  p->filter_c = filter.shape[3];
  if (p->filter_c != p->in_c) {
    return c.fail("filter has ", p->filter_c, " input channels, input has ", p->in_c);
  }
  OCTAVO_TRY(set_output_shape(c, input, filter));
  const Tensor& output = c.output(0);
  p->out_h = output.shape[1];
  p->out_w = output.shape[2];
  p->out_c = output.shape[3];
  // The convolution of the output, which this is the transpose of, gives the input's size.
  int32_t h, w;
  OCTAVO_TRY(place_window(c, options, p->out_h, p->out_w, p, &h, &w));
  if (h != p->in_h || w != p->in_w) {
    return c.fail("an output of ", p->out_h, " by ", p->out_w, " comes from an input of ", h,
                  " by ", w, ", input has shape ", input.shape);
  }
  const Tensor* bias = c.has_input(kBias) ? &c.input(kBias) : nullptr;
  const WeightedOperands operands = {
      input, filter, bias, output, p->out_c, /*axis=*/0, options.quantized_bias_type};
  if (is_hybrid(operands)) OCTAVO_TRY(add_hybrid_scratch(c, operands, p->batch));
  OCTAVO_TRY(finish_conv(c, operands, options, span_of(kTransposeConvKernels), p));
  return use_phases(c, operands, *p);
}

}  // namespace octavo
