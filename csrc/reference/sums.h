// Kernels that gather sums and their like over places and along axes. Integers wrap.
#pragma once

#include <cstdint>

namespace octavo::reference {

struct CumsumParams {
  int64_t outer, depth, inner;
  bool exclusive, reverse;
};

// out[o][d][i] is the sum of in[o][e][i] over e <= d; reversed over e >= d, exclusive without d.
void cumsum_f32(const CumsumParams& p, const float* in, float* out);
void cumsum_s32(const CumsumParams& p, const int32_t* in, int32_t* out);
void cumsum_s64(const CumsumParams& p, const int64_t* in, int64_t* out);

struct SegmentParams {
  int64_t segments, rows, block;
};

// out[s] is the sum, product, greatest or least of the rows in[r] with ids[r] = s, elementwise; 0,
// 1, the lowest or the greatest number where there is none. Rows with negative ids are left out,
// the others' are below `segments`.
void segment_sum_f32(const SegmentParams& p, const int32_t* ids, const float* in, float* out);
void segment_sum_s32(const SegmentParams& p, const int32_t* ids, const int32_t* in, int32_t* out);
void segment_prod_f32(const SegmentParams& p, const int32_t* ids, const float* in, float* out);
void segment_prod_s32(const SegmentParams& p, const int32_t* ids, const int32_t* in, int32_t* out);
void segment_max_f32(const SegmentParams& p, const int32_t* ids, const float* in, float* out);
void segment_max_s32(const SegmentParams& p, const int32_t* ids, const int32_t* in, int32_t* out);
void segment_min_f32(const SegmentParams& p, const int32_t* ids, const float* in, float* out);
void segment_min_s32(const SegmentParams& p, const int32_t* ids, const int32_t* in, int32_t* out);

}  // namespace octavo::reference
