// Subgraphs that others call, prepared.
#pragma once

#include <cstdint>

#include "ops/callee.h"

namespace octavo {

class Interpreter;
struct Stage;

struct PreparedCallee : Callee {
  Span<const Argument> arguments;  // what it is prepared for
  Interpreter* interpreter = nullptr;
  PreparedCallee* next = nullptr;
};

// Callees that end together. A subgraph is prepared once for the same arguments, however many ways
// lead to it: there may be exponentially many.
struct CalleeScope {
  CalleeScope* outer = nullptr;  // lasts longer
  PreparedCallee* first = nullptr;
  int32_t count = 0;
};

// Prepares what the operators of one stage call.
class CalleeMaker {
 public:
  CalleeMaker(Interpreter& interpreter, Stage& stage) : interpreter_(interpreter), stage_(stage) {}
  Callees lend();

 private:
  Status make(const Step& caller, int32_t subgraph, Span<const Argument> arguments, Arena* memory,
              Callee** out);
  Status prepare(Arena& memory, CalleeScope& scope, PreparedCallee& callee) const;

  Interpreter& interpreter_;
  Stage& stage_;
};

}  // namespace octavo
