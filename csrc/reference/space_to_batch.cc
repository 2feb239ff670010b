#include "reference/space_to_batch.h"

#include "base/math.h"
#include "reference/copy.h"

namespace octavo::reference {
namespace {

// A row of one of the smaller images: its pixels from `first` to before `end` lie in the image,
// block_w apart.
struct GridRow {
  int64_t first, end;
  int64_t image_pixel, grid_pixel;  // where `first` is
};

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Calls row(GridRow) for each of them, in the order in which they lie.
template <class F>
void for_each_row(const SpaceBatchParams& p, F row) {
  for (int64_t image = 0; image < p.block_h * p.block_w * p.batch; ++image) {
    const int64_t b = image % p.batch, place = image / p.batch;
    const int64_t top = place / p.block_w - p.top, left = place % p.block_w - p.left;
    const int64_t first = left < 0 ? divide_up(-left, p.block_w) : 0;
    const int64_t end = left < p.space_w ? divide_up(p.space_w - left, p.block_w) : 0;
    for (int64_t gy = 0; gy < p.grid_h; ++gy) {
      const int64_t y = gy * p.block_h + top;
      const bool is_inside = y >= 0 && y < p.space_h && first < p.grid_w && first < end;
      const int64_t begin = is_inside ? first : 0;
      row(GridRow{begin, is_inside ? min(end, p.grid_w) : 0,
                  (b * p.space_h + y) * p.space_w + begin * p.block_w + left,
                  (image * p.grid_h + gy) * p.grid_w + begin});
    }
  }
}

}  // namespace

void space_to_batch(const SpaceBatchParams& p, int32_t element_bytes, const void* zero,
                    const void* in, void* out) {
  const int64_t bytes = p.pixel_bytes;
  auto* to = static_cast<uint8_t*>(out);
  const auto fill_pixels = [&](int64_t pixel, int64_t count) {
    fill(count * bytes / element_bytes, element_bytes, zero, to + pixel * bytes);
  };
  for_each_row(p, [&](const GridRow& row) {
    fill_pixels(row.grid_pixel - row.first, row.first);
    copy_blocks(bytes, row.end - row.first,
                static_cast<const uint8_t*>(in) + row.image_pixel * bytes, p.block_w * bytes,
                to + row.grid_pixel * bytes, bytes);
    fill_pixels(row.grid_pixel + row.end - row.first, p.grid_w - row.end);
  });
}

void batch_to_space(const SpaceBatchParams& p, const void* in, void* out) {
  const int64_t bytes = p.pixel_bytes;
  for_each_row(p, [&](const GridRow& row) {
    copy_blocks(bytes, row.end - row.first,
                static_cast<const uint8_t*>(in) + row.grid_pixel * bytes, bytes,
                static_cast<uint8_t*>(out) + row.image_pixel * bytes, p.block_w * bytes);
  });
}

}  // namespace octavo::reference
