// The threads that run the parts of a step. Who has threads (a host, or firmware with several
// cores) lends them as a Workers::Pool; without one, the caller's thread does everything.
#pragma once

#include <cstdint>

#include "base/math.h"

namespace octavo {

// The least that a part should compute or move: several microseconds' worth.
constexpr int64_t kLeastMacs = 1 << 19, kLeastBytes = 1 << 16;

class Workers {
 public:
  // Computes part number `part` of a task. `worker`, in [0, count()), is never two threads' at the
  // same time: it says which piece of a scratch buffer is this thread's own.
  using Part = void (*)(const void* task, int32_t part, int32_t worker);

  struct Pool {
    int32_t count = 1;      // threads at most, the caller's included
    bool is_eager = false;  // tests: however small a step is, it is split
    void* context = nullptr;
    // As Workers::run.
    void (*run)(void* context, int32_t parts, Part part, const void* task) = nullptr;
    // No further run comes for a while: others may have the threads.
    void (*release)(void* context) = nullptr;
  };

  Workers() = default;
  explicit Workers(const Pool& pool) : pool_(pool) {}

  int32_t count() const { return pool_.count; }
  bool is_eager() const { return pool_.is_eager; }

  // Calls part(task, i, worker) once for each i < parts, in any order, on up to count() threads.
  // Returns when all are done, and what they wrote can be read. A part does not call run.
  void run(int32_t parts, Part part, const void* task) const {
    if (parts > 1 && pool_.run != nullptr) return pool_.run(pool_.context, parts, part, task);
    for (int32_t i = 0; i < parts; ++i) part(task, i, 0);
  }

  // The same for a function object: workers.for_each(n, [&](int32_t part, int32_t worker) {...}).
  template <class Task>
  void for_each(int32_t parts, const Task& task) const {
    const Part part = [](const void* t, int32_t i, int32_t worker) {
      (*static_cast<const Task*>(t))(i, worker);
    };
    run(parts, part, &task);
  }

  // How many parts a step deserves whose work (multiply-accumulates, bytes) is `work`, where less
  // than `least` is not worth handing over: 1 to `most`. A few a thread, because a thread may be
  // late or slow.
  int32_t parts_for(int64_t work, int64_t least, int32_t most) const {
    if (count() == 1) return 1;
    const int64_t deserved = pool_.is_eager ? most : work / least;
    return static_cast<int32_t>(
        clamp<int64_t>(deserved, 1, min<int64_t>(most, kPartsEach * count())));
  }

  void release() const {
    if (pool_.release != nullptr) pool_.release(pool_.context);
  }

 private:
  static constexpr int64_t kPartsEach = 2;

  Pool pool_;
};

}  // namespace octavo
