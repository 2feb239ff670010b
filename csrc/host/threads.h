// The threads of this process, lent to interpreters.
#pragma once

#include "base/workers.h"

namespace octavo {

class Pool;

// What one interpreter runs on: its caller's thread and, where a step has several parts, the
// threads of the pool. There is one pool in a process, so that interpreters which run at the same
// time do not ask for more threads than there are: it serves one invoke at a time, the others run
// on their callers' threads alone. Its threads start when they are first needed and sleep while
// nobody needs them. After a fork the child begins with a new pool.
class Threads {
 public:
  // `count` includes the caller's. `is_eager`: see Workers::Pool.
  explicit Threads(int32_t count, bool is_eager = false) : count_(count), is_eager_(is_eager) {}
  Threads(const Threads&) = delete;
  ~Threads() { release(); }

  // Refers to this object. For one invoke at a time.
  Workers workers();

 private:
  void run(int32_t parts, Workers::Part part, const void* task);
  void release();

  int32_t count_;
  bool is_eager_;
  Pool* pool_ = nullptr;  // from the first step with several parts to the end of the invoke
};

}  // namespace octavo
