// REDUCE_MAX, REDUCE_MIN and REDUCE_PROD over the walk of reference/reduce.h.
#pragma once

#include <cstdint>

#include "reference/reduce.h"

namespace octavo::reference {

enum class Reduction { kMax, kMin, kProd };

// Of plain numbers: int32_t and int64_t, products of int8_t and int16_t too, and what stands below.
// No elements: the lowest, the greatest, 1. A NaN is passed over by the extremes; products of
// integers wrap.
template <Reduction kReduction, class T>
void reduce(const ReduceParams& p, const T* in, T* out);

void reduce_max_f32(const ReduceParams& p, const float* in, float* out);
void reduce_max_s8(const ReduceParams& p, const int8_t* in, int8_t* out);
void reduce_max_u8(const ReduceParams& p, const uint8_t* in, uint8_t* out);
void reduce_max_s16(const ReduceParams& p, const int16_t* in, int16_t* out);
void reduce_min_f32(const ReduceParams& p, const float* in, float* out);
void reduce_min_s8(const ReduceParams& p, const int8_t* in, int8_t* out);
void reduce_min_u8(const ReduceParams& p, const uint8_t* in, uint8_t* out);
void reduce_min_s16(const ReduceParams& p, const int16_t* in, int16_t* out);
void reduce_prod_f32(const ReduceParams& p, const float* in, float* out);

// Products of quantized numbers. The first element is x = q - in_zero; each other one multiplies,
// x = requantize(x (q - in_zero), multiplier) in int64, and so does the output at last:
// requantize(x, multiplier) + out_zero. The multiplier is in_scale / out_scale^(1/count).
// `products` is scratch for p.outputs. No elements: 0.
void reduce_prod_s8(const ReduceParams& p, const int8_t* in, int32_t* products, int8_t* out);
void reduce_prod_s16(const ReduceParams& p, const int16_t* in, int32_t* products, int16_t* out);

}  // namespace octavo::reference
