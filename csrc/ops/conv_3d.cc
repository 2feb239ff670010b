// CONV_3D, CONV_3D_TRANSPOSE.
#include "reference/conv_3d.h"

#include "graph/options.h"
#include "ops/activation.h"
#include "ops/gemm.h"
#include "ops/image_blocks.h"
#include "ops/window.h"

namespace octavo {
namespace {

using reference::Conv3DAxis;
using reference::Conv3DParams;

constexpr const char* kAxes[] = {"depth", "height", "width"};

Status invoke_conv_3d(const Step& s, const Workspace& w) {
  reference::conv_3d_f32(s.params<Conv3DParams>(), w.kernels.add_row_product_f32, s.input(0),
                         s.input(1), s.input(2), s.output(0));
  return {};
}

Status invoke_conv_3d_transpose(const Step& s, const Workspace&) {
  reference::conv_3d_transpose_f32(s.params<Conv3DParams>(), s.input(2), s.input(1), s.input(3),
                                   s.output(0));
  return {};
}

// As a product of matrices. Each slice of the output is an image, computed in blocks of rows; what
// a block sees of the `depth.filter` slices of the input is converted slice by slice.
struct SlicesParams {
  ImageBlocks blocks;  // of one slice; the output's slices are the images
  GemmArgs args;       // but for the block's pointers and rows
  Conv3DAxis depth;
  int64_t macs;
};

// Returns where what a part sees of the first slice lies; of the others, see tap_offsets.
const uint8_t* convert_slices(const SlicesParams& q, const uint8_t* in, const BlockPart& part,
                              uint8_t* converted) {
  const ImageBlocks& b = q.blocks;
  const int64_t slice_bytes =
      int64_t{b.conv.in_h} * b.conv.in_w * b.conv.in_c * b.product->in_bytes;
  const int64_t volume = part.image / q.depth.out, z = part.image % q.depth.out;
  const uint8_t* first = converted;
  for (int32_t i = 0; i < q.depth.filter; ++i, converted += b.bytes) {
    const int64_t at = z * q.depth.stride - q.depth.pad + int64_t{i} * q.depth.dilation;
    if (at < 0 || at >= q.depth.in) {
      memset(converted, 0, static_cast<size_t>(b.bytes));
      continue;
    }
    const ImageRows slice = {in + (volume * q.depth.in + at) * slice_bytes, 0};
    const uint8_t* found = convert_block(b, slice, part, converted);
    if (i == 0) first = found;
  }
  return first;
}

Status invoke_slices(const Step& s, const Workspace& w) {
  const auto& q = s.params<SlicesParams>();
  const ImageBlocks& b = q.blocks;
  const reference::ConvParams& p = b.conv;
  const int32_t parts = p.batch * b.per_image;
  const bool is_small = w.workers.parts_for(q.macs, kLeastMacs, parts) == 1;
  uint8_t *scratch = s.scratch(0), *out = s.output(0);
  (is_small ? Workers() : w.workers).for_each(parts, [&](int32_t number, int32_t worker) {
    BlockPart part = {};
    part.image = number / b.per_image;
    part.first_row = number % b.per_image * b.rows;
    part.rows = min(b.rows, p.out_h - part.first_row);
    GemmArgs args = q.args;
    args.rows = part.rows * p.out_w;
    args.next = s.read_next;
    args.image = convert_slices(q, s.input(0), part, scratch + worker * q.depth.filter * b.bytes);
    args.out = out + output_bytes(b, int64_t{part.image} * p.out_h + part.first_row);
    b.product->gemm.run(args);
  });
  return {};
}

// As an image's, again for each tap along the depth. False where a window is too large.
Status make_slice_offsets(const PrepareContext& c, const ImageBlocks& b, const Conv3DAxis& depth,
                          int32_t whole, GemmArgs* args, bool* fits) {
  const int32_t* of_image;
  int32_t taps;
  OCTAVO_TRY(make_tap_offsets(c, b, whole, /*is_split=*/false, &of_image, &taps));
  const int64_t slice = int64_t{b.conv.in_h} * b.conv.in_w * b.conv.in_c;
  const int64_t step = b.bytes == 0 ? slice * depth.dilation : b.part_stride;
  *fits = step <= INT32_MAX / 2 / depth.filter;
  if (!*fits) return {};
  Span<int32_t> list;
  OCTAVO_TRY(c.make_array(int64_t{depth.filter} * taps, list));
  for (int32_t i = 0; i < depth.filter; ++i) {
    for (int32_t t = 0; t < taps; ++t) {
      list[int64_t{i} * taps + t] = static_cast<int32_t>(i * step) + of_image[t];
    }
  }
  args->tap_offsets = list.data;
  args->taps = depth.filter * taps;
  return {};
}

// The slices of a volume as images, where each is one slice's convolution.
reference::ConvParams slices_as_images(const Conv3DParams& p, int64_t slices) {
  const auto& [depth, h, w] = p.axes;
  reference::ConvParams q = {};
  q.batch = static_cast<int32_t>(slices);
  q.in_h = h.in;
  q.in_w = w.in;
  q.in_c = q.filter_c = p.in_c;
  q.out_h = h.out;
  q.out_w = w.out;
  q.out_c = p.out_c;
  q.filter_h = h.filter;
  q.filter_w = w.filter;
  q.stride_h = h.stride;
  q.stride_w = w.stride;
  q.dilation_h = h.dilation;
  q.dilation_w = w.dilation;
  q.pad_h = h.pad;
  q.pad_w = w.pad;
  q.float_min = p.act_min;
  q.float_max = p.act_max;
  return q;
}

// Takes the table's product, if there is one and the sizes suit it; else leaves the step as it is.
Status use_slices(PrepareContext& c, const Conv3DParams& v) {
  const Conv3DAxis& depth = v.axes[0];
  const WeightedOperands o = {c.input(0),  c.input(1), c.has_input(2) ? &c.input(2) : nullptr,
                              c.output(0), v.out_c,    /*axis=*/4};
  const int64_t slices = int64_t{v.batch} * depth.out;
  if (slices > INT32_MAX || v.in_c < 1 || v.out_c < 1 || v.out_c > kMostPacked) return {};
  const reference::ConvParams p = slices_as_images(v, slices);
  const FilterStrides strides = {1, v.out_c};
  const bool is_flat =
      depth.filter == 1 && depth.stride == 1 && depth.pad == 0 && depth.in == depth.out;
  if (is_flat) return use_gemm(c, o, p, strides, /*scale=*/nullptr);

  const int64_t k = int64_t{depth.filter} * p.filter_h * p.filter_w * p.in_c;
  bool is_split, fits;
  const Product* product = find_product(c.kernels, o, p, k, &is_split);
  if (product == nullptr || k > product->gemm.most_terms) return {};
  if (p.batch < 1 || p.out_h < 1 || p.out_w < 1) return {};
  SlicesParams q = {};
  q.depth = depth;
  q.macs = int64_t{p.batch} * p.out_h * p.out_w * p.out_c * k;
  const int64_t reach =
      (depth.out - 1) * int64_t{depth.stride} + (depth.filter - 1) * int64_t{depth.dilation} + 1;
  const bool leaves = depth.pad > 0 || reach > depth.in;  // what is outside has to be written down
  const ImageOrder order = {&product->gemm.image, 1, 1, leaves};
  if (!plan_blocks(*product, p, Flip::kNo, parts_for(c, q.macs), order, &q.blocks)) return {};
  // A window has as many slices in memory as the filter, however few the volume has.
  constexpr int64_t kLeastBytes = 1 << 20, kMostGrowth = 8;
  const int64_t most_bytes = max(kMostGrowth * c.input(0).bytes(), kLeastBytes);
  if (depth.filter * q.blocks.bytes > most_bytes) return {};

  const GemmKernel& gemm = product->gemm;
  GemmArgs& args = q.args;
  const int32_t whole = p.dilation_w == 1 ? p.filter_w : 1;
  OCTAVO_TRY(make_slice_offsets(c, q.blocks, depth, whole, &args, &fits));
  if (!fits) return {};
  set_windows(q.blocks, &args);
  args.depth = whole * p.in_c;
  args.n = args.out_stride = p.out_c;
  args.panels = (p.out_c + gemm.panel_width - 1) / gemm.panel_width;
  const auto pack = [&](void* packed) {
    gemm.pack({p.out_c, args.taps, args.depth, file_weights(o, is_split, 0), strides.channel,
               strides.weight, /*tap_starts=*/nullptr, make_epilogue(o, p, 0)},
              packed);
  };
  OCTAVO_TRY(make_packed(c, o, Derived::kGemmColumns, packed_variant(o, p, whole, 0),
                         gemm.packed_bytes(p.out_c, args.taps, args.depth), pack, &args.packed));
  OCTAVO_TRY(c.set_invoke(&invoke_slices, q));
  return c.add_scratch(c.workers.count() * depth.filter * q.blocks.bytes);
}

Status expect_floats(const PrepareContext& c, const Tensor& input) {
  OCTAVO_TRY(c.expect_type("input", input, {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("filter", c.input(1), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_type("output", c.output(0), {DType::kFloat32}));
  OCTAVO_TRY(c.expect_rank("input", input, 5, 5));
  return c.expect_rank("filter", c.input(1), 5, 5);
}

Status expect_bias(const PrepareContext& c, int32_t i, int32_t channels) {
  if (!c.has_input(i)) return {};
  const Tensor& bias = c.input(i);
  OCTAVO_TRY(c.expect_type("bias", bias, {DType::kFloat32}));
  if (bias.shape.count() == channels) return {};
  return c.fail("bias \"", bias.info->name, "\" has ", bias.shape.count(),
                " elements, the output has ", channels, " channels");
}

// The window of one dimension, of which `in` is what it moves over.
Status find_axis(const PrepareContext& c, int32_t d, int32_t in, Conv3DAxis* axis, Window* window) {
  const auto& o = c.options<Conv3DOptions>();
  axis->filter = c.input(1).shape[d];
  axis->stride = o.stride[d];
  axis->dilation = o.dilation[d];
  OCTAVO_TRY(
      find_window(c, kAxes[d], o.padding, in, axis->filter, axis->stride, axis->dilation, window));
  axis->pad = window->pad;
  return {};
}

}  // namespace

Status prepare_conv_3d(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(2, 3, 1));
  const Tensor& in = c.input(0);
  const Tensor& filter = c.input(1);
  OCTAVO_TRY(expect_floats(c, in));
  if (in.shape[4] != filter.shape[3]) {
    return c.fail("filter has ", filter.shape[3], " input channels, input has ", in.shape[4]);
  }
  OCTAVO_TRY(expect_bias(c, 2, filter.shape[4]));
  Conv3DParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->batch = in.shape[0];
  p->in_c = filter.shape[3];
  p->out_c = filter.shape[4];
  for (int32_t d = 0; d < 3; ++d) {
    Window window;
    p->axes[d].in = in.shape[1 + d];
    OCTAVO_TRY(find_axis(c, d, p->axes[d].in, &p->axes[d], &window));
    p->axes[d].out = window.out;
  }
  OCTAVO_TRY(c.set_shape(
      0, make_shape(p->batch, p->axes[0].out, p->axes[1].out, p->axes[2].out, p->out_c)));
  c.step.invoke = &invoke_conv_3d;
  OCTAVO_TRY(activation_range(c, c.options<Conv3DOptions>().activation, &p->act_min, &p->act_max));
  return use_slices(c, *p);
}

// Operands: the output's shape, the filter, the input, the bias.
Status prepare_conv_3d_transpose(PrepareContext& c) {
  OCTAVO_TRY(c.expect_operands(3, 4, 1));
  const Tensor& shape = c.input(0);
  const Tensor& filter = c.input(1);
  const Tensor& in = c.input(2);
  OCTAVO_TRY(c.expect_type("output shape", shape, {DType::kInt32}));
  OCTAVO_TRY(expect_floats(c, in));
  if (shape.shape != make_shape(5)) {
    return c.fail("output shape \"", shape.info->name, "\" has shape ", shape.shape,
                  ", should be (5)");
  }
  OCTAVO_TRY(c.expect_known("output shape", shape));
  const auto* sizes = static_cast<const int32_t*>(shape.data);
  const Shape out = make_shape(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]);
  OCTAVO_TRY(c.set_shape(0, out));
  if (in.shape[4] != filter.shape[4]) {
    return c.fail("filter has ", filter.shape[4], " input channels, input has ", in.shape[4]);
  }
  if (out[0] != in.shape[0] || out[4] != filter.shape[3]) {
    return c.fail("output shape is ", out, ", input has ", in.shape[0], " volumes and filter ",
                  filter.shape[3], " output channels");
  }
  OCTAVO_TRY(expect_bias(c, 3, out[4]));
  Conv3DParams* p;
  OCTAVO_TRY(c.make_params(p));
  p->batch = out[0];
  p->in_c = in.shape[4];
  p->out_c = out[4];
  for (int32_t d = 0; d < 3; ++d) {
    Conv3DAxis& axis = p->axes[d];
    axis.in = in.shape[1 + d];
    axis.out = out[1 + d];
    Window window;  // of the convolution from the output to the input
    OCTAVO_TRY(find_axis(c, d, axis.out, &axis, &window));
    if (window.out == axis.in) continue;
    return c.fail("an output of ", kAxes[d], " ", axis.out, " comes from an input of ", window.out,
                  ", the input has ", axis.in);
  }
  c.step.invoke = &invoke_conv_3d_transpose;
  return activation_range(c, c.options<Conv3DOptions>().activation, &p->act_min, &p->act_max);
}

}  // namespace octavo
