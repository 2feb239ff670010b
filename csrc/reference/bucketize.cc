#include "reference/bucketize.h"

namespace octavo::reference {
namespace {

// Compared: the type in which an element meets the boundaries.
template <class Compared, class T>
void bucketize(const BucketizeParams& p, const T* in, int32_t* out) {
  for (int64_t i = 0; i < p.count; ++i) {
    const auto x = static_cast<Compared>(in[i]);
    int64_t low = 0, high = p.boundary_count;  // the first boundary above x is in [low, high]
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (x < static_cast<Compared>(p.boundaries[middle])) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    out[i] = static_cast<int32_t>(low);
  }
}

}  // namespace

void bucketize_f32(const BucketizeParams& p, const float* in, int32_t* out) {
  bucketize<float>(p, in, out);
}
void bucketize_f64(const BucketizeParams& p, const double* in, int32_t* out) {
  bucketize<double>(p, in, out);
}
void bucketize_s32(const BucketizeParams& p, const int32_t* in, int32_t* out) {
  bucketize<float>(p, in, out);
}
void bucketize_s64(const BucketizeParams& p, const int64_t* in, int32_t* out) {
  bucketize<float>(p, in, out);
}

}  // namespace octavo::reference
