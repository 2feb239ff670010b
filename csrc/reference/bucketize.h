#pragma once

#include <cstdint>

namespace octavo::reference {

struct BucketizeParams {
  int64_t count, boundary_count;
  const float* boundaries;  // ascending
};

// How many boundaries are not above each element; integers and boundaries are compared as float32,
// float64 and boundaries as float64. NaN has them all below it.
void bucketize_f32(const BucketizeParams& p, const float* in, int32_t* out);
void bucketize_f64(const BucketizeParams& p, const double* in, int32_t* out);
void bucketize_s32(const BucketizeParams& p, const int32_t* in, int32_t* out);
void bucketize_s64(const BucketizeParams& p, const int64_t* in, int32_t* out);

}  // namespace octavo::reference
