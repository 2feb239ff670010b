// What an operator is, and what it sees of the runtime.
//
// An operator is data: a code and a function `prepare`, which checks everything that can be checked
// before data comes, infers the output shapes, computes the kernel's params and chooses the
// `invoke` that runs. Between prepare and invoke the runtime gives every tensor its place; invoke
// is arithmetic and fails only on what data holds.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "base/arena.h"
#include "base/workers.h"
#include "graph/graph.h"
#include "kernels/table.h"
#include "ops/callee.h"
#include "ops/derived.h"
#include "ops/session.h"

namespace octavo {

// A tensor while a graph runs: the shape may have changed since the file was written.
struct Tensor {
  const TensorInfo* info = nullptr;
  DType type = DType::kFloat32;
  Shape shape;
  void* data = nullptr;       // while preparing: null unless the value is there
  bool is_known = false;      // a constant of the file, or computed while preparing
  bool is_from_file = false;  // known, and from the file's constants alone, not from input shapes

  const Quantization& quantization() const { return info->quantization; }
  float scale() const { return info->quantization.scale[0]; }
  int32_t zero_point() const { return static_cast<int32_t>(info->quantization.zero()); }
  int64_t bytes() const { return dtype_bytes(type, shape.count()); }
};

// A tensor's data, or null for an operand left out. Converts to the pointer that a kernel wants:
// prepare has checked the type.
struct Data {
  void* pointer;
  template <class T>
  operator T*() const {
    return static_cast<T*>(pointer);
  }
};

// Is shown what an operator computes inside, under the tensor that stands for it: one of its
// intermediates, or a state on its way.
struct Probe {
  void (*see)(void* context, const Tensor& tensor, const float* values, int64_t count);
  void* context;
};

// What every invoke is given.
struct Workspace {
  const Kernels& kernels;
  const Workers& workers;
  const Probe* probe = nullptr;  // null: nobody looks
};

struct Scratch {
  void* data;
  int64_t bytes;
};

// What a step's output has to do with its inputs, by which tensors may share memory.
enum class Effect : uint8_t {
  kComputes,     // an element may depend on any element
  kElementwise,  // on the elements of its own place alone, which the kernel has read before it
                 // writes there: an input of the output's shape may lie where the output does
  kOverwrites,   // output 0 may lie where input 0 does: the kernel writes what is to change
  kRenames,      // the outputs are parts of an input, as they are
};

// Where in input number `input` each output of a step lies that renames.
struct Renaming {
  int32_t input = 0;
  Span<const int64_t> offsets;  // bytes
};

// Rows of an image, the first of them its row number `top`.
struct ImageRows {
  const void* data;
  int32_t top;
};

// Some rows of a step's output, whose input lies in memory apart from the tensor's.
struct RowRange {
  int32_t first, count;
  ImageRows in;    // all that they are computed from
  void* out;       // row `first`
  int32_t worker;  // as Workers::Part's
};

// Row y of a step's output is computed from those of `count` rows, from y * stride - pad on, that
// its input has.
struct RowWindow {
  int32_t stride, pad, count;
};

// One operator of a prepared graph.
struct Step {
  using Invoke = Status (*)(const Step&, const Workspace&);

  Invoke invoke = nullptr;
  const void* params_memory = nullptr;
  Span<Tensor*> inputs, outputs;  // an input left out is null
  Span<Tensor*> intermediates;    // have a quantization and nothing else
  Span<Scratch> scratch_buffers;
  const Node* node = nullptr;
  int32_t index = 0;  // of the node in its subgraph
  Effect effect = Effect::kComputes;
  Renaming renaming = {};  // of Effect::kRenames
  // Gives the same outputs for the same inputs and does nothing else. What is not pure runs at
  // every invoke, whether its inputs are known before or nobody reads its outputs.
  bool is_pure = true;
  // In place of invoke: lets output 0 lie where its value is, until another step that is not pure
  // may change that. Null where there is no such place.
  Invoke show = nullptr;
  // Computes some rows of output 0 from rows of input 0 and from what is known, each an image of
  // its own, [1][rows][columns][channels]. Null where the step has no such way to run.
  void (*run_rows)(const Step&, const RowRange&) = nullptr;
  RowWindow window = {};
  Span<const Step> chained;  // that it runs by rows, one behind the other; none: it is one operator
  Span<const uint8_t> reads_first;  // packed weights, of as much as a cache holds; or nothing
  Span<const uint8_t> read_next;    // reads_first of the next step that has any: to be fetched

