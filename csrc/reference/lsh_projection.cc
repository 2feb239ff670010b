#include "reference/lsh_projection.h"

#include <cstring>

#include "reference/fingerprint.h"

namespace octavo::reference {
namespace {

uint32_t find_bit(const LshParams& p, const float* seed, const uint8_t* items, const float* weights,
                  uint8_t* key) {
  double sum = 0;
  memcpy(key, seed, sizeof(*seed));
  // Items of no bytes are alike, and may be billions: the sign of the first is that of their sum.
  const int64_t count = p.item_bytes == 0 && weights == nullptr ? 1 : p.items;
  for (int64_t i = 0; i < count; ++i) {
    if (p.item_bytes > 0) {
      memcpy(key + sizeof(*seed), items + i * p.item_bytes, static_cast<size_t>(p.item_bytes));
    }
    const uint64_t hash = fingerprint(key, static_cast<int64_t>(sizeof(*seed)) + p.item_bytes);
    const auto value = static_cast<double>(static_cast<int64_t>(hash));
    sum += weights != nullptr ? weights[i] * value : value;
  }
  return sum > 0 ? 1 : 0;
}

}  // namespace

void lsh_projection(const LshParams& p, const float* seeds, const uint8_t* items,
                    const float* weights, uint8_t* key, int32_t* out) {
  for (int64_t f = 0; f < p.functions; ++f) {
    uint64_t signature = static_cast<uint64_t>(f);
    for (int64_t b = 0; b < p.bits; ++b) {
      const uint32_t bit = find_bit(p, seeds++, items, weights, key);
      signature = signature << 1 | bit;
      if (!p.is_sparse) *out++ = static_cast<int32_t>(bit);
    }
    if (p.is_sparse) *out++ = static_cast<int32_t>(static_cast<uint32_t>(signature));
  }
}

}  // namespace octavo::reference
