#include "ops/image_blocks.h"

#include "base/math.h"

namespace octavo {
namespace {

// What a block converts: with a panel of weights it stays in the nearer caches.
constexpr int64_t kBlockBytes = 192 << 10;

// Rows, or columns, of an image that `count` windows in a row see.
int64_t reach(int64_t count, int32_t stride, int32_t filter, int32_t dilation) {
  return (count - 1) * stride + (filter - int64_t{1}) * dilation + 1;
}

}  // namespace

bool plan_blocks(const PrepareContext& c, const reference::ConvParams& conv, Flip flip,
                 int32_t repeat, int32_t planes, int32_t least, ImageBlocks* blocks) {
  const reference::ConvParams& p = conv;
  const int32_t element_bytes = c.kernels.image_s8->element_bytes;
  const int64_t columns = reach(p.out_w, p.stride_w, p.filter_w, p.dilation_w);
  const int64_t channels = int64_t{p.in_c} * repeat;
  const int64_t image = int64_t{p.in_h} * p.in_w * channels;
  const int64_t span = reach(1, p.stride_h, p.filter_h, p.dilation_h);
  const int64_t most = 8 * image + (1 << 20);  // elements
  if (columns > min<int64_t>(most / channels, INT32_MAX / 2)) return false;
  if (span > most / (columns * channels)) return false;

  const int64_t plane = plane_columns(static_cast<int32_t>(columns), planes) * channels;
  const int64_t row_bytes = planes * plane * element_bytes;
  int64_t rows =
      clamp((kBlockBytes / row_bytes - span) / p.stride_h + 1, int64_t{1}, int64_t{p.out_h});
  const int64_t wanted = (int64_t{least} + p.batch - 1) / p.batch;
  const int64_t count =
      clamp(max((p.out_h + rows - 1) / rows, wanted), int64_t{1}, int64_t{p.out_h});
  rows = (p.out_h + count - 1) / count;
  const int64_t elements = reach(rows, p.stride_h, p.filter_h, p.dilation_h) * planes * plane +
                           c.kernels.image_s8->slack;
  if (elements > INT32_MAX || p.batch * count > INT32_MAX / 2) return false;
  *blocks = {p,
             static_cast<int32_t>(rows),
             static_cast<int32_t>((p.out_h + rows - 1) / rows),
             repeat,
             planes,
             static_cast<int32_t>(channels),
             static_cast<int32_t>(columns),
             planes * plane,
             plane,
             (elements * element_bytes + 63) / 64 * 64,
             flip};
  return true;
}

Status make_tap_offsets(const PrepareContext& c, const ImageBlocks& b, int32_t whole, bool is_split,
                        int32_t multiple, const int32_t** offsets, int32_t* taps) {
  const reference::ConvParams& p = b.conv;
  const int32_t in_row = p.filter_w / whole, once = p.filter_h * in_row;
  *taps = is_split ? 2 * once : once;
  Span<int32_t> list;
  OCTAVO_TRY(c.make_array((*taps + multiple - 1) / multiple * multiple, list));
  for (int32_t t = 0; t < *taps; ++t) {
    const int32_t i = t % once / in_row, j = t % in_row;
    const int64_t x = int64_t{j} * p.dilation_w;
    list[t] = static_cast<int32_t>(i * int64_t{p.dilation_h} * b.row_elements +
                                   x % b.planes * b.plane_elements + x / b.planes * b.channels);
  }
  *offsets = list.data;
  return {};
}

void convert_block(const Kernels& kernels, const ImageBlocks& b, const int8_t* image,
                   int32_t first_row, int32_t rows, void* converted) {
  const reference::ConvParams& p = b.conv;
  const int64_t top = int64_t{first_row} * p.stride_h - p.pad_h;
  const int64_t height = reach(rows, p.stride_h, p.filter_h, p.dilation_h);
  const int64_t first = clamp(-top, int64_t{0}, height);
  const int64_t end = clamp(p.in_h - top, first, height);
  const int64_t left = clamp<int64_t>(p.pad_w, 0, b.columns);
  const int64_t right = clamp<int64_t>(int64_t{p.in_w} + p.pad_w, left, b.columns);
  const int64_t skipped = max(-p.pad_w, 0);  // columns of the image that no window sees
  const int64_t in_stride = int64_t{p.in_w} * p.in_c;
  auto number = [](int64_t x) { return static_cast<int32_t>(x); };
  const ImageConversion conversion = {image + (top + first) * in_stride + skipped * p.in_c,
                                      in_stride,
                                      number(first),
                                      number(end - first),
                                      number(height - end),
                                      number(left),
                                      number(right - left),
                                      number(b.columns - right),
                                      p.in_c,
                                      b.repeat,
                                      b.planes,
                                      b.flip,
                                      static_cast<int8_t>(p.in_zero)};
  kernels.image_s8->convert(conversion, converted);
}

}  // namespace octavo
