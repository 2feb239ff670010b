#include "kernels/table.h"

namespace octavo {

const Kernels kPortable = {
    "portable",
#define KERNEL(name) &reference::name,
#include "kernels/kernels.inc"
#undef KERNEL
    nullptr,
    nullptr,
};

}  // namespace octavo
