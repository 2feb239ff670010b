// The class Interpreter of octavo._core.
#include "runtime/interpreter.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "base/packed.h"
#include "bindings/common.h"
#include "bindings/custom_ops.h"
#include "bindings/tensors.h"
#include "host/calibration.h"
#include "host/model.h"
#include "host/profile.h"
#include "host/threads.h"

namespace octavo {
namespace {

using SharedModel = std::shared_ptr<const Model>;

// The variables of subgraphs that belong together, and the right to touch any of them.
struct PySession {
  explicit PySession(int64_t max_loop_iterations) {
    if (max_loop_iterations < 0) {
      raise_if_failed(Status::invalid("max_loop_iterations cannot be ", max_loop_iterations));
    }
    session.set_max_loop_iterations(max_loop_iterations);
  }

  HeapArena arena;
  Session session{arena};
  std::atomic<bool> is_taken{false};
};

// A prepared subgraph with its memory. Arrays that look into it keep it alive.
struct State {
  State(SharedModel m, std::shared_ptr<PySession> s, int32_t thread_count, bool is_eager,
        const std::vector<PythonOp>& ops)
      : model(std::move(m)),
        session(std::move(s)),
        threads(thread_count, is_eager),
        custom_ops(ops) {}

  SharedModel model;
  std::shared_ptr<PySession> session;
  Threads threads;
  PythonOps custom_ops;
  HeapArena arena;
  Interpreter* interpreter = nullptr;
  bool is_ready = false;
};

// The right to touch an interpreter, for one call: a second thread gets an error, not a race.
class Turn {
 public:
  explicit Turn(std::atomic<bool>& is_taken) : is_taken_(is_taken) {
    if (!is_taken_.exchange(true)) return;
    raise_if_failed(
        Status::failed("this interpreter is in use, by another thread or by an operator that it "
                       "runs: give each an interpreter of its own (they can share one model)"));
  }
  Turn(const Turn&) = delete;
  ~Turn() { is_taken_ = false; }

 private:
  std::atomic<bool>& is_taken_;
};

class PyInterpreter {
 public:
  PyInterpreter(SharedModel model, int32_t subgraph, bool keep_all, int32_t threads, bool is_eager,
                const std::string& isa, std::vector<PythonOp> custom_ops,
                std::shared_ptr<PySession> session)
      : model_(std::move(model)),
        kernels_(selected_kernels(isa)),
        subgraph_(subgraph),
        keep_all_(keep_all),
        threads_(threads),
        is_eager_(is_eager),
        custom_ops_(std::move(custom_ops)),
        session_(std::move(session)) {
    const size_t count = model_->graph().subgraphs.size;
    if (subgraph < 0 || static_cast<size_t>(subgraph) >= count) {
      raise_if_failed(
          Status::invalid("subgraph ", subgraph, " is not there: the model has ", count));
    }
    restart();
  }

  void resize_input(int32_t tensor, const std::vector<int64_t>& dims) {
    Shape shape;
    if (dims.size() > kMaxRank) {
      raise_if_failed(
          Status::invalid("a shape has at most ", kMaxRank, " dimensions, not ", dims.size()));
    }
    for (int64_t d : dims) {
      if (d < 0 || d > INT32_MAX) raise_if_failed(Status::invalid("a dimension cannot be ", d));
      shape.dims[shape.rank++] = static_cast<int32_t>(d);
    }
    check(tensor);
    const Turn turn(session_->is_taken);
    const Shape before = state_->interpreter->tensor(tensor).shape;
    raise_if_failed(state_->interpreter->resize_input(tensor, shape));
    if (shape == before) return;
    shapes_[tensor] = shape;
    restart();
  }

  void check_operators() const {
    const Turn turn(session_->is_taken);
    raise_if_failed(state_->interpreter->check_operators());
  }

  void allocate() {
    const Turn turn(session_->is_taken);
    if (state_->is_ready) return;
    std::shared_ptr<State> state = fresh();
    Status s;
    {
      py::gil_scoped_release release;
      s = state->interpreter->prepare(keep_all_);
    }
    state->custom_ops.raise_if_failed(s);
    state->is_ready = true;
    state_ = std::move(state);
  }

