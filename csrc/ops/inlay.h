// A tensor laid into another: PAD, DILATE, MATRIX_DIAG and their like.
#pragma once

#include "ops/copy.h"

namespace octavo {

enum class Ground : uint8_t {
  kZero,     // the element `zero`
  kElement,  // the one element of input `ground_input`
  kTensor,   // input `ground_input`, of the output's shape
};

struct Inlay {
  int32_t element_bytes = 0;
  Ground ground = Ground::kZero;
  int32_t ground_input = 0;
  uint8_t zero[kZeroBytes] = {};
  int32_t input = 0;  // that is laid on the ground
  StridedCopyParams copy = {};
};

// Makes the node one that lays an input on its ground, the output.
Status set_inlay(PrepareContext& c, const Inlay& inlay);
// Fills the output with the ground.
void lay_ground(const Inlay& inlay, const Step& s, const Workspace& w);

}  // namespace octavo
