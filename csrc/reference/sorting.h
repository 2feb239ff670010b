// Kernels that compare the elements of a row with each other. Equal elements keep their order; NaN
// is less than every number, and equal to itself.
#pragma once

#include <cstdint>

namespace octavo::reference {

struct TopKParams {
  int64_t rows, row_size, k;  // k in [0, row_size]
};

// Where the k greatest elements of each row are in it, the greatest first.
void top_k_f32(const TopKParams& p, const void* in, int32_t* indices);
void top_k_s8(const TopKParams& p, const void* in, int32_t* indices);
void top_k_u8(const TopKParams& p, const void* in, int32_t* indices);
void top_k_s16(const TopKParams& p, const void* in, int32_t* indices);
void top_k_s32(const TopKParams& p, const void* in, int32_t* indices);
void top_k_s64(const TopKParams& p, const void* in, int32_t* indices);

// firsts[i] is the first place of an element equal to in[i]. `order` has room for `count` places.
// Integers of any sign go by their size.
void find_firsts_f32(int32_t count, const void* in, int32_t* order, int32_t* firsts);
void find_firsts_8(int32_t count, const void* in, int32_t* order, int32_t* firsts);
void find_firsts_16(int32_t count, const void* in, int32_t* order, int32_t* firsts);
void find_firsts_32(int32_t count, const void* in, int32_t* order, int32_t* firsts);
void find_firsts_64(int32_t count, const void* in, int32_t* order, int32_t* firsts);

}  // namespace octavo::reference