  void invoke() {
    run([](Interpreter& interpreter) { return interpreter.invoke(); });
  }
  void calibrate(Calibration& calibration) {
    run([&](Interpreter& interpreter) { return calibration.run(interpreter); });
  }

  static py::list nodes_of(const StepTime& time) {
    py::list nodes;
    for (const Step& part : time.chained) nodes.append(part.index);
    if (time.chained.empty()) nodes.append(time.node);
    return nodes;
  }

  // Runs it several times: (nodes of each step, nanoseconds [runs][steps]).
  py::tuple time_steps(int64_t runs) {
    std::vector<StepTime> times, all;
    run([&](Interpreter& interpreter) {
      for (int64_t i = 0; i < runs; ++i) {
        const size_t steps = times.size();
        OCTAVO_TRY(octavo::time_steps(interpreter, times));
        if (i > 0 && times.size() != steps) {
          return Status::failed("what is to be timed runs ", steps, " steps and then ",
                                times.size(), ": it depends on what it has computed before");
        }
        all.insert(all.end(), times.begin(), times.end());
      }
      return Status();
    });
    const auto steps = static_cast<py::ssize_t>(times.size());
    py::list nodes;
    for (const StepTime& time : times) nodes.append(nodes_of(time));
    py::array_t<int64_t> nanoseconds(std::vector<py::ssize_t>{runs, steps});
    for (size_t i = 0; i < all.size(); ++i) nanoseconds.mutable_data()[i] = all[i].nanoseconds;
    return py::make_tuple(nodes, nanoseconds);
  }

  // For each step, the kernels that it calls.
  py::list step_kernels() {
    std::vector<StepKernels> steps;
    run([&](Interpreter& interpreter) {
      return find_step_kernels(interpreter, kernels_, keep_all_, steps);
    });
    py::list out;
    for (const StepKernels& step : steps) {
      py::list names;
      for (const char* name : step.names) names.append(name);
      out.append(names);
    }
    return out;
  }

  void set_tensor(int32_t i, const py::array& value) {
    const Turn turn(session_->is_taken);
    const Tensor& t = tensor_in_memory(i);
    if (t.is_known) {
      raise_if_failed(Status::invalid("tensor ", i, " \"", t.info->name, "\" is a constant"));
    }
    const Status copied = copy_into(t, value);
    if (!copied.ok()) {
      raise_if_failed(Status::invalid("tensor ", i, " \"", t.info->name, "\" ", copied.message()));
    }
  }

  // A view into the interpreter's memory, or a copy of it. There are no views of memory that ends
  // with the next run.
  py::array get_tensor(int32_t i, bool copy) {
    const Turn turn(session_->is_taken);
    const Tensor& t = tensor_in_memory(i);
    expect_kept(*state_->interpreter, i);
    if (copy || is_packed(t.type)) return copy_of(t);
    if (state_->interpreter->is_deferred(i)) {
      py::array value = copy_of(t);
      value.attr("setflags")(py::arg("write") = false);
      return value;
    }
    const py::dtype type = numpy_type(t);
    auto* keeper = new std::shared_ptr<State>(state_);
    const py::capsule owner(keeper,
                            [](void* p) { delete static_cast<std::shared_ptr<State>*>(p); });
    py::array view(type, dimensions(t.shape), t.data, owner);
    if (t.is_known) view.attr("setflags")(py::arg("write") = false);
    return view;
  }

  // When this interpreter has run the subgraph last, its own or one that operators call, in the
  // order of all runs of the session; 0: never, or its memory is gone.
  int64_t last_run(int32_t subgraph) {
    const Turn turn(session_->is_taken);
    const Interpreter* last = state_->interpreter;
    if (subgraph != subgraph_) last = last->last_callee(subgraph);
    return last == nullptr ? 0 : last->last_run();
  }

  // A copy of a tensor of a subgraph that operators have called, as the last call has left it.
  py::array get_callee_tensor(int32_t subgraph, int32_t i) {
    const Turn turn(session_->is_taken);
    const Interpreter* callee = state_->interpreter->last_callee(subgraph);
    if (callee == nullptr) {
      raise_if_failed(Status::invalid("no operator has called subgraph ", subgraph));
    }
    check(i, callee->graph());
    expect_kept(*callee, i);
    const Tensor& t = callee->tensor(i);
    if (t.data == nullptr) {
      raise_if_failed(Status::invalid("tensor ", i, " \"", t.info->name, "\" of subgraph ",
                                      subgraph, " has no value: no operator uses it"));
    }
    return copy_of(t);
  }

