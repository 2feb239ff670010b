#include "bindings/tensors.h"

#include <algorithm>

#include "base/packed.h"

namespace octavo {
namespace {

// numpy has none of the packed types: they are arrays of bytes.
py::dtype type_of_unpacked(const Tensor& t) {
  return t.type == DType::kUInt4 ? py::dtype::of<uint8_t>() : py::dtype::of<int8_t>();
}

Status pack_into(const Tensor& t, const int8_t* values) {
  const DTypeInfo& type = dtype_info(t.type);
  const int64_t count = t.shape.count();
  for (int64_t i = 0; i < count; ++i) {
    if (values[i] >= type.min && values[i] <= type.max) continue;
    const int32_t value = t.type == DType::kUInt4 ? static_cast<uint8_t>(values[i]) : values[i];
    return Status::invalid("has type ", t.type, ", which does not hold ", value);
  }
  pack(type, count, values, static_cast<uint8_t*>(t.data));
  return {};
}

py::array unpacked(const Tensor& t) {
  py::array out(type_of_unpacked(t), dimensions(t.shape));
  const auto* packed = static_cast<const uint8_t*>(t.data);
  auto* values = static_cast<int8_t*>(out.mutable_data());
  const DTypeInfo& type = dtype_info(t.type);
  for (py::ssize_t i = 0; i < out.size(); ++i) values[i] = packed_at(type, packed, i);
  return out;
}

Shape shape_of(const py::array& value) {
  Shape shape;
  shape.rank = static_cast<int32_t>(std::min<py::ssize_t>(value.ndim(), kMaxRank));
  for (int32_t d = 0; d < shape.rank; ++d) {
    shape[d] = static_cast<int32_t>(std::min<py::ssize_t>(value.shape(d), INT32_MAX));
  }
  return shape;
}

}  // namespace

py::dict details_of(const Tensor& t) {
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
  d["is_blockwise"] = info.is_blockwise();
  return d;
}

py::dtype numpy_type(const Tensor& t) {
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

py::array copy_of(const Tensor& t) {
  if (is_packed(t.type)) return unpacked(t);
  return py::array(numpy_type(t), dimensions(t.shape), t.data);
}

Status copy_into(const Tensor& t, const py::array& value) {
  const py::dtype type = is_packed(t.type) ? type_of_unpacked(t) : numpy_type(t);
  if (!value.dtype().equal(type)) {
    const std::string got = py::str(value.dtype());
    return Status::invalid("has type ", t.type, ", the array has ", got.c_str());
  }
  const Shape shape = shape_of(value);
  if (shape != t.shape || value.ndim() > kMaxRank) {
    return Status::invalid("has shape ", t.shape, ", the array has ", shape);
  }
  const py::array in_rows = py::array::ensure(value, py::array::c_style);
  if (!in_rows) throw py::error_already_set();
  if (is_packed(t.type)) return pack_into(t, static_cast<const int8_t*>(in_rows.data()));
  // The array may be a view of the same memory.
  if (t.bytes() > 0) memmove(t.data, in_rows.data(), static_cast<size_t>(t.bytes()));
  return {};
}

}  // namespace octavo
