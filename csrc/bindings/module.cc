// octavo._core: the C++ core for Python. Translation only; python/octavo/ gives it its public face.
#include <pybind11/stl.h>

#include <cerrno>

#include "bindings/common.h"
#include "host/calibration.h"
#include "host/model.h"
#include "host/profile.h"

namespace octavo {
namespace {

using SharedModel = std::shared_ptr<const Model>;

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

py::dict statistics_of(const ValueStatistics& s) {
  py::dict d;
  d["samples"] = s.samples;
  d["min"] = s.min;
  d["max"] = s.max;
  d["average_min"] = s.average_min;
  d["average_max"] = s.average_max;
  d["has_minus_infinity"] = s.has_minus_infinity;
  d["has_nan_or_infinity"] = s.has_nan_or_infinity;
  py::array_t<double> mean(static_cast<py::ssize_t>(s.channel_sums.size()));
  for (size_t c = 0; c < s.channel_sums.size(); ++c) {
    mean.mutable_at(c) = s.channel_sums[c] / static_cast<double>(s.rows);
  }
  d["channel_mean"] = mean;
  d["limit"] = s.limit;
  d["histogram"] = to_array(Span<const int64_t>{s.histogram.data(), s.histogram.size()});
  d["zeros"] = s.zeros;
  d["row_floor"] = std::isfinite(s.row_floor) ? py::object(py::float_(s.row_floor)) : py::none();
  return d;
}

// A list for each subgraph, of what each of its tensors was.
py::list statistics(const Calibration& calibration) {
  py::list out;
  for (const std::vector<ValueStatistics>& subgraph : calibration.statistics()) {
    py::list tensors;
    for (const ValueStatistics& s : subgraph) tensors.append(statistics_of(s));
    out.append(tensors);
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
  bind_interpreter(m);
  py::class_<Calibration>(m, "Calibration")
      .def(py::init([](const SharedModel& model, bool histograms) {
             return std::make_unique<Calibration>(model->graph(), histograms);
           }),
           py::arg("model"), py::arg("histograms"), py::keep_alive<1, 2>())
      .def("statistics", &statistics);
  m.def("quantize_int8", &convert<float, int8_t, reference::quantize_s8>);
  m.def("quantize_uint8", &convert<float, uint8_t, reference::quantize_u8>);
  m.def("quantize_int16", &convert<float, int16_t, reference::quantize_s16>);
  m.def("dequantize_int8", &convert<int8_t, float, reference::dequantize_s8>);
  m.def("dequantize_uint8", &convert<uint8_t, float, reference::dequantize_u8>);
  m.def("dequantize_int16", &convert<int16_t, float, reference::dequantize_s16>);
}
