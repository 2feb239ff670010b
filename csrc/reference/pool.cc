#include "reference/pool.h"

#include <limits>

#include "base/math.h"

namespace octavo::reference {
namespace {

// Folds the pixels of each window, channel by channel, into an accumulator that starts at
// `initial`; finish(accumulator, pixels in the window) is the output.
template <class Acc, class T, class Fold, class Finish>
void pool_2d(const Pool2DParams& p, const T* in, T* out, Acc initial, Fold fold, Finish finish) {
  constexpr int32_t kTile = 64;  // channels at a time
  Acc acc[kTile];
  for (int32_t b = 0; b < p.batch; ++b) {
    for (int32_t out_y = 0; out_y < p.out_h; ++out_y) {
      const PoolExtent ys = pool_extent(out_y, p.stride_h, p.pad_top, p.filter_h, p.in_h);
      for (int32_t out_x = 0; out_x < p.out_w; ++out_x) {
        const PoolExtent xs = pool_extent(out_x, p.stride_w, p.pad_left, p.filter_w, p.in_w);
        const int64_t taps = int64_t{ys.last - ys.first} * (xs.last - xs.first);
        for (int32_t c0 = 0; c0 < p.channels; c0 += kTile) {
          const int32_t n = min(kTile, p.channels - c0);
          for (int32_t c = 0; c < n; ++c) acc[c] = initial;
          for (int32_t y = ys.first; y < ys.last; ++y) {
            for (int32_t x = xs.first; x < xs.last; ++x) {
              const T* pixel = in + ((int64_t{b} * p.in_h + y) * p.in_w + x) * p.channels + c0;
              for (int32_t c = 0; c < n; ++c) acc[c] = fold(acc[c], pixel[c]);
            }
          }
          for (int32_t c = 0; c < n; ++c) *out++ = finish(acc[c], taps);
        }
      }
    }
  }
}

template <class T>
void average_pool(const Pool2DParams& p, const T* in, T* out) {
  pool_2d(
      p, in, out, int64_t{0}, [](int64_t sum, T x) { return sum + x; },
      [&p](int64_t sum, int64_t taps) {
        const int64_t nudged = sum > 0 ? sum + taps / 2 : sum - taps / 2;
        return static_cast<T>(clamp<int64_t>(nudged / taps, p.act_min, p.act_max));
      });
}

template <class T>
void max_pool(const Pool2DParams& p, const T* in, T* out) {
  pool_2d(
      p, in, out, std::numeric_limits<T>::lowest(), [](T most, T x) { return max(most, x); },
      [&p](T most, int64_t) { return static_cast<T>(clamp<int32_t>(most, p.act_min, p.act_max)); });
}

}  // namespace

void average_pool_2d_f32(const Pool2DParams& p, const float* in, float* out) {
  pool_2d(
      p, in, out, 0.0f, [](float sum, float x) { return sum + x; },
      [&p](float sum, int64_t taps) {
        return clamp(sum / static_cast<float>(taps), p.act_min_f32, p.act_max_f32);
      });
}

void average_pool_2d_s8(const Pool2DParams& p, const int8_t* in, int8_t* out) {
  average_pool(p, in, out);
}

void average_pool_2d_u8(const Pool2DParams& p, const uint8_t* in, uint8_t* out) {
  average_pool(p, in, out);
}

void average_pool_2d_s16(const Pool2DParams& p, const int16_t* in, int16_t* out) {
  average_pool(p, in, out);
}

void max_pool_2d_f32(const Pool2DParams& p, const float* in, float* out) {
  pool_2d(
      p, in, out, std::numeric_limits<float>::lowest(),
      [](float most, float x) { return max(most, x); },
      [&p](float most, int64_t) { return clamp(most, p.act_min_f32, p.act_max_f32); });
}

void max_pool_2d_s8(const Pool2DParams& p, const int8_t* in, int8_t* out) { max_pool(p, in, out); }

void max_pool_2d_u8(const Pool2DParams& p, const uint8_t* in, uint8_t* out) {
  max_pool(p, in, out);
}

void max_pool_2d_s16(const Pool2DParams& p, const int16_t* in, int16_t* out) {
  max_pool(p, in, out);
}

}  // namespace octavo::reference
