// octavo._core: the C++ core for Python. Translation only; python/octavo/ gives it its public face.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>

#include "host/calibration.h"
#include "host/model.h"
#include "host/profile.h"
#include "host/threads.h"
#include "kernels/select.h"
#include "runtime/interpreter.h"

namespace py = pybind11;

namespace octavo {
namespace {

using SharedModel = std::shared_ptr<const Model>;

void raise_if_failed(const Status& s) {
  if (s.ok()) return;
  // Names come from files: bytes that are no UTF-8 must not turn an error into another.
  PyObject* type = s.code() == Status::Code::kInvalid ? PyExc_ValueError : PyExc_RuntimeError;
  const auto size = static_cast<Py_ssize_t>(strlen(s.message()));
  py::object text =
      py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(s.message(), size, "replace"));
  PyErr_SetObject(type, text.ptr());
  throw py::error_already_set();
}

py::str to_str(Text text) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(text.data, static_cast<Py_ssize_t>(text.size), "replace"));
}

template <class T>
py::array_t<T> to_array(Span<const T> values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size), values.data);
}

std::vector<py::ssize_t> dimensions(const Shape& shape) {
  return {shape.dims, shape.dims + shape.rank};
}

SharedModel open_model(const std::string& path) {
  SharedModel model;
  Status s;
  {
    py::gil_scoped_release release;
    errno = 0;
    s = Model::open(path, &model);
  }
  raise_if_failed(s);
  if (model == nullptr) {
    PyErr_SetFromErrnoWithFilename(PyExc_OSError, path.c_str());
    throw py::error_already_set();
  }
  return model;
}

SharedModel copy_model(const py::bytes& content) {
  char* data;
  Py_ssize_t size;
  if (PyBytes_AsStringAndSize(content.ptr(), &data, &size) != 0) throw py::error_already_set();
  SharedModel model;
  Status s;
  {
    py::gil_scoped_release release;
    s = Model::copy({reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size)}, &model);
  }
  raise_if_failed(s);
  return model;
}

py::list signatures(const Model& model) {
  auto names = [](Span<SignatureTensor> tensors) {
    py::dict d;
    for (const SignatureTensor& t : tensors) d[to_str(t.name)] = t.tensor;
    return d;
  };
  py::list out;
  for (const Signature& s : model.graph().signatures) {
    out.append(py::make_tuple(to_str(s.key), s.subgraph, names(s.inputs), names(s.outputs)));
  }
  return out;
}

// The table that `isa` names, or where it is empty the environment, which is read anew, so that two
// interpreters in one process can be compared.
const Kernels& selected_kernels(const std::string& isa = "") {
  const Kernels* kernels;
  if (!isa.empty()) {
    raise_if_failed(select_kernels(isa.c_str(), &kernels));
    return *kernels;
  }
  const Status s = select_kernels(std::getenv("OCTAVO_ISA"), &kernels);
  if (!s.ok()) raise_if_failed(Status::invalid("OCTAVO_ISA: ", s.message()));
  return *kernels;
}

// A prepared subgraph with its memory. Arrays that look into it keep it alive.
struct State {
  State(SharedModel m, int32_t thread_count, bool is_eager)
      : model(std::move(m)), threads(thread_count, is_eager) {}

  SharedModel model;
  Threads threads;
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
        Status::failed("another thread is using this interpreter: give each thread an interpreter "
                       "of its own (they can share one model)"));
  }
  Turn(const Turn&) = delete;
  ~Turn() { is_taken_ = false; }

 private:
  std::atomic<bool>& is_taken_;
};

class PyInterpreter {
 public:
  PyInterpreter(SharedModel model, int32_t subgraph, bool keep_all, int32_t threads, bool is_eager,
                const std::string& isa)
      : model_(std::move(model)),
        kernels_(selected_kernels(isa)),
        subgraph_(subgraph),
        keep_all_(keep_all),
        threads_(threads),
        is_eager_(is_eager) {
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
    const Turn turn(is_taken_);
    const Shape before = state_->interpreter->tensor(tensor).shape;
    raise_if_failed(state_->interpreter->resize_input(tensor, shape));
    if (shape == before) return;
    shapes_[tensor] = shape;
    restart();
  }

