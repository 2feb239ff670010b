// The kernels as a specification, all families.
//
// Conventions. Scalar, freestanding C++: a microcontroller compiles these files as they are. A
// kernel is a plain function on pointers and one params struct; the caller has checked every size,
// so that a kernel cannot fail. A name is the operator with a suffix for its element types: f32 f16
// s8 u8 s16 s32 s64; s16 of a weighted operator means int16 activations, int8 weights, int64 bias
// (s16_b32: int32 bias). Images are NHWC, filters OHWI. Dimensions are int32_t, offsets and element
// counts int64_t. Templates stay in the .cc file.
#pragma once

#include "reference/arg_min_max.h"
#include "reference/batch_matmul.h"
#include "reference/binary.h"
#include "reference/cast.h"
#include "reference/conv.h"
#include "reference/copy.h"
#include "reference/divide.h"
#include "reference/dynamic_range.h"
#include "reference/floor.h"
#include "reference/fully_connected.h"
#include "reference/hard_swish.h"
#include "reference/log_softmax.h"
#include "reference/lstm.h"
#include "reference/lut.h"
#include "reference/normalize.h"
#include "reference/pairwise.h"
#include "reference/pool.h"
#include "reference/quantize.h"
#include "reference/reduce.h"
#include "reference/reduce_extremes.h"
#include "reference/relu.h"
#include "reference/resize.h"
#include "reference/softmax.h"
#include "reference/unary.h"
