#include "reference/embedding.h"

#include <cstring>

#include "base/math.h"
#include "base/packed.h"

namespace octavo::reference {
namespace {

template <class Store>
void dequantize_rows(const QuantizedTable& t, int64_t count, const int64_t* rows, Store store) {
  const bool has_packed = is_packed(t.type);
  const DTypeInfo type = dtype_info(t.type);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = rows[i], first = row * t.columns;
    const float row_scale = t.block_scales == nullptr ? t.scales[t.is_per_row ? row : 0] : 0;
    for (int64_t j = 0; j < t.columns; ++j) {
      const int8_t q = has_packed ? packed_at(type, static_cast<const uint8_t*>(t.data), first + j)
                                  : static_cast<const int8_t*>(t.data)[first + j];
      const float scale = t.block_scales == nullptr
                              ? row_scale
                              : to_float(t.block_scales[(first + j) / t.block_size]);
      store(i * t.columns + j, static_cast<float>(q) * scale);
    }
  }
}

}  // namespace

void dequantize_rows_f32(const QuantizedTable& table, int64_t count, const int64_t* rows,
                         float* out) {
  dequantize_rows(table, count, rows, [&](int64_t i, float x) { out[i] = x; });
}

void dequantize_rows_f16(const QuantizedTable& table, int64_t count, const int64_t* rows,
                         Half* out) {
  dequantize_rows(table, count, rows, [&](int64_t i, float x) { out[i] = to_half(x); });
}

void combine_rows(const CombineParams& p, const int64_t* rows, const int64_t* buckets,
                  const float* weights, const float* table, float* out) {
  memset(out, 0, p.buckets * p.columns * sizeof(float));
  float sum = 0, squares = 0;
  for (int64_t i = 0; i < p.lookups; ++i) {
    float* to = out + buckets[i] * p.columns;
    const float* row = table + rows[i] * p.columns;
    const float weight = weights[i];
    sum += weight;
    squares += weight * weight;
    for (int64_t j = 0; j < p.columns; ++j) to[j] += row[j] * weight;
    if (i + 1 < p.lookups && buckets[i + 1] == buckets[i]) continue;
    if (p.weighting != Weighting::kSum) {
      const float divisor =
          p.weighting == Weighting::kMean ? sum : static_cast<float>(sqrt(squares));
      for (int64_t j = 0; j < p.columns; ++j) to[j] /= divisor;
    }
    sum = squares = 0;
  }
}

void find_keys(int64_t count, const int32_t* wanted, int64_t size, const int32_t* keys,
               int64_t* places) {
  for (int64_t i = 0; i < count; ++i) {
    int64_t low = 0, high = size;  // the key, if there is one, is in [low, high)
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (keys[middle] < wanted[i]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    places[i] = low < size && keys[low] == wanted[i] ? low : -1;
  }
}

}  // namespace octavo::reference
