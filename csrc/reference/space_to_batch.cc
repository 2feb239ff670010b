#include "reference/space_to_batch.h"

#include <cstring>

#include "reference/copy.h"

namespace octavo::reference {

void space_to_batch(const SpaceBatchParams& p, int32_t element_bytes, const void* zero,
                    const void* in, void* out) {
  const auto* image = static_cast<const uint8_t*>(in);
  auto* to = static_cast<uint8_t*>(out);
  for (int64_t i = 0; i < p.block_h * p.block_w * p.batch; ++i) {
    const int64_t b = i % p.batch, place = i / p.batch;
    for (int64_t gy = 0; gy < p.grid_h; ++gy) {
      const int64_t y = gy * p.block_h + place / p.block_w - p.top;
      for (int64_t gx = 0; gx < p.grid_w; ++gx) {
        const int64_t x = gx * p.block_w + place % p.block_w - p.left;
        if (y >= 0 && y < p.space_h && x >= 0 && x < p.space_w) {
          const int64_t pixel = (b * p.space_h + y) * p.space_w + x;
          memcpy(to, image + pixel * p.pixel_bytes, p.pixel_bytes);
        } else {
          fill(p.pixel_bytes / element_bytes, element_bytes, zero, to);
        }
        to += p.pixel_bytes;
      }
    }
  }
}

void batch_to_space(const SpaceBatchParams& p, const void* in, void* out) {
  const auto* images = static_cast<const uint8_t*>(in);
  auto* to = static_cast<uint8_t*>(out);
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t y = p.top; y < p.top + p.space_h; ++y) {
      for (int64_t x = p.left; x < p.left + p.space_w; ++x) {
        const int64_t place = y % p.block_h * p.block_w + x % p.block_w;
        const int64_t row = (place * p.batch + b) * p.grid_h + y / p.block_h;
        const int64_t pixel = row * p.grid_w + x / p.block_w;
        memcpy(to, images + pixel * p.pixel_bytes, p.pixel_bytes);
        to += p.pixel_bytes;
      }
    }
  }
}

}  // namespace octavo::reference