  template <class Params>
  const Params& params() const {
    return *static_cast<const Params*>(params_memory);
  }
  Data input(size_t i) const {
    return {i < inputs.size && inputs[i] != nullptr ? inputs[i]->data : nullptr};
  }
  Data output(size_t i) const { return {outputs[i]->data}; }
  Data scratch(size_t i) const { return {scratch_buffers[i].data}; }

  // For an invoke that finds impossible data: `GATHER (node 3 "y"): ` and the parts.
  template <class... Parts>
  Status fail(const Parts&... parts) const;
};

// `CONV_2D (node 12 "conv1"): `, the beginning of every message about a node.
struct NodeLabel {
  explicit NodeLabel(const Step& step);
  char text[160];
};

template <class... Parts>
Status Step::fail(const Parts&... parts) const {
  return Status::failed(NodeLabel(*this).text, parts...);
}

// What only operators with subgraphs or variables need of the runtime.
struct Surroundings {
  Callees callees;
  Session* session = nullptr;
  bool is_turn = false;  // what has state before the node, in the file's order, has run
};

// How an operator's prepare talks to the runtime. Functions that return a Status fail with a
// message that starts with the operator and node; `role` says which operand is meant: "input",
// "filter".
class PrepareContext {
 public:
  PrepareContext(Step& step, const Kernels& kernels, const Workers& workers,
                 const DerivedStore& store, Arena& memory, const Surroundings& surroundings = {})
      : step(step),
        kernels(kernels),
        workers(workers),
        store_(store),
        memory_(memory),
        surroundings_(surroundings) {}

  Step& step;  // prepare sets step.invoke
  const Kernels& kernels;
  const Workers& workers;  // invoke's, not to run here: how many need scratch of their own

  // The same for another step, which an operator makes of its own.
  PrepareContext of(Step& other) const { return {other, kernels, workers, store_, memory_}; }

  template <class Options>
  const Options& options() const {
    return *static_cast<const Options*>(step.node->options);
  }

  int32_t input_count() const { return static_cast<int32_t>(step.inputs.size); }
  int32_t output_count() const { return static_cast<int32_t>(step.outputs.size); }
  bool has_input(int32_t i) const { return i < input_count() && step.inputs[i] != nullptr; }
  const Tensor& input(int32_t i) const { return *step.inputs[i]; }  // has_input(i)
  const Tensor& output(int32_t i) const { return *step.outputs[i]; }
  const Tensor& intermediate(int32_t i) const { return *step.intermediates[i]; }

  // The operator has between `least` and `most` inputs, the first `least` of which are there, and
  // `outputs` outputs.
  Status expect_operands(int32_t least, int32_t most, int32_t outputs) const;
  Status expect_type(const char* role, const Tensor& t, std::initializer_list<DType> types) const;
  Status expect_same_type(const char* role_a, const Tensor& a, const char* role_b,
                          const Tensor& b) const;
  Status expect_rank(const char* role, const Tensor& t, int32_t least, int32_t most) const;
  // One scale > 0 and a zero point within the type.
  Status expect_per_tensor(const char* role, const Tensor& t) const;
  // A zero point of 0, if the type is int16: its kernels know no other.
  Status expect_symmetric_int16(const char* role, const Tensor& t) const;
  Status expect_same_quantization(const char* role_a, const Tensor& a, const char* role_b,
                                  const Tensor& b) const;
  // The value is there while preparing, so that it can be read through t.data. Where it is not,
  // the node is prepared again when others have run, and those behind it that need its outputs.
  Status expect_known(const char* role, const Tensor& t) const;
  // All that has state before the node has run, so that prepare may see what it has left, and run
  // what changes it. Where it has not, the node is prepared again when it has.
  Status expect_turn() const;

  template <class... Parts>
  Status fail(const Parts&... parts) const {
    return step.fail(parts...);
  }
  // fail() for the combination of element types that an operator does not have.
  Status fail_types() const;

  // Gives an output its shape.
  Status set_shape(int32_t output, const Shape& shape) const;
  // For an output that follows from shapes alone (SHAPE's): memory for its value, of the type and
  // shape set before, that prepare fills. The output is known from then on; a step left without an
  // invoke does not run.
  Status make_known(int32_t output, void*& data) const;

