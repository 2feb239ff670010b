// What the files of the Python module share: errors, text and arrays in Python's form.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/shape.h"
#include "base/span.h"
#include "base/status.h"
#include "kernels/select.h"

namespace octavo {

namespace py = pybind11;

inline void raise_if_failed(const Status& s) {
  if (s.ok()) return;
  // Names come from files: bytes that are no UTF-8 must not turn an error into another.
  PyObject* type = s.code() == Status::Code::kInvalid ? PyExc_ValueError : PyExc_RuntimeError;
  const auto size = static_cast<Py_ssize_t>(strlen(s.message()));
  py::object text =
      py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(s.message(), size, "replace"));
  PyErr_SetObject(type, text.ptr());
  throw py::error_already_set();
}

inline py::str to_str(Text text) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(text.data, static_cast<Py_ssize_t>(text.size), "replace"));
}

template <class T>
py::array_t<T> to_array(Span<const T> values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size), values.data);
}

inline std::vector<py::ssize_t> dimensions(const Shape& shape) {
  return {shape.dims, shape.dims + shape.rank};
}

// The table that `isa` names, or where it is empty the environment, which is read anew, so that two
// interpreters in one process can be compared.
inline const Kernels& selected_kernels(const std::string& isa = "") {
  const Kernels* kernels;
  if (!isa.empty()) {
    raise_if_failed(select_kernels(isa.c_str(), &kernels));
    return *kernels;
  }
  const Status s = select_kernels(std::getenv("OCTAVO_ISA"), &kernels);
  raise_if_failed(s.labeled("OCTAVO_ISA: "));
  return *kernels;
}

// Adds the class Interpreter.
void bind_interpreter(py::module_& m);

}  // namespace octavo
