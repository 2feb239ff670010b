#include "ops/conv.h"

#include "ops/activation.h"
#include "ops/window.h"

namespace octavo {

Status set_conv_sizes(const PrepareContext& c, const Tensor& input, const Tensor& filter,
                      const Conv2DOptions& options, reference::ConvParams* p) {
  OCTAVO_TRY(c.expect_rank("input", input, 4, 4));
  OCTAVO_TRY(c.expect_rank("filter", filter, 4, 4));
  p->batch = input.shape[0];
  p->in_h = input.shape[1];
  p->in_w = input.shape[2];
  p->in_c = input.shape[3];
  p->filter_h = filter.shape[1];
  p->filter_w = filter.shape[2];
  p->stride_h = options.stride_h;
  p->stride_w = options.stride_w;
  p->dilation_h = options.dilation_h;
  p->dilation_w = options.dilation_w;
  return {};
}

Status place_window(const PrepareContext& c, const Conv2DOptions& options, int32_t image_h,
                    int32_t image_w, reference::ConvParams* p, int32_t* positions_h,
                    int32_t* positions_w) {
  const Border& border = options.border;
  image_h += border.top + border.bottom;
  image_w += border.left + border.right;
  Window h, w;
  OCTAVO_TRY(find_window(c, "height", options.padding, image_h, p->filter_h, p->stride_h,
                         p->dilation_h, &h));
  OCTAVO_TRY(find_window(c, "width", options.padding, image_w, p->filter_w, p->stride_w,
                         p->dilation_w, &w));
  p->pad_h = border.top + h.pad;
  p->pad_w = border.left + w.pad;
  *positions_h = h.out;
  *positions_w = w.out;
  return {};
}

namespace {

// They follow from the scales alone.
Status make_multipliers(const PrepareContext& c, const WeightedOperands& o,
                        const Multiplier** out) {
  const auto fill = [&](void* memory) {
    auto* multipliers = static_cast<Multiplier*>(memory);
    for (int32_t i = 0; i < o.channels; ++i) {
      // LiteRT multiplies the scales of its legacy type in single precision.
      const double real =
          o.input.type == DType::kUInt8
              ? static_cast<double>(o.input.scale() * o.filter.scale()) / o.output.scale()
              : real_multiplier(o, i);
      multipliers[i] = quantize_multiplier(real);
    }
    return Status();
  };
  return c.make_derived(Derived::kMultipliers, {}, /*is_shareable=*/true,
                        o.channels * static_cast<int64_t>(sizeof(Multiplier)), fill, out);
}

}  // namespace

Status finish_conv(PrepareContext& c, const WeightedOperands& o, const Conv2DOptions& options,
                   Span<const WeightedKernel> kernels, reference::ConvParams* p) {
  OCTAVO_TRY(choose_kernel(c, o, kernels));
  OCTAVO_TRY(check_weights(c, o, /*zero_point_allowed=*/false));
  if (has_half_weights(o)) OCTAVO_TRY(add_widened_filter(c, o));
  if (o.input.type == DType::kFloat32) {
    OCTAVO_TRY(activation_range(c, options.activation, &p->float_min, &p->float_max));
    return is_hybrid(o) ? make_filter_scales(c, o, &p->filter_scale) : Status();
  }
  p->in_zero = o.input.zero_point();
  p->filter_zero = o.filter.zero_point();
  p->out_zero = o.output.zero_point();
  OCTAVO_TRY(quantized_activation_range(c, options.activation, o.output, &p->act_min, &p->act_max));
  return make_multipliers(c, o, &p->multiplier);
}

}  // namespace octavo
