// Convolutions of volumes: (batch, depth, height, width, channels), float32.
#pragma once

#include <cstdint>

namespace octavo::reference {

// One dimension in space: `filter` taps, `dilation` apart, the first window `pad` elements before
// the volume.
struct Conv3DAxis {
  int32_t in, out, filter, stride, dilation, pad;
};

struct Conv3DParams {
  int32_t batch, in_c, out_c;
  Conv3DAxis axes[3];  // depth, height, width
  float act_min, act_max;
};

// out = clamp(sum of taps + bias). The filter is (depth, height, width, in_c, out_c); bias may be
// null. `add_product` is add_row_product_f32, which does the arithmetic.
using AddRowProduct = void (*)(int64_t depth, int64_t columns, const float* x, const float* matrix,
                               float* sums);
void conv_3d_f32(const Conv3DParams& p, AddRowProduct add_product, const float* in,
                 const float* filter, const float* bias, float* out);

// Each input adds its products with the filter, (depth, height, width, out_c, in_c), to outputs
// `stride` apart; what lies outside is left out. Then bias and clamp.
void conv_3d_transpose_f32(const Conv3DParams& p, const float* in, const float* filter,
                           const float* bias, float* out);

}  // namespace octavo::reference
