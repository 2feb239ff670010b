#pragma once

#include <cstdint>

namespace octavo::reference {

// A tensor of shape (dims[0], dims[1], dims[2], dims[3]) of blocks: dimensions 1 and 3 are the
// batch and the sequence, in one order or the other.
struct ReverseSequenceParams {
  int64_t dims[4];
  int64_t block_bytes;
  bool batch_is_outer;

  int64_t batches() const { return dims[batch_is_outer ? 1 : 3]; }
  int64_t length() const { return dims[batch_is_outer ? 3 : 1]; }
};

// Block i of sequence b becomes block lengths[b] - 1 - i where i < lengths[b], which is in
// [0, length()]; the others stay in their places.
void reverse_sequence(const ReverseSequenceParams& p, const int64_t* lengths, const void* in,
                      void* out);

}  // namespace octavo::reference
