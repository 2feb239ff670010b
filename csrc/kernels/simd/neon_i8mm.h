// NEON with products of matrices: as with dot products.
#pragma once

#include "kernels/simd/neon_dot.h"

namespace octavo::neon_i8mm {
namespace {

using V = neon_dot::V;

}  // namespace
}  // namespace octavo::neon_i8mm