  py::dict tensor_details(int32_t i) const {
    check(i);
    return details_of(state_->interpreter->tensor(i));
  }

  py::list nodes() const {
    py::list out;
    for (const Node& n : graph().nodes) {
      out.append(py::make_tuple(
          n.code == Opcode::CUSTOM ? to_str(n.custom_code) : py::str(opcode_name(n.code)),
          to_array(n.inputs), to_array(n.outputs)));
    }
    return out;
  }

  // The nodes whose steps invoke runs, in this order.
  py::array_t<int32_t> steps() const {
    const Span<const Step> steps = state_->interpreter->steps();
    py::array_t<int32_t> out(static_cast<py::ssize_t>(steps.size));
    for (size_t i = 0; i < steps.size; ++i) out.mutable_data()[i] = steps[i].index;
    return out;
  }

  const char* isa() const { return kernels_.isa; }
  py::array_t<int32_t> inputs() const { return to_array(graph().inputs); }
  py::array_t<int32_t> outputs() const { return to_array(graph().outputs); }
  size_t tensor_count() const { return graph().tensors.size; }
  bool is_ready() const { return state_->is_ready; }
  int64_t arena_bytes() const { return state_->interpreter->arena_bytes(); }
  int64_t unshared_bytes() const { return state_->interpreter->unshared_bytes(); }
  // As before the first run.
  void forget() {
    const Turn turn(session_->is_taken);
    state_->interpreter->reset_variables();
    session_->session.forget();
  }
  void reset_variables() {
    const Turn turn(session_->is_taken);
    state_->interpreter->reset_variables();
  }

 private:
  const Subgraph& graph() const { return model_->graph().subgraphs[subgraph_]; }

  // Runs `how` on the prepared interpreter, without the GIL.
  template <class How>
  void run(How how) {
    const Turn turn(session_->is_taken);
    if (!state_->is_ready) {
      raise_if_failed(
          Status::failed("the interpreter is not ready to run: call allocate_tensors() before "
                         "invoke(), and again after resize_tensor_input()"));
    }
    Status s;
    {
      py::gil_scoped_release release;
      s = how(*state_->interpreter);
    }
    state_->custom_ops.raise_if_failed(s);
  }

  std::shared_ptr<State> fresh() const {
    auto state = std::make_shared<State>(model_, session_, threads_, is_eager_, custom_ops_);
    const HostServices host = {state->threads.workers(), model_->derived_store(),
                               state->custom_ops.ops(), &session_->session};
    raise_if_failed(
        Interpreter::create(graph(), kernels_, host, state->arena, &state->interpreter));
    for (const auto& [tensor, shape] : shapes_) {
      raise_if_failed(state->interpreter->resize_input(tensor, shape));
    }
    return state;
  }
  void restart() { state_ = fresh(); }

  void check(int32_t i) const { check(i, graph()); }
  static void check(int32_t i, const Subgraph& g) {
    if (i >= 0 && static_cast<size_t>(i) < g.tensors.size) return;
    raise_if_failed(
        Status::invalid("tensor ", i, " is not there: the subgraph has ", g.tensors.size));
  }
  static void expect_kept(const Interpreter& interpreter, int32_t i) {
    if (interpreter.is_kept(i)) return;
    raise_if_failed(
        Status::invalid("tensor ", i, " \"", interpreter.tensor(i).info->name,
                        "\" is intermediate and its memory is used again: construct the "
                        "interpreter with experimental_preserve_all_tensors=True"));
  }

  bool is_computed(int32_t tensor) const {
    const Span<Node> nodes = graph().nodes;
    return std::any_of(nodes.begin(), nodes.end(), [&](const Node& node) {
      return std::count(node.outputs.begin(), node.outputs.end(), tensor) > 0;
    });
  }

