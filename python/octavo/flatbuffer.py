"""Files as objects: read, change and write TFLite flatbuffers, and build networks from nothing.

`read` gives the tree of objects that the schema (csrc/graph/schema.fbs) declares; `write` makes a
file of such a tree. `Network` builds one operator by operator:

>>> net = Network()
>>> x = net.tensor("x", (1, 4), "int8", scale=0.5, zero_point=-3)
>>> w = net.constant("w", np.ones((2, 4), np.int8), scale=[0.1, 0.2])
>>> b = net.constant("b", np.zeros(2, np.int32), scale=[0.05, 0.1])
>>> y = net.tensor("y", (1, 2), "int8", scale=0.25)
>>> net.op("FULLY_CONNECTED", [x, w, b], [y], fused_activation_function="RELU")
>>> net.inputs, net.outputs = [x], [y]
>>> content = net.build()

Objects are named as in the schema with a T appended (`ModelT`, `TensorT`, ...), their fields in
camelCase. Vectors of numbers are numpy arrays or lists, and None where absent; strings are bytes.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import flatbuffers
import numpy as np
import numpy.typing as npt

import octavo._schema as schema

ModelT: TypeAlias = Any
"""The root of the object tree, `octavo._schema.ModelT` (generated code is not typed)."""

_IDENTIFIER = b"TFL3"
_ALIGNMENT = 16


def read(model: str | os.PathLike[str] | bytes) -> ModelT:
    """Reads a .tflite file, given by its path or its bytes, into objects.

    Vectors of numbers are read-only arrays that share memory with the file's bytes.

    Raises:
      ValueError: not a TFLite flatbuffer, or a damaged one.
      OSError: the file cannot be read.
    """
    if isinstance(model, (bytes, bytearray, memoryview)):
        content = bytes(model)
    else:
        with open(model, "rb") as file:
            content = file.read()
    if content[4:8] != _IDENTIFIER:
        raise ValueError(
            f"not a TFLite file: {len(content)} bytes without the identifier {_IDENTIFIER.decode()}"
        )
    try:
        tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    except (struct.error, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"damaged TFLite file: {error}") from error
    _refuse_unknown(tree)
    return tree


def write(model: ModelT) -> bytes:
    """Writes objects as the bytes of a .tflite file.

    Everything is written as it is: nothing is shared, dropped or reordered. A numpy array must have
    the element type that the schema gives its field; lists are converted.
    """
    builder = _Builder(1024 + sum(_size(buffer.data) + 64 for buffer in model.buffers or ()))
    builder.Finish(model.Pack(builder), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _refuse_unknown(model: ModelT) -> None:
    """Generated code reads a table of a union that it does not know as None: it would be lost."""
    for graph in model.subgraphs or ():
        for tensor in graph.tensors or ():
            if tensor.quantization is not None:
                _check_union(tensor.quantization.detailsType, schema.QuantizationDetails)
        for operator in graph.operators or ():
            _check_union(operator.builtinOptionsType, schema.BuiltinOptions)
            _check_union(operator.builtinOptions2Type, schema.BuiltinOptions2)


def _check_union(member: int, union: Any) -> None:
    if member not in vars(union).values():
        raise ValueError(f"the file is newer than the schema: {union.__name__} {member}")


def _size(data: Any) -> int:
    return 0 if data is None else len(data)


class _Builder(flatbuffers.Builder):  # type: ignore[misc]
    """Aligns vectors as the schema wants, and writes arrays without copying them on the way."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:
        # Generated Python does not know of force_align, nor which field it writes. The fields with
        # an alignment of their own have elements of one or two bytes, and want 16 at most.
        alignment = _ALIGNMENT if elemSize <= 2 else alignment
        return int(super().StartVector(elemSize, numElems, alignment))

    def CreateNumpyVector(self, x: npt.NDArray[Any]) -> int:
        elements = np.ascontiguousarray(x, x.dtype.newbyteorder("<")).ravel()
        self.StartVector(elements.itemsize, elements.size, elements.itemsize)
        end = self.head
        self.head -= elements.nbytes
        self.Bytes[self.head : end] = elements.view(np.uint8).data
        return int(self.EndVector())


