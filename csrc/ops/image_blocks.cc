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

// Whether the windows can be read where the image lies.
bool is_image_enough(const reference::ConvParams& p, const ImageOrder& order) {
  const int64_t height = reach(p.out_h, p.stride_h, p.filter_h, p.dilation_h);
  const int64_t width = reach(p.out_w, p.stride_w, p.filter_w, p.dilation_w);
  const bool is_inside = p.pad_h == 0 && p.pad_w == 0 && height <= p.in_h && width <= p.in_w;
  return order.kernel->is_identity && is_inside && order.repeat == 1 && order.planes == 1 &&
         !order.is_copied;
}

}  // namespace

bool plan_blocks(const Product& product, const reference::ConvParams& conv, Flip flip,
                 int32_t least, const ImageOrder& order, ImageBlocks* blocks) {
  const reference::ConvParams& p = conv;
  const ImageKernel& image_kernel = *order.kernel;
  const bool is_in_place = is_image_enough(p, order);
  const int64_t columns =
      is_in_place ? p.in_w : reach(p.out_w, p.stride_w, p.filter_w, p.dilation_w);
  const int64_t channels = int64_t{p.in_c} * order.repeat;
  const int64_t image = int64_t{p.in_h} * p.in_w * channels;
  const int64_t span = reach(1, p.stride_h, p.filter_h, p.dilation_h);
  const int64_t most = 8 * image + (1 << 20);  // elements
  if (columns > min<int64_t>(most / channels, INT32_MAX / 2)) return false;
  if (span > most / (columns * channels)) return false;

  const int64_t plane = plane_columns(static_cast<int32_t>(columns), order.planes) * channels;
  const int64_t row_elements = order.planes * plane;
  const int64_t row_bytes = row_elements * image_kernel.parts * image_kernel.element_bytes;
  int64_t rows =
      clamp((kBlockBytes / row_bytes - span) / p.stride_h + 1, int64_t{1}, int64_t{p.out_h});
  const int64_t wanted = (int64_t{least} + p.batch - 1) / p.batch;
  const int64_t count =
      clamp(max((p.out_h + rows - 1) / rows, wanted), int64_t{1}, int64_t{p.out_h});
  rows = (p.out_h + count - 1) / count;
  const int64_t elements =
      reach(rows, p.stride_h, p.filter_h, p.dilation_h) * row_elements + image_kernel.slack;
  if (elements > INT32_MAX - 64 || p.batch * count > INT32_MAX / 2) return false;
  const int64_t part_stride = (elements + 63) / 64 * 64;
  *blocks = {&product,
             p,
             static_cast<int32_t>(rows),
             static_cast<int32_t>((p.out_h + rows - 1) / rows),
             order,
             static_cast<int32_t>(channels),
             static_cast<int32_t>(columns),
             row_elements,
             plane,
             part_stride,
             is_in_place ? 0 : part_stride * image_kernel.parts * image_kernel.element_bytes,
             /*workspace_bytes=*/0,
             /*ranges_at=*/0,
             flip,
             /*low=*/0};
  return true;
}

Status make_tap_offsets(const PrepareContext& c, const ImageBlocks& b, int32_t whole, bool is_split,
                        const int32_t** offsets, int32_t* taps) {
  const reference::ConvParams& p = b.conv;
  const int32_t in_row = p.filter_w / whole, once = p.filter_h * in_row;
  *taps = is_split ? 2 * once : once;
  Span<int32_t> list;
  OCTAVO_TRY(c.make_array(*taps, list));
  for (int32_t t = 0; t < *taps; ++t) {
    const int32_t i = t % once / in_row, j = t % in_row;
    const int64_t x = int64_t{j} * p.dilation_w;
    list[t] = static_cast<int32_t>(i * int64_t{p.dilation_h} * b.row_elements +
                                   x % b.order.planes * b.plane_elements +
                                   x / b.order.planes * b.channels);
  }
  *offsets = list.data;
  return {};
}

const uint8_t* convert_block(const ImageBlocks& b, const ImageRows& image, const BlockPart& part,
                             uint8_t* converted) {
  const reference::ConvParams& p = b.conv;
  const int64_t top = int64_t{part.first_row} * p.stride_h - p.pad_h;
  const int64_t height = reach(part.rows, p.stride_h, p.filter_h, p.dilation_h);
  const int64_t first = clamp(-top, int64_t{0}, height);
  const int64_t end = clamp(p.in_h - top, first, height);
  const int64_t left = clamp<int64_t>(p.pad_w, 0, b.columns);
  const int64_t right = clamp<int64_t>(int64_t{p.in_w} + p.pad_w, left, b.columns);
  const int64_t skipped = max(-p.pad_w, 0);  // columns of the image that no window sees
  const int64_t in_stride = int64_t{p.in_w} * p.in_c;
  auto number = [](int64_t x) { return static_cast<int32_t>(x); };
  const uint8_t* in =
      static_cast<const uint8_t*>(image.data) +
      ((top + first - image.top) * in_stride + skipped * p.in_c) * b.product->in_bytes;
  if (b.bytes == 0) return in;
  const ImageConversion conversion = {in,
                                      in_stride,
                                      number(first),
                                      number(end - first),
                                      number(height - end),
                                      number(left),
                                      number(right - left),
                                      number(b.columns - right),
                                      p.in_c,
                                      b.order.repeat,
                                      b.order.planes,
                                      b.flip,
                                      p.in_zero,
                                      b.part_stride,
                                      part.quantization,
                                      b.ranges_at != 0,
                                      b.low};
  b.order.kernel->convert(conversion, converted);
  return converted;
}

}  // namespace octavo