  void allocate() {
    const Turn turn(is_taken_);
    if (state_->is_ready) return;
    std::shared_ptr<State> state = fresh();
    Status s;
    {
      py::gil_scoped_release release;
      s = state->interpreter->prepare(keep_all_);
    }
    raise_if_failed(s);
    state->is_ready = true;
    state_ = std::move(state);
  }

  void invoke() {
    run([](Interpreter& interpreter) { return interpreter.invoke(); });
  }
  void calibrate(Calibration& calibration) {
    run([&](Interpreter& interpreter) { return calibration.run(interpreter); });
  }

  // Runs it several times: (nodes [steps], nanoseconds [runs][steps]).
  py::tuple time_steps(int64_t runs) {
    std::vector<StepTime> times, all;
    run([&](Interpreter& interpreter) {
      for (int64_t i = 0; i < runs; ++i) {
        OCTAVO_TRY(octavo::time_steps(interpreter, times));
        all.insert(all.end(), times.begin(), times.end());
      }
      return Status();
    });
    const auto steps = static_cast<py::ssize_t>(times.size());
    py::array_t<int32_t> nodes(steps);
    for (py::ssize_t i = 0; i < steps; ++i) nodes.mutable_at(i) = times[i].node;
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
    const Turn turn(is_taken_);
    const Tensor& t = tensor_in_memory(i);
    const TensorInfo& info = *t.info;
    const py::dtype expected = numpy_type(t);
    if (t.is_known) {
      raise_if_failed(Status::invalid("tensor ", i, " \"", info.name, "\" is a constant"));
    }
    if (!value.dtype().equal(expected)) {
      const std::string got = py::str(value.dtype());
      raise_if_failed(Status::invalid("tensor ", i, " \"", info.name, "\" has type ", t.type,
                                      ", the array has ", got.c_str()));
    }
    Shape shape;
    shape.rank = static_cast<int32_t>(std::min<py::ssize_t>(value.ndim(), kMaxRank));
    for (int32_t d = 0; d < shape.rank; ++d) {
      shape[d] = static_cast<int32_t>(std::min<py::ssize_t>(value.shape(d), INT32_MAX));
    }
    if (shape != t.shape || value.ndim() > kMaxRank) {
      raise_if_failed(Status::invalid("tensor ", i, " \"", info.name, "\" has shape ", t.shape,
                                      ", the array has ", shape));
    }
    const py::array packed = py::array::ensure(value, py::array::c_style);
    if (!packed) throw py::error_already_set();
    if (t.bytes() > 0) memcpy(t.data, packed.data(), static_cast<size_t>(t.bytes()));
  }

  // A view into the interpreter's memory, or a copy of it.
  py::array get_tensor(int32_t i, bool copy) {
    const Turn turn(is_taken_);
    const Tensor& t = tensor_in_memory(i);
    if (!state_->interpreter->is_kept(i)) {
      raise_if_failed(
          Status::invalid("tensor ", i, " \"", t.info->name,
                          "\" is intermediate and its memory is used again: construct the "
                          "interpreter with experimental_preserve_all_tensors=True"));
    }
    const py::dtype type = numpy_type(t);
    if (copy) return py::array(type, dimensions(t.shape), t.data);
    auto* keeper = new std::shared_ptr<State>(state_);
    const py::capsule owner(keeper,
                            [](void* p) { delete static_cast<std::shared_ptr<State>*>(p); });
    py::array view(type, dimensions(t.shape), t.data, owner);
    if (t.is_known) view.attr("setflags")(py::arg("write") = false);
    return view;
  }

