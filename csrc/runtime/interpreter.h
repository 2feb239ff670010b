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
#include "runtime/callees.h"
#include "runtime/plan.h"
#include "runtime/stage.h"

namespace octavo {

class Interpreter;

// Is told of every step that has run, while its outputs still have their values; its inputs may
// have lost theirs unless all tensors are kept.
struct Observer {
  void (*after)(void* context, const Step& step);
  void* context;
  const Probe* probe = nullptr;
  // Is told of every subgraph that is about to run, those that operators call among them, whose
  // steps it then sees too. Null: it sees the steps of the network's own subgraph.
  void (*before)(void* context, const Interpreter& interpreter) = nullptr;
};

// What a host lends to an interpreter.
struct HostServices {
  Workers workers;
  DerivedStore derived;
  Span<const CustomOp> custom_ops;  // outlive the interpreter
  Session* session = nullptr;       // of all subgraphs that share variables; null: its own
};

class Interpreter {
 public:
  // Reads the subgraph's tensors; shapes can be changed until prepare.
  static Status create(const Subgraph& graph, const Kernels& kernels, const HostServices& host,
                       Arena& memory, Interpreter** out);

  // Gives the subgraph's input tensor number `tensor` another shape.
  Status resize_input(int32_t tensor, const Shape& shape);
  // Gives an input a value that it has in every run.
  Status fix_input(int32_t tensor, void* data);

  // Every operator is there, or an error that lists what is missing. prepare begins with it.
  Status check_operators() const;

  // Prepares every operator and gives every tensor its memory. `keep_all`: every operator runs as
  // the file has it, and no two tensors share memory, so that each keeps its value after invoke.
  Status prepare(bool keep_all);

  Status invoke(const Observer* observer = nullptr);

  // For callees: an interpreter of another subgraph of the same file, and what invoke and
  // resize_input do of it, of which the caller knows that the tensor is an input.
  Status create_callee(const Subgraph& graph, Arena& memory, CalleeScope& scope,
                       Interpreter** out) const;
  Status run_called();
  Status set_input_shape(int32_t tensor, const Shape& shape);

  // Of those that operators have called another subgraph by, here or in what was called, the one
  // that ran last. Null: it has not run, or its memory is gone.
  const Interpreter* last_callee(int32_t subgraph) const;
  // When this one ran last, in the order of all runs and calls of its session; 0: never.
  int64_t last_run() const { return last_run_; }

  // Sets the subgraph's variable tensors to zero, as prepare leaves them.
  void reset_variables();

  const Subgraph& graph() const { return graph_; }
  const HostServices& host() const { return host_; }
  const Tensor& tensor(int32_t i) const { return tensors_[i]; }
  Tensor& tensor(int32_t i) { return tensors_[i]; }
  // The number of one of this interpreter's tensors.
  int32_t index_of(const Tensor& t) const { return static_cast<int32_t>(&t - tensors_.data); }
  // The value is there after invoke: the memory is no other tensor's.
  bool is_kept(int32_t i) const { return kept_[i]; }
  // The shape is known only after invoke, until the next one, and so long the memory stays.
  bool is_deferred(int32_t i) const { return is_deferred_[i]; }

  bool keeps_all() const { return keeps_all_; }

  // What invoke runs, but for what is prepared while running.
  Span<const Step> steps() const { return {first_.steps.data, first_.steps.size}; }

  // Bytes of the memory that tensors and scratch share, and what they would take side by side; with
  // those that the last invoke has prepared.
  int64_t arena_bytes() const;
  int64_t unshared_bytes() const;

  Session& session() const { return *host_.session; }

  Interpreter(const Subgraph& graph, const Kernels& kernels, const HostServices& host,
              Arena& memory)
      : graph_(graph), kernels_(kernels), host_(host), memory_(memory) {}

 private:
  // Of a scope's callees and of those that their later stages have called.
  static void find_last(const CalleeScope& scope, int32_t subgraph, const Interpreter** last);
  Status check_interface() const;
  Status expand_sparse();
  Status check_operands(const Step& step) const;
  Status find_empty_tensors();
  Status choose_nodes();
  Status run(const Observer* observer);
  Status run_steps(Span<Step> steps, const Observer* observer) const;

  // stage.cc
  Status prepare_stage(Stage& stage);
  Status prepare_node(Stage& stage, int32_t index, bool is_behind_others);
  Status prepare_operator(PrepareContext& c) const;
  Status run_while_preparing(const Stage& stage, const PrepareContext& c);
  Status share_value(const PrepareContext& c, Tensor& output) const;
  void forget_outputs(int32_t node);
  void mark_deferred(int32_t node);
  bool is_input_missing(int32_t node) const;
  Status run_deferred(const Observer* observer);
  void forget_deferred();
  void drop_unread(Stage& stage, Span<int32_t> reads);
  Status plan(Stage& stage);
  void set_lifetimes(const Stage& stage, Span<PlannedBuffer> buffers);

  const Subgraph& graph_;
  const Kernels& kernels_;
  HostServices host_;
  Arena& memory_;
  Span<Tensor> tensors_;
  Span<bool> kept_, is_deferred_;
  Span<bool> is_missing_;  // the node that computes it has not been prepared yet
  bool keeps_all_ = false;
  Span<RewrittenNode> nodes_;
  CalleeScope own_scope_;
  CalleeScope* scope_ = &own_scope_;  // of the callees of the first stage
  Stage first_;
  Arena* run_memory_ = nullptr;       // of further stages, until the next invoke
  CalleeScope* run_scope_ = nullptr;  // of their callees
  int64_t last_run_ = 0;
  int64_t deferred_bytes_ = 0, deferred_unshared_bytes_ = 0;
};

}  // namespace octavo