  const Tensor& tensor_in_memory(int32_t i) const {
    check(i);
    const Tensor& t = state_->interpreter->tensor(i);
    if (!state_->is_ready && !t.is_known) {
      const char* remedy = subgraph_ == 0 ? "call allocate_tensors() first"
                                          : "neither a signature nor an operator has run it";
      raise_if_failed(
          Status::invalid("tensor ", i, " \"", t.info->name, "\" has no memory yet: ", remedy));
    }
    if (t.data == nullptr) {
      const char* reason = "no operator uses it";
      if (t.info->is_sparse) reason = "it is a sparse constant";
      if (state_->interpreter->is_deferred(i)) {
        reason = "its shape is known only when the network has run: call invoke() first";
      } else if (is_computed(i)) {
        reason =
            "it is intermediate and nothing needs it: construct the interpreter with "
            "experimental_preserve_all_tensors=True";
      }
      raise_if_failed(
          Status::invalid("tensor ", i, " \"", t.info->name, "\" has no value: ", reason));
    }
    return t;
  }

  SharedModel model_;
  const Kernels& kernels_;
  int32_t subgraph_;
  bool keep_all_;
  int32_t threads_;
  bool is_eager_;
  std::vector<PythonOp> custom_ops_;
  std::map<int32_t, Shape> shapes_;  // of the inputs that were resized
  std::shared_ptr<PySession> session_;
  std::shared_ptr<State> state_;
};

}  // namespace

void bind_interpreter(py::module_& m) {
  py::class_<PySession, std::shared_ptr<PySession>>(m, "Session")
      .def(py::init<int64_t>(), py::arg("max_loop_iterations") = Session::kMaxLoopIterations);
  py::class_<PyInterpreter>(m, "Interpreter")
      .def(
          py::init(
              [](std::shared_ptr<Model> model, int32_t subgraph, bool keep_all, int32_t threads,
                 bool is_eager, const std::string& isa,
                 const std::vector<std::tuple<std::string, py::function, py::function>>& custom_ops,
                 std::shared_ptr<PySession> session) {
                if (session == nullptr) {
                  session = std::make_shared<PySession>(Session::kMaxLoopIterations);
                }
                std::vector<PythonOp> ops;
                for (const auto& [name, infer, run] : custom_ops) ops.push_back({name, infer, run});
                return std::make_unique<PyInterpreter>(std::move(model), subgraph, keep_all,
                                                       threads, is_eager, isa, std::move(ops),
                                                       std::move(session));
              }),
          py::arg("model"), py::arg("subgraph") = 0, py::arg("keep_all") = false,
          py::arg("threads") = 1, py::arg("is_eager") = false, py::arg("isa") = "",
          py::arg("custom_ops") = py::list(), py::arg("session") = nullptr)
      .def("resize_input", &PyInterpreter::resize_input)
      .def("check_operators", &PyInterpreter::check_operators)
      .def("allocate", &PyInterpreter::allocate)
      .def("invoke", &PyInterpreter::invoke)
      .def("calibrate", &PyInterpreter::calibrate)
      .def("time_steps", &PyInterpreter::time_steps)
      .def("step_kernels", &PyInterpreter::step_kernels)
      .def("set_tensor", &PyInterpreter::set_tensor)
      .def("get_tensor", &PyInterpreter::get_tensor, py::arg("index"), py::arg("copy"))
      .def("last_run", &PyInterpreter::last_run)
      .def("get_callee_tensor", &PyInterpreter::get_callee_tensor, py::arg("subgraph"),
           py::arg("index"))
      .def("tensor_details", &PyInterpreter::tensor_details)
      .def("nodes", &PyInterpreter::nodes)
      .def("forget", &PyInterpreter::forget)
      .def("reset_variables", &PyInterpreter::reset_variables)
      .def_property_readonly("isa", &PyInterpreter::isa)
      .def_property_readonly("steps", &PyInterpreter::steps)
      .def_property_readonly("inputs", &PyInterpreter::inputs)
      .def_property_readonly("outputs", &PyInterpreter::outputs)
      .def_property_readonly("tensor_count", &PyInterpreter::tensor_count)
      .def_property_readonly("is_ready", &PyInterpreter::is_ready)
      .def_property_readonly("arena_bytes", &PyInterpreter::arena_bytes)
      .def_property_readonly("unshared_bytes", &PyInterpreter::unshared_bytes);
}

}  // namespace octavo
