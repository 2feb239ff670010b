// Tensors that lie in one buffer because one becomes the other.
#pragma once

#include "ops/op.h"
#include "runtime/plan.h"

namespace octavo {

struct Place {
  int32_t buffer;
  int64_t offset;  // bytes
};

// Lets outputs lie where an input of their step lies, if the step only renames it or parts of it,
// or works element by element and is the last to read it. A step that has nothing left to do loses
// its invoke; one whose output lies in memory that it shows needs none for it.
//
// `buffers` has each tensor's lifetime, which ends after the last step where the caller may touch
// it; `places` where each lies, in its own buffer to begin with. A buffer in which nothing lies any
// more loses its bytes.
void share_buffers(Span<Step> steps, const Tensor* tensors, Span<PlannedBuffer> buffers,
                   Span<Place> places);

}  // namespace octavo
