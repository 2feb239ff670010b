// One subgraph made ready and run. Everything it needs comes from the Arena it is given, which
// outlives it; to change a shape, begin again with a new Arena. Not for several threads at once;
// the Graph may be shared.
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "graph/graph.h"
#include "kernels/table.h"
#include "ops/op.h"
#include "rewrites/nodes.h"
#include "runtime/plan.h"

namespace octavo {

// Is told of every step that has run, while its outputs still have their values; its inputs may
// have lost theirs unless all tensors are kept.
struct Observer {
  void (*after)(void* context, const Step& step);
  void* context;
};

// What a host lends to an interpreter.
struct HostServices {
  Workers workers;
  DerivedStore derived;
  Span<const CustomOp> custom_ops;  // outlive the interpreter
};

class Interpreter {
 public:
  // Reads the subgraph's tensors; shapes can be changed until prepare.
  static Status create(const Subgraph& graph, const Kernels& kernels, const HostServices& host,
                       Arena& memory, Interpreter** out);

  // Gives the subgraph's input tensor number `tensor` another shape.
  Status resize_input(int32_t tensor, const Shape& shape);

  // Every operator is there, or an error that lists what is missing. prepare begins with it.
  Status check_operators() const;

  // Prepares every operator and gives every tensor its memory. `keep_all`: every operator runs as
  // the file has it, and no two tensors share memory, so that each keeps its value after invoke.
  Status prepare(bool keep_all);

  Status invoke(const Observer* observer = nullptr);

  // Sets variable tensors to zero, as prepare leaves them.
  void reset_variables();

  const Subgraph& graph() const { return graph_; }
  const HostServices& host() const { return host_; }
  const Tensor& tensor(int32_t i) const { return tensors_[i]; }
  // The number of one of this interpreter's tensors.
  int32_t index_of(const Tensor& t) const { return static_cast<int32_t>(&t - tensors_.data); }
  // The value is there after invoke: the memory is no other tensor's.
  bool is_kept(int32_t i) const { return kept_[i]; }

  bool keeps_all() const { return keeps_all_; }

  // What invoke runs.
  Span<const Step> steps() const { return {steps_.data, steps_.size}; }

  // Bytes of the memory that tensors and scratch share, and what they would take side by side.
  int64_t arena_bytes() const { return arena_bytes_; }
  int64_t unshared_bytes() const { return unshared_bytes_; }

  Interpreter(const Subgraph& graph, const Kernels& kernels, const HostServices& host,
              Arena& memory)
      : graph_(graph), kernels_(kernels), host_(host), memory_(memory) {}

 private:
  bool has_operator(const Node& node) const;
  Status check_interface() const;
  Status check_operands(const Step& step) const;
  Status find_empty_tensors();
  Status choose_nodes();
  Status prepare_node(int32_t index);
  Status prepare_operator(PrepareContext& c) const;
  Status run_while_preparing(const PrepareContext& c);
  Status share_value(const PrepareContext& c, Tensor& output) const;
  Status run_steps(const Observer* observer) const;
  void announce_reads();
  template <class Wanted>
  void keep_steps(Wanted wanted);
  Status drop_unread();
  Status plan();
  void set_lifetimes(Span<PlannedBuffer> buffers);

  const Subgraph& graph_;
  const Kernels& kernels_;
  const HostServices host_;
  Arena& memory_;
  Span<Tensor> tensors_;
  Span<bool> kept_;
  bool keeps_all_ = false;
  Span<RewrittenNode> nodes_;
  Span<Step> steps_;  // what invoke runs
  int64_t arena_bytes_ = 0, unshared_bytes_ = 0;
};

}  // namespace octavo
