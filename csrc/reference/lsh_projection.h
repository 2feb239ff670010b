#pragma once

#include <cstdint>

namespace octavo::reference {

struct LshParams {
  int64_t functions, bits;  // hash functions, and of each
  int64_t items, item_bytes;
  bool is_sparse;
};

// Hashes a set of items such that sets that have much in common have most bits in common (locality
// sensitive hashing). seeds: [functions][bits]. The bit of a seed is 1 where the sum of the items'
// fingerprints is above 0, each taken behind the seed's four bytes, as an int64, and times the
// item's weight (null: 1). Dense: [functions][bits] of 0 and 1. Sparse: [functions], the bits of
// each as a number, the first bit highest, and 2^bits times the function's number. `key` is
// [4 + item_bytes].
void lsh_projection(const LshParams& p, const float* seeds, const uint8_t* items,
                    const float* weights, uint8_t* key, int32_t* out);

}  // namespace octavo::reference
