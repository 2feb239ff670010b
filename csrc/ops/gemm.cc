#include "ops/gemm.h"

#include "base/math.h"

namespace octavo {
namespace {

struct GemmParams {
  reference::ConvParams conv;
  Epilogue epilogue;
  int32_t k;
  const void* packed;
  QuantizedOutput output;
};

// A row of the left matrix: the window of output pixel (y, x), with the zero point where it leaves
// the image.
void pack_window(const GemmS8& g, const GemmParams& params, const int8_t* image, int32_t y,
                 int32_t x, void* tile, int32_t row) {
  const reference::ConvParams& p = params.conv;
  const auto zero = static_cast<int8_t>(p.in_zero);
  const int64_t left = int64_t{x} * p.stride_w - p.pad_w;
  const int32_t row_bytes = p.filter_w * p.in_c;
  for (int32_t i = 0; i < p.filter_h; ++i) {
    const int64_t in_y = int64_t{y} * p.stride_h - p.pad_h + int64_t{i} * p.dilation_h;
    int32_t at = i * row_bytes;
    if (in_y < 0 || in_y >= p.in_h) {
      g.fill_row(tile, params.k, row, at, zero, row_bytes);
      continue;
    }
    const int8_t* pixels = image + in_y * p.in_w * p.in_c;
    if (p.dilation_w == 1) {  // the taps inside the image lie side by side
      const auto first = static_cast<int32_t>(clamp<int64_t>(-left, 0, p.filter_w));
      const auto end = static_cast<int32_t>(clamp<int64_t>(p.in_w - left, first, p.filter_w));
      if (first > 0) g.fill_row(tile, params.k, row, at, zero, first * p.in_c);
      if (end > first) {
        g.pack_row(tile, params.k, row, at + first * p.in_c, pixels + (left + first) * p.in_c,
                   (end - first) * p.in_c);
      }
      if (end < p.filter_w) {
        g.fill_row(tile, params.k, row, at + end * p.in_c, zero, (p.filter_w - end) * p.in_c);
      }
      continue;
    }
    for (int32_t j = 0; j < p.filter_w; ++j, at += p.in_c) {
      const int64_t in_x = left + int64_t{j} * p.dilation_w;
      if (in_x < 0 || in_x >= p.in_w) {
        g.fill_row(tile, params.k, row, at, zero, p.in_c);
      } else {
        g.pack_row(tile, params.k, row, at, pixels + in_x * p.in_c, p.in_c);
      }
    }
  }
}

Status invoke_gemm(const Step& s, const Workspace& w) {
  const GemmS8& g = *w.kernels.gemm_s8;
  const auto& params = s.params<GemmParams>();
  const reference::ConvParams& p = params.conv;
  const int8_t* image = s.input(0);
  int8_t* out = s.output(0);
  void* tile = s.scratch(0);
  const int64_t pixels = int64_t{p.out_h} * p.out_w;
  for (int32_t b = 0; b < p.batch; ++b) {
    int32_t y = 0, x = 0;
    for (int64_t first = 0; first < pixels; first += g.mr) {
      const auto rows = static_cast<int32_t>(min<int64_t>(g.mr, pixels - first));
      for (int32_t row = 0; row < rows; ++row) {
        pack_window(g, params, image, y, x, tile, row);
        if (++x == p.out_w) x = 0, ++y;
      }
      g.run(params.epilogue, tile, params.packed, rows, p.out_c, params.k, params.output, out,
            p.out_c);
      out += int64_t{rows} * p.out_c;
    }
    image += int64_t{p.in_h} * p.in_w * p.in_c;
  }
  return {};
}

}  // namespace

Status use_gemm(PrepareContext& c, const WeightedOperands& o, const reference::ConvParams& conv,
                Epilogue epilogue, const double* scale) {
  const GemmS8* g = c.kernels.gemm_s8;
  const int64_t k = int64_t{conv.filter_h} * conv.filter_w * conv.filter_c;
  if (g == nullptr || !can_pack(o)) return {};
  if (conv.filter_zero != 0 || conv.filter_c != conv.in_c) return {};
  if (k < 1 || k > kMostPacked || conv.out_c < 1 || conv.out_c > kMostPacked) return {};

  GemmParams* params;
  OCTAVO_TRY(c.make_params(params));
  const auto depth = static_cast<int32_t>(k);
  void* packed;
  OCTAVO_TRY(make_packed(c, g->packed_bytes(conv.out_c, depth), &packed));
  const GemmColumns columns = {conv.out_c,
                               depth,
                               static_cast<const int8_t*>(o.filter.data),
                               bias_or_null(o),
                               conv.in_zero,
                               conv.multiplier,
                               scale};
  g->pack(epilogue, columns, packed);
  *params = {conv, epilogue, depth, packed, {conv.out_zero, conv.act_min, conv.act_max}};
  OCTAVO_TRY(c.add_scratch(g->tile_bytes(depth)));
  c.step.invoke = &invoke_gemm;
  return {};
}

}  // namespace octavo
