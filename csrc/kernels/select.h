// Which table of kernels to use.
#pragma once

#include "base/status.h"
#include "kernels/table.h"

namespace octavo {

// The tables that this CPU can run, the best first; the last is the portable one. What comes behind
// another of which it is a less precise form is used only by name.
struct AvailableKernels {
  const Kernels* tables[5];
  size_t count;
  const Kernels* const* begin() const { return tables; }
  const Kernels* const* end() const { return tables + count; }
};
AvailableKernels available_kernels();

// The table that `isa` names; where it is null or empty, the best. Fails for a name that is none,
// or of a table that this CPU cannot run.
Status select_kernels(const char* isa, const Kernels** out);

}  // namespace octavo