  py::dict tensor_details(int32_t i) const {
    check(i);
    const Tensor& t = state_->interpreter->tensor(i);
    const TensorInfo& info = *t.info;
    py::dict d;
    d["name"] = to_str(info.name);
    d["type"] = dtype_info(t.type).name;
    const Span<const int32_t> shape = {t.shape.dims, static_cast<size_t>(t.shape.rank)};
    d["shape"] = to_array(shape);
    d["shape_signature"] = to_array(info.signature.empty() ? shape : info.signature);
    d["scales"] = to_array(info.quantization.scale);
    d["zero_points"] = to_array(info.quantization.zero_point);
    d["quantized_dimension"] = info.quantization.axis;
    d["bytes"] = t.bytes();
    d["is_constant"] = info.constant.data != nullptr;
    d["is_variable"] = info.is_variable;
    d["is_sparse"] = info.is_sparse;
    d["is_blockwise"] = info.is_blockwise;
    return d;
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
  void reset_variables() {
    const Turn turn(is_taken_);
    state_->interpreter->reset_variables();
  }

 private:
  const Subgraph& graph() const { return model_->graph().subgraphs[subgraph_]; }

  // Runs `how` on the prepared interpreter, without the GIL.
  template <class How>
  void run(How how) {
    const Turn turn(is_taken_);
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
    raise_if_failed(s);
  }

  std::shared_ptr<State> fresh() const {
    auto state = std::make_shared<State>(model_, threads_, is_eager_);
    raise_if_failed(Interpreter::create(graph(), kernels_,
                                        {state->threads.workers(), model_->derived_store()},
                                        state->arena, &state->interpreter));
    for (const auto& [tensor, shape] : shapes_) {
      raise_if_failed(state->interpreter->resize_input(tensor, shape));
    }
    return state;
  }
  void restart() { state_ = fresh(); }

  void check(int32_t i) const {
    if (i >= 0 && static_cast<size_t>(i) < tensor_count()) return;
    raise_if_failed(Status::invalid("tensor ", i, " is not there: the model has ", tensor_count()));
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
      raise_if_failed(Status::invalid("tensor ", i, " \"", t.info->name,
                                      "\" has no memory yet: call allocate_tensors() first"));
    }
    if (t.data == nullptr) {
      const char* reason = "no operator uses it";
      if (t.info->is_sparse) reason = "it is a sparse constant";
      if (is_computed(i)) {
        reason =
            "it is intermediate and nothing needs it: construct the interpreter with "
            "experimental_preserve_all_tensors=True";
      }
      raise_if_failed(
          Status::invalid("tensor ", i, " \"", t.info->name, "\" has no value: ", reason));
    }
    return t;
  }

  static py::dtype numpy_type(const Tensor& t) {
    switch (t.type) {
      case DType::kString:
      case DType::kResource:
      case DType::kVariant:
      case DType::kInt4:
      case DType::kInt2:
      case DType::kUInt4:
      case DType::kBFloat16:
      case DType::kFloat8E4M3FN:
      case DType::kFloat8E5M2:
        raise_if_failed(Status::invalid("tensor \"", t.info->name, "\" has type ", t.type,
                                        ", which numpy does not have"));
        break;
      default:
        break;
    }
    return py::dtype(dtype_info(t.type).name);
  }

  SharedModel model_;
  const Kernels& kernels_;
  int32_t subgraph_;
  bool keep_all_;
  int32_t threads_;
  bool is_eager_;
  std::map<int32_t, Shape> shapes_;  // of the inputs that were resized
  std::shared_ptr<State> state_;
  std::atomic<bool> is_taken_{false};
};

py::list statistics(const Calibration& calibration) {
  py::list out;
  for (const ValueStatistics& s : calibration.statistics()) {
    py::dict d;
    d["samples"] = s.samples;
    d["min"] = s.min;
    d["max"] = s.max;
    d["average_min"] = s.average_min;
    d["average_max"] = s.average_max;
    d["has_nonfinite"] = s.has_nonfinite;
    py::array_t<double> mean(static_cast<py::ssize_t>(s.channel_sums.size()));
    for (size_t c = 0; c < s.channel_sums.size(); ++c) {
      mean.mutable_at(c) = s.channel_sums[c] / static_cast<double>(s.rows);
    }
    d["channel_mean"] = mean;
    d["limit"] = s.limit;
    d["histogram"] = to_array(Span<const int64_t>{s.histogram.data(), s.histogram.size()});
    d["zeros"] = s.zeros;
    out.append(d);
  }
  return out;
}

// One array with one scale through the kernels of QUANTIZE and DEQUANTIZE.
template <class From, class To, void (*kernel)(const reference::AffineParams&, const From*, To*)>
py::array_t<To> convert(const py::array_t<From, py::array::c_style>& in, float scale,
                        int32_t zero_point) {
  py::array_t<To> out(std::vector<py::ssize_t>(in.shape(), in.shape() + in.ndim()));
  kernel({1, 1, in.size(), &scale, &zero_point}, in.data(), out.mutable_data());
  return out;
}

}  // namespace
}  // namespace octavo

