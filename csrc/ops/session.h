// What a network keeps between runs beside its variable tensors. All subgraphs of one interpreter
// share it, and it outlives their plans.
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "base/dtype.h"
#include "base/shape.h"

namespace octavo {

struct Observer;

// What VAR_HANDLE names: a tensor that has the type and shape of what was assigned last.
struct Variable {
  Text container, name;
  bool is_assigned = false;
  DType type = DType::kFloat32;
  Shape shape;
  void* data = nullptr;
  int64_t capacity = 0;  // bytes
  Variable* next = nullptr;
};

class Session {
 public:
  static constexpr int64_t kMaxLoopIterations = 1000000;

  // Takes memory from `memory`, which outlives it.
  explicit Session(Arena& memory) : memory_(memory) {}

  // The number by which variable() finds the one of that name, a new one where there is none.
  Status find_variable(Text container, Text name, int32_t* number);
  // Null where there is none of that number.
  Variable* variable(int32_t number) const;
  // Makes room for a value of so many bytes.
  Status reserve(Variable& variable, int64_t bytes);

  // Whether CALL_ONCE has run the subgraph.
  bool has_run(int32_t subgraph) const { return has_run_[subgraph]; }
  void set_has_run(int32_t subgraph) { has_run_[subgraph] = true; }
  Status set_subgraph_count(size_t count);

  // How many times all loops of an invoke together may go round.
  void set_max_loop_iterations(int64_t count) { max_loop_iterations_ = count; }
  int64_t max_loop_iterations() const { return max_loop_iterations_; }
  void begin_run() {
    iterations_ = 0;
    calls_before_ = ++calls_;
  }
  bool count_iteration() { return ++iterations_ <= max_loop_iterations_; }
  // Subgraphs that call the next one twice need no loop to run for ever.
  static constexpr int64_t kCallsPerIteration = 64;
  bool count_call() {
    return (++calls_ - calls_before_) / kCallsPerIteration <= max_loop_iterations_;
  }
  int64_t calls() const { return calls_; }  // of all runs, and these themselves

  // Who is told of what subgraphs do that operators call, in this run; null: nobody.
  void set_callee_observer(const Observer* observer) { callee_observer_ = observer; }
  const Observer* callee_observer() const { return callee_observer_; }

  // As before the first run: no variable has a value.
  void forget();

 private:
  Arena& memory_;
  Variable* first_ = nullptr;
  Span<bool> has_run_;
  int64_t max_loop_iterations_ = kMaxLoopIterations, iterations_ = 0;
  int64_t calls_ = 0, calls_before_ = 0;
  const Observer* callee_observer_ = nullptr;
};

}  // namespace octavo