_PACKED = {schema.TensorType.INT2: 2, schema.TensorType.INT4: 4, schema.TensorType.UINT4: 4}


def pack_bits(values: npt.ArrayLike, bits: int) -> bytes:
    """Integers of 2 or 4 bits and any shape, as files hold int2, int4 and uint4: several in a byte,
    the first in its lowest bits; what is left of the last byte is 0."""
    numbers = np.asarray(values, np.int8).ravel().view(np.uint8) & (2**bits - 1)
    each = 8 // bits
    numbers = np.append(numbers, np.zeros(-numbers.size % each, np.uint8)).reshape(-1, each)
    return bytes(np.bitwise_or.reduce(numbers << _places(bits), axis=1, dtype=np.uint8))


def unpack_bits(packed: npt.ArrayLike, shape: Sequence[int], bits: int) -> npt.NDArray[np.int8]:
    """The inverse of `pack_bits` for signed integers: an array of this shape from bytes (uint8)."""
    numbers = np.asarray(packed, np.uint8)[:, np.newaxis] >> _places(bits) & (2**bits - 1)
    sign = 2 ** (bits - 1)
    signed: npt.NDArray[np.int8] = (numbers.ravel() ^ sign).astype(np.int8) - np.int8(sign)
    return signed[: math.prod(shape)].reshape(shape)


def _places(bits: int) -> npt.NDArray[np.uint8]:
    return np.arange(0, 8, bits, dtype=np.uint8)