PYBIND11_MODULE(_core, m) {
  using namespace octavo;
  m.def(
      "isa", [] { return selected_kernels().isa; },
      "The instruction set whose kernels new interpreters use: the best that this CPU has, or\n"
      "what the environment variable OCTAVO_ISA names.\n\n"
      "Raises:\n  ValueError: OCTAVO_ISA names one that is not there.");
  m.def("available_isas", [] {
    py::list names;
    const AvailableKernels available = available_kernels();
    for (size_t i = 0; i < available.count; ++i) names.append(available.tables[i]->isa);
    return names;
  });
  m.def("kernel_sources", [](const std::string& isa) {
    const Kernels& kernels = selected_kernels(isa);
    py::dict sources;
    for (const TableEntry& e : table_entries(kernels)) {
      sources[e.name] = e.is_own ? kernels.isa : kPortable.isa;
    }
    return sources;
  });
  m.def("dot_loop", [](const std::string& isa, int64_t rounds) {
    const Kernels& kernels = selected_kernels(isa);
    if (kernels.dot_loop_s8 == nullptr) {
      raise_if_failed(Status::invalid("table \"", kernels.isa, "\" has no dot products"));
    }
    const py::gil_scoped_release release;
    return time_dot_loop(kernels, rounds);
  });
  py::class_<Model, std::shared_ptr<Model>>(m, "Model")
      .def_static(
          "open",
          [](const std::string& path) { return std::const_pointer_cast<Model>(open_model(path)); })
      .def_static("copy",
                  [](const py::bytes& b) { return std::const_pointer_cast<Model>(copy_model(b)); })
      .def_property_readonly("content",
                             [](const Model& model) {
                               return py::bytes(reinterpret_cast<const char*>(model.file().data),
                                                model.file().size);
                             })
      .def_property_readonly("description",
                             [](const Model& model) { return to_str(model.graph().description); })
      .def_property_readonly("subgraph_count",
                             [](const Model& model) { return model.graph().subgraphs.size; })
      .def("signatures", &signatures);
  py::class_<PyInterpreter>(m, "Interpreter")
      .def(py::init([](std::shared_ptr<Model> model, int32_t subgraph, bool keep_all,
                       int32_t threads, bool is_eager, const std::string& isa) {
             return std::make_unique<PyInterpreter>(std::move(model), subgraph, keep_all, threads,
                                                    is_eager, isa);
           }),
           py::arg("model"), py::arg("subgraph") = 0, py::arg("keep_all") = false,
           py::arg("threads") = 1, py::arg("is_eager") = false, py::arg("isa") = "")
      .def("resize_input", &PyInterpreter::resize_input)
      .def("allocate", &PyInterpreter::allocate)
      .def("invoke", &PyInterpreter::invoke)
      .def("calibrate", &PyInterpreter::calibrate)
      .def("time_steps", &PyInterpreter::time_steps)
      .def("step_kernels", &PyInterpreter::step_kernels)
      .def("set_tensor", &PyInterpreter::set_tensor)
      .def("get_tensor", &PyInterpreter::get_tensor, py::arg("index"), py::arg("copy"))
      .def("tensor_details", &PyInterpreter::tensor_details)
      .def("nodes", &PyInterpreter::nodes)
      .def("reset_variables", &PyInterpreter::reset_variables)
      .def_property_readonly("isa", &PyInterpreter::isa)
      .def_property_readonly("steps", &PyInterpreter::steps)
      .def_property_readonly("inputs", &PyInterpreter::inputs)
      .def_property_readonly("outputs", &PyInterpreter::outputs)
      .def_property_readonly("tensor_count", &PyInterpreter::tensor_count)
      .def_property_readonly("is_ready", &PyInterpreter::is_ready)
      .def_property_readonly("arena_bytes", &PyInterpreter::arena_bytes)
      .def_property_readonly("unshared_bytes", &PyInterpreter::unshared_bytes);
  py::class_<Calibration>(m, "Calibration")
      .def(py::init<size_t, bool>(), py::arg("tensors"), py::arg("histograms"))
      .def("statistics", &statistics);
  m.def("quantize_int8", &convert<float, int8_t, reference::quantize_s8>);
  m.def("quantize_uint8", &convert<float, uint8_t, reference::quantize_u8>);
  m.def("quantize_int16", &convert<float, int16_t, reference::quantize_s16>);
  m.def("dequantize_int8", &convert<int8_t, float, reference::dequantize_s8>);
  m.def("dequantize_uint8", &convert<uint8_t, float, reference::dequantize_u8>);
  m.def("dequantize_int16", &convert<int16_t, float, reference::dequantize_s16>);
}
