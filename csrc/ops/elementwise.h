// What the operators share that compute each element of their output from one element of each
// input.
#pragma once

#include "ops/op.h"

namespace octavo {

// One input, an output of its type and shape.
Status prepare_unary(const PrepareContext& c);

// Two inputs of one type that broadcast, an output of that type and the shape that they have
// together.
Status prepare_binary(const PrepareContext& c, reference::Broadcast* broadcast);

// Each input and output has one scale and a zero point; in an int16 tensor that is 0.
Status expect_quantized_operands(const PrepareContext& c);

}  // namespace octavo
