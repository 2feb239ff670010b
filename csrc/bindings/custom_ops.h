// Operators that are written in Python.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/common.h"
#include "ops/op.h"

namespace octavo {

// By name, each with the two functions that python/octavo/custom_ops.py makes of the caller's.
struct PythonOp {
  std::string name;
  py::function infer, run;
};

// The same for the runtime. Of one interpreter: it keeps what Python raised.
class PythonOps {
 public:
  explicit PythonOps(const std::vector<PythonOp>& ops);
  PythonOps(const PythonOps&) = delete;

  Span<const CustomOp> ops() const { return {ops_.data(), ops_.size()}; }

  // Raises an error of the core, whose cause is what an operator has raised since the last call.
  void raise_if_failed(const Status& s);

 private:
  struct Entry {
    PythonOp op;
    PythonOps* owner;
  };

  static Status prepare(PrepareContext& c, void* entry);
  static Status invoke(const Step& step, const Workspace&);
  template <class Call>
  static Status call(const Entry& entry, const Step& step, Call python);

  std::vector<Entry> entries_;
  std::vector<CustomOp> ops_;
  std::optional<py::error_already_set> raised_;
};

}  // namespace octavo
