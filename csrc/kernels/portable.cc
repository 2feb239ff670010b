#include "kernels/table.h"

namespace octavo {

constexpr Kernels kPortable = reference_kernels("portable");

}  // namespace octavo
