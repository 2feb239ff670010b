// The C interface's custom operators as the runtime takes them.
#pragma once

#include "capi/octavo.h"
#include "ops/op.h"

namespace octavo {

octavo_tensor c_tensor(const Tensor& t);

Status make_custom_ops(const octavo_options& options, Arena& arena, Span<const CustomOp>& out);

}  // namespace octavo
