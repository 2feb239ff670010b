#include "bindings/custom_ops.h"

#include <pybind11/stl.h>

#include <new>

#include "base/packed.h"
#include "bindings/tensors.h"

namespace octavo {
namespace {

// `KeyError: 'axis'`, in one line.
std::string describe(const py::error_already_set& error) {
  try {
    const std::string type = py::str(error.type().attr("__name__"));
    const std::string text = py::str(error.value());
    return type + ": " + text.substr(0, text.find('\n'));
  } catch (const py::error_already_set&) {
    return "an exception whose text cannot be had";
  }
}

// What infer and run are told of the node: its tensors' details, those left out as None, and its
// options.
py::tuple describe(const Step& step) {
  const auto details = [](Span<Tensor*> tensors, Span<const int32_t> numbers) {
    py::list list;
    for (size_t i = 0; i < tensors.size; ++i) {
      if (tensors[i] == nullptr) {
        list.append(py::none());
        continue;
      }
      py::dict d = details_of(*tensors[i]);
      d["index"] = numbers[i];
      list.append(d);
    }
    return list;
  };
  const py::list inputs = details(step.inputs, step.node->inputs);
  const py::list outputs = details(step.outputs, step.node->outputs);
  const Span<const uint8_t> options = step.node->custom_options;
  return py::make_tuple(inputs, outputs,
                        py::bytes(reinterpret_cast<const char*>(options.data), options.size));
}

// Copies of the inputs' values: they are Python's to keep.
py::list values(const Step& step, bool known_alone) {
  py::list out;
  for (const Tensor* t : step.inputs) {
    const bool is_there = t != nullptr && (t->is_known || !known_alone);
    out.append(is_there ? py::object(copy_of(*t)) : py::none());
  }
  return out;
}

Status to_shape(const Step& step, size_t output, const std::vector<int64_t>& dims, Shape& shape) {
  bool is_possible = dims.size() <= kMaxRank;
  for (size_t i = 0; is_possible && i < dims.size(); ++i) {
    is_possible = dims[i] >= 0 && dims[i] <= INT32_MAX;
    shape[shape.rank++] = static_cast<int32_t>(dims[i]);
  }
  if (is_possible) return {};
  return step.fail("infer gives output ", output, " a shape that no tensor can have");
}

}  // namespace

PythonOps::PythonOps(const std::vector<PythonOp>& ops) {
  entries_.reserve(ops.size());
  for (const PythonOp& op : ops) {
    const Entry& entry = entries_.emplace_back(Entry{op, this});
    ops_.push_back(
        {Text(entry.op.name.data(), entry.op.name.size()), &prepare, const_cast<Entry*>(&entry)});
  }
}

void PythonOps::raise_if_failed(const Status& s) {
  if (s.ok()) return;
  if (!raised_.has_value()) return octavo::raise_if_failed(s);
  py::error_already_set raised = std::move(*raised_);
  raised_.reset();
  // Not an error: somebody wants the program to end.
  if (!raised.matches(PyExc_Exception)) throw raised;
  try {
    octavo::raise_if_failed(s);
  } catch (py::error_already_set& error) {
    PyException_SetCause(error.value().ptr(), raised.value().inc_ref().ptr());
    throw;
  }
}

// Runs python(), which returns a Status, with the GIL; what it raises becomes the step's error.
template <class Call>
Status PythonOps::call(const Entry& entry, const Step& step, Call python) {
  const py::gil_scoped_acquire gil;
  try {
    return python();
  } catch (py::error_already_set& error) {
    const Status s = step.fail(describe(error).c_str());
    entry.owner->raised_.emplace(error);
    return s;
  } catch (const py::cast_error&) {
    return step.fail("infer gives no list of shapes");
  } catch (const std::bad_alloc&) {
    return step.fail("there is not enough memory for its arrays");
  }
}

Status PythonOps::prepare(PrepareContext& c, void* context) {
  const auto& entry = *static_cast<const Entry*>(context);
  const Entry** kept;
  OCTAVO_TRY(c.make_params(kept));
  *kept = &entry;
  c.step.invoke = &invoke;
  c.step.is_pure = false;
  return call(entry, c.step, [&]() -> Status {
    for (const Tensor* t : c.step.inputs) {
      if (t != nullptr && !is_packed(t->type)) numpy_type(*t);
    }
    for (const Tensor* t : c.step.outputs) numpy_type(*t);
    const py::object result = entry.op.infer(describe(c.step), values(c.step, true));
    const auto shapes = result.cast<std::vector<std::vector<int64_t>>>();
    if (shapes.size() != c.step.outputs.size) {
      return c.fail("has ", c.step.outputs.size, " outputs, infer gives shapes of ", shapes.size());
    }
    for (size_t i = 0; i < shapes.size(); ++i) {
      Shape shape;
      OCTAVO_TRY(to_shape(c.step, i, shapes[i], shape));
      OCTAVO_TRY(c.set_shape(static_cast<int32_t>(i), shape));
    }
    return {};
  });
}

Status PythonOps::invoke(const Step& step, const Workspace&) {
  const Entry& entry = *step.params<const Entry*>();
  return call(entry, step, [&]() -> Status {
    const py::list arrays = entry.op.run(describe(step), values(step, false));
    if (arrays.size() != step.outputs.size) {
      return step.fail("has ", step.outputs.size, " outputs, run gives ", arrays.size());
    }
    for (size_t i = 0; i < step.outputs.size; ++i) {
      const Tensor& t = *step.outputs[i];
      const Status s = copy_into(t, py::array(arrays[i]));
      if (!s.ok()) return step.fail("output ", i, " \"", t.info->name, "\" ", s.message());
    }
    return {};
  });
}

}  // namespace octavo