class Graph:
    """One subgraph of a `Network`: tensors, operators, inputs and outputs. Tensors are known by the
    indices that `tensor` and `constant` return.

    Attributes:
      inputs: indices of the tensors that the caller gives.
      outputs: indices of the tensors that the caller gets.
    """

    def __init__(self, model: ModelT, name: str) -> None:
        self._model = model
        self._graph = _new(schema.SubGraphT, name=name, tensors=[], operators=[])
        self.index = len(model.subgraphs)
        self.inputs: Sequence[int] = []
        self.outputs: Sequence[int] = []
        model.subgraphs.append(self._graph)

    def tensor(
        self,
        name: str,
        shape: Sequence[int] | None,
        dtype: npt.DTypeLike,
        *,
        data: npt.ArrayLike | bytes | None = None,
        scale: float | npt.ArrayLike | None = None,
        zero_point: int | npt.ArrayLike = 0,
        quantized_dimension: int = 0,
        shape_signature: Sequence[int] | None = None,
        is_variable: bool = False,
    ) -> int:
        """Adds a tensor and returns its index.

        Args:
          name: any text.
          shape: its dimensions; () for a scalar, None where even their number is not known.
          dtype: a numpy type, or a name of the schema's TensorType in either case ("int4").
          data: its elements, for a constant: an array, or bytes as they are in the file. "int2",
            "int4" and "uint4" are packed, see `pack_bits`.
          scale: of its quantization: one, or one for each index of `quantized_dimension`.
          zero_point: as many as scales, or one for all of them.
          quantized_dimension: the dimension that several scales are for.
          shape_signature: the shape with -1 where it may be resized.
          is_variable: whether it is state that lasts from one invocation to the next.
        """
        buffer = 0
        if data is not None:
            if not isinstance(data, bytes):
                bits = _PACKED.get(_tensor_type(dtype))
                data = pack_bits(data, bits) if bits else np.asarray(data, dtype).tobytes()
            buffer = len(self._model.buffers)
            self._model.buffers.append(_new(schema.BufferT, data=_bytes(data)))
        quantization = None
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            quantization = _new(
                schema.QuantizationParametersT,
                scale=scales,
                zeroPoint=np.broadcast_to(np.asarray(zero_point, np.int64), scales.shape),
                quantizedDimension=quantized_dimension,
            )
        self._graph.tensors.append(
            _new(
                schema.TensorT,
                name=name,
                shape=np.asarray(() if shape is None else shape, np.int32),
                type=_tensor_type(dtype),
                buffer=buffer,
                quantization=quantization,
                shapeSignature=_int32(shape_signature),
                isVariable=is_variable,
                hasRank=shape is not None,
            )
        )
        return len(self._graph.tensors) - 1

    def constant(self, name: str, array: npt.ArrayLike, **quantization: Any) -> int:
        """Adds a constant tensor of an array's shape, type and elements; see `tensor`."""
        array = np.asarray(array)
        return self.tensor(name, array.shape, array.dtype, data=array, **quantization)

    def op(
        self,
        code: str,
        inputs: Sequence[int | None],
        outputs: Sequence[int],
        *,
        version: int = 1,
        intermediates: Sequence[int] | None = None,
        custom_code: str | None = None,
        custom_options: bytes | None = None,
        **options: Any,
    ) -> None:
        """Appends an operator.

        Args:
          code: a name of the schema's BuiltinOperator; "CUSTOM" takes `custom_code` too.
          inputs: tensors; None for an optional one left out.
          outputs: tensors.
          version: of the operator. LiteRT accepts every version from 1 to the highest it knows.
          intermediates: tensors that an LSTM lists for their quantization.
          custom_code: the name of a custom operator.
          custom_options: what a custom operator is given.
          **options: fields of the operator's options table, as the schema names them; the others
            have the schema's default. Enumerations may be given by name: `padding="VALID"`.

        Raises:
          ValueError: the operator, an option or an option's value is not in the schema.
        """
        name = options_name(code)
        union, member = schema.BuiltinOptions, getattr(schema.BuiltinOptions, name, None)
        if member is None:
            union, member = schema.BuiltinOptions2, getattr(schema.BuiltinOptions2, name, 0)
        table = _options(code, name, options) if member else None
        if options and table is None:
            raise ValueError(f"{code} has no options, {', '.join(options)} given")
        first = union is schema.BuiltinOptions
        self._graph.operators.append(
            _new(
                schema.OperatorT,
                opcodeIndex=self._operator_code(code, version, custom_code),
                inputs=_int32([-1 if i is None else i for i in inputs]),
                outputs=_int32(outputs),
                builtinOptionsType=member if first else 0,
                builtinOptions=table if first else None,
                builtinOptions2Type=0 if first else member,
                builtinOptions2=None if first else table,
                intermediates=_int32(intermediates),
                customOptions=None if custom_options is None else _bytes(custom_options),
            )
        )

    def signature(self, key: str, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> None:
        """Adds a signature of this subgraph: names for some of its inputs and outputs."""
        self._model.signatureDefs = self._model.signatureDefs or []
        self._model.signatureDefs.append(
            _new(
                schema.SignatureDefT,
                signatureKey=key,
                inputs=_tensor_map(inputs),
                outputs=_tensor_map(outputs),
                subgraphIndex=self.index,
            )
        )

    def _operator_code(self, code: str, version: int, custom_code: str | None) -> int:
        number = getattr(schema.BuiltinOperator, code)
        codes = self._model.operatorCodes
        for index, known in enumerate(codes):
            known_as = (known.builtinCode, known.version, known.customCode)
            if known_as == (number, version, custom_code):
                return index
        placeholder = schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES
        codes.append(
            _new(
                schema.OperatorCodeT,
                deprecatedBuiltinCode=min(number, placeholder),
                builtinCode=number,
                version=version,
                customCode=custom_code,
            )
        )
        return len(codes) - 1

    def _finish(self) -> None:
        self._graph.inputs = _int32(self.inputs)
        self._graph.outputs = _int32(self.outputs)


class Network(Graph):
    """A network in the making. It is itself the main subgraph; `subgraph` adds others."""

    def __init__(self, name: str = "main", description: str = "octavo") -> None:
        model = _new(
            schema.ModelT,
            version=3,
            description=description,
            operatorCodes=[],
            subgraphs=[],
            buffers=[schema.BufferT()],
        )
        super().__init__(model, name)
        self._subgraphs: list[Graph] = [self]

    def subgraph(self, name: str) -> Graph:
        """Adds a subgraph; operators name it by its `index`."""
        graph = Graph(self._model, name)
        self._subgraphs.append(graph)
        return graph

    def model(self) -> ModelT:
        """The network as objects, as `read` would give it."""
        for graph in self._subgraphs:
            graph._finish()
        return self._model

    def build(self) -> bytes:
        """The network as the bytes of a .tflite file."""
        return write(self.model())


def _new(table: Any, **fields: Any) -> Any:
    """A table with these fields set. What older flatc generates takes no arguments."""
    instance = table()
    for key, value in fields.items():
        if not hasattr(instance, key):
            raise AttributeError(f"{table.__name__} has no field {key}")
        setattr(instance, key, value)
    return instance


def _tensor_map(names: Mapping[str, int]) -> list[Any]:
    return [_new(schema.TensorMapT, name=key, tensorIndex=value) for key, value in names.items()]


def _int32(values: Sequence[int] | None) -> npt.NDArray[np.int32] | None:
    return None if values is None else np.asarray(values, np.int32)


def _bytes(values: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(values, np.uint8)


def _tensor_type(dtype: npt.DTypeLike) -> int:
    name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
    return _enum_value("tensor", schema.TensorType, name)


def _enum_value(where: str, enum: type, name: str) -> int:
    values = {key: value for key, value in vars(enum).items() if not key.startswith("_")}
    for spelling in (name, name.upper()):
        if spelling in values:
            return int(values[spelling])
    raise ValueError(f"{where}: {name} is not a {enum.__name__} ({', '.join(values)})")


# Operators whose options are not called what they are called.
_OPTIONS = {
    "AVERAGE_POOL_2D": "Pool2D",
    "CONV_3D_TRANSPOSE": "Conv3D",
    "L2_NORMALIZATION": "L2Norm",
    "L2_POOL_2D": "Pool2D",
    "MAXIMUM": "MaximumMinimum",
    "MAX_POOL_2D": "Pool2D",
    "MEAN": "Reducer",
    "MINIMUM": "MaximumMinimum",
    "MULTINOMIAL": "Random",
    "RANDOM_STANDARD_NORMAL": "Random",
    "RANDOM_UNIFORM": "Random",
    "REDUCE_ALL": "Reducer",
    "REDUCE_ANY": "Reducer",
    "REDUCE_MAX": "Reducer",
    "REDUCE_MIN": "Reducer",
    "REDUCE_PROD": "Reducer",
    "SUM": "Reducer",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNN",
}

# The options that are enumerations.
_ENUMS = {
    "algorithm": schema.RngAlgorithm,
    "combiner": schema.CombinerType,
    "compare_type": schema.StablehloComparisonType,
    "comparison_direction": schema.StablehloComparisonDirection,
    "fused_activation_function": schema.ActivationFunctionType,
    "idx_out_type": schema.TensorType,
    "in_data_type": schema.TensorType,
    "kernel_type": schema.LSTMKernelType,
    "key_dtype": schema.TensorType,
    "mode": schema.MirrorPadMode,
    "out_data_type": schema.TensorType,
    "out_type": schema.TensorType,
    "output_type": schema.TensorType,
    "padding": schema.Padding,
    "quantized_bias_type": schema.TensorType,
    "reduce_function": schema.ReduceWindowFunction,
    "type": schema.LSHProjectionType,
    "value_dtype": schema.TensorType,
    "weights_format": schema.FullyConnectedOptionsWeightsFormat,
}


def options_name(code: str) -> str:
    """The name of an operator's options table, as in "CONV_2D" -> "Conv2DOptions"; "" if none."""
    if not hasattr(schema.BuiltinOperator, code):
        raise ValueError(f"{code} is not a BuiltinOperator")
    wanted = _OPTIONS.get(code, code).replace("_", "").upper() + "OPTIONS"
    names = [*vars(schema.BuiltinOptions), *vars(schema.BuiltinOptions2)]
    return next((name for name in names if name.upper() == wanted), "")


def _options(code: str, name: str, values: Mapping[str, Any]) -> Any:
    table = getattr(schema, name + "T")()
    for key, value in values.items():
        first, *rest = key.split("_")
        field = first + "".join(word.capitalize() for word in rest)
        if not hasattr(table, field):
            raise ValueError(f"{code}: {name} has no field {key}")
        if isinstance(value, str) and key in _ENUMS:
            value = _enum_value(f"{code}: {key}", _ENUMS[key], value)
        setattr(table, field, value)
    return table
