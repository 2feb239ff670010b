#pragma once

#include <cstdint>

namespace octavo::reference {

// An image (batch, space_h, space_w, pixel), cut from one of grid_h * block_h by grid_w * block_w
// that begins `top` rows and `left` columns before it; and the same as a batch of smaller images
// (block_h, block_w, batch, grid_h, grid_w, pixel), one for each place in a block.
struct SpaceBatchParams {
  int64_t batch, space_h, space_w;
  int64_t block_h, block_w, grid_h, grid_w;
  int64_t top, left;
  int64_t pixel_bytes;
};

// Pixels outside of the image become copies of the element at `zero`.
void space_to_batch(const SpaceBatchParams& p, int32_t element_bytes, const void* zero,
                    const void* in, void* out);
void batch_to_space(const SpaceBatchParams& p, const void* in, void* out);

}  // namespace octavo::reference
