// What the steps of a run take, and which kernels they use.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/interpreter.h"

namespace octavo {

struct StepTime {
  int32_t node;
  Span<const Step> chained;  // the step's; until the next run
  int64_t nanoseconds;       // including a reading of the clock, some 20
};

// Runs the interpreter once; `times` has the steps in the order in which they ran.
Status time_steps(Interpreter& interpreter, std::vector<StepTime>& times);

struct StepKernels {
  int32_t node;
  std::vector<const char*> names;  // members of Kernels that the step called, each once
};

// Runs a second interpreter on the same inputs, with a table whose functions write down their
// names. `kernels` is the interpreter's table, `keep_all` as it was prepared.
Status find_step_kernels(const Interpreter& interpreter, const Kernels& kernels, bool keep_all,
                         std::vector<StepKernels>& steps);

struct TableEntry {
  const char* name;  // of the member of Kernels
  bool is_own;       // false where the table has the reference kernel
};

// All kernels of a table.
std::vector<TableEntry> table_entries(const Kernels& kernels);

// Multiply-accumulates a nanosecond (10^9 a second) of kernels.dot_loop_s8, which is not null.
double time_dot_loop(const Kernels& kernels, int64_t rounds);

}  // namespace octavo
