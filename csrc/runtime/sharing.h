// Tensors that lie in one buffer because one becomes the other.
#pragma once

#include "ops/op.h"
#include "runtime/plan.h"

namespace octavo {

// Lets an output lie where an input of its step lies, if the step only renames it, or works element
// by element and is the last to read it. A step that has nothing left to do loses its invoke.
//
// `buffers` has each tensor's lifetime, which ends after the last step where the caller may touch
// it; `places` the number of the tensor in whose buffer each lies, its own to begin with. A buffer
// in which nothing lies any more loses its bytes.
void share_buffers(Span<Step> steps, const Tensor* tensors, Span<PlannedBuffer> buffers,
                   Span<int32_t> places);

}  // namespace octavo