  // Prepares a subgraph to be called by the step. What it takes lasts as long as the step, or as
  // `memory`.
  Status make_callee(int32_t subgraph, Span<const Argument> arguments, Callee** out,
                     Arena* memory = nullptr) const {
    const Callees& callees = surroundings_.callees;
    return callees.make(callees.context, step, subgraph, arguments, memory, out);
  }
  bool has_subgraph(int32_t number) const {
    return number >= 0 && static_cast<size_t>(number) < surroundings_.callees.subgraphs.size;
  }
  const Subgraph& subgraph(int32_t number) const { return surroundings_.callees.subgraphs[number]; }
  Session& session() const { return *surroundings_.session; }
  // Memory for prepare alone, until it is closed.
  Status open_arena(Arena** arena) const { return memory_.open(arena); }
  void close_arena(Arena* arena) const { memory_.close(arena); }
  // The same for a value that is there already, made of the file's constants alone.
  void set_known(int32_t output, void* data) const {
    Tensor& t = *step.outputs[output];
    t.data = data;
    t.is_known = t.is_from_file = true;
  }

  // Zero-initialised params, which live as long as the prepared graph; invoke finds them as
  // step.params<Params>().
  template <class Params>
  Status make_params(Params*& out) const {
    OCTAVO_TRY(memory_.make(out));
    step.params_memory = out;
    return {};
  }
  // Has `invoke` run the step by a copy of `params`, instead of what was chosen before and of its
  // scratch memory.
  template <class Params>
  Status set_invoke(Step::Invoke invoke, const Params& params) const {
    Params* kept;
    OCTAVO_TRY(make_params(kept));
    *kept = params;
    step.invoke = invoke;
    step.run_rows = nullptr;
    step.scratch_buffers.size = 0;
    return {};
  }
  template <class T>
  Status make_array(int64_t count, Span<T>& out) const {
    return memory_.make(count, out);
  }
  // Memory for what interpreters of one model can share: fill(void* memory), which returns a
  // Status, fills it with what follows from tensors that are is_from_file, the operands'
  // quantizations and `variant` alone. It is not called where another interpreter has been here.
  // What follows from anything else is not `is_shareable` and fills memory of this interpreter's
  // own.
  template <class Fill, class T>
  Status make_derived(Derived what, const DerivedVariant& variant, bool is_shareable, int64_t bytes,
                      const Fill& fill, T** out) const {
    const DerivedStore::Fill call = [](const void* task, void* memory) -> Status {
      return (*static_cast<const Fill*>(task))(memory);
    };
    void* memory = nullptr;
    OCTAVO_TRY(get_derived(what, variant, is_shareable, bytes, call, &fill, &memory));
    *out = static_cast<T*>(memory);
    return {};
  }
  // Memory for invoke alone, not kept between runs: step.scratch(0), step.scratch(1), ... in the
  // order of the calls.
  Status add_scratch(int64_t bytes);

 private:
  static constexpr int64_t kMaxScratch = 4;

  Status get_derived(Derived what, const DerivedVariant& variant, bool is_shareable, int64_t bytes,
                     DerivedStore::Fill fill, const void* task, void** out) const;

  const DerivedStore& store_;
  Arena& memory_;
  const Surroundings surroundings_;
};

// Runs a kernel whose arguments are its params, one or two inputs, and an output.
template <class Params, class In, class Out>
void run_kernel(void (*kernel)(const Params&, const In*, Out*), const Step& s) {
  kernel(s.params<Params>(), s.input(0), s.output(0));
}
template <class Params, class A, class B, class Out>
void run_kernel(void (*kernel)(const Params&, const A*, const B*, Out*), const Step& s) {
  kernel(s.params<Params>(), s.input(0), s.input(1), s.output(0));
}

// The kernel of the table that kKernel is a member of, or the reference kernel that it is itself:
// one that no instruction set does better.
template <auto kKernel>
auto kernel_of(const Workspace& w) {
  if constexpr (std::is_member_pointer_v<decltype(kKernel)>) {
    return w.kernels.*kKernel;
  } else {
    return kKernel;
  }
}

// The invoke that does nothing else: invoke_kernel<&Kernels::add_s8>.
template <auto kKernel>
Status invoke_kernel(const Step& s, const Workspace& w) {
  run_kernel(kernel_of<kKernel>(w), s);
  return {};
}

// An operator's prepare; null where octavo does not have the operator.
using Prepare = Status (*)(PrepareContext&);
Prepare find_op(Opcode code);

// An operator that files call by a name, as Opcode::CUSTOM.
struct CustomOp {
  Text name;
  Status (*prepare)(PrepareContext&, void* context);
  void* context = nullptr;  // prepare's
};

// The operator of a node of Opcode::CUSTOM, one of `given` before one of octavo's own; or null.
const CustomOp* find_custom_op(Text name, Span<const CustomOp> given);

}  // namespace octavo
