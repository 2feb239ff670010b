// Kernels that take, or put, blocks of elements at places that data says.
#pragma once

#include <cstdint>

namespace octavo::reference {

// Tables of `size` blocks: `batches` times `outer` of them, those of one batch read at the same
// places.
struct GatherParams {
  int64_t batches, outer, size, count, block_bytes;
};

// out[b][o][i] = in[b][o][places[b][i]] for i < count; in has shape (batches, outer, size), out
// (batches, outer, count), of blocks. Places are in [0, size).
void gather(const GatherParams& p, const int64_t* places, const void* in, void* out);

// out[places[i]] = values[i] for i < count, in order; the step between values may be 0.
void scatter(int64_t count, int32_t element_bytes, const int64_t* places, const void* values,
             int64_t value_step, void* out);

// out[places[i] + j] += updates[i][j] for i < count and j < block. Integers wrap, and so for any
// sign; booleans are joined by or.
void scatter_add_f32(int64_t count, int64_t block, const int64_t* places, const float* updates,
                     float* out);
void scatter_add_8(int64_t count, int64_t block, const int64_t* places, const uint8_t* updates,
                   uint8_t* out);
void scatter_add_32(int64_t count, int64_t block, const int64_t* places, const uint32_t* updates,
                    uint32_t* out);
void scatter_add_64(int64_t count, int64_t block, const int64_t* places, const uint64_t* updates,
                    uint64_t* out);
void scatter_or(int64_t count, int64_t block, const int64_t* places, const uint8_t* updates,
                uint8_t* out);

}  // namespace octavo::reference
