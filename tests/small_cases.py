"""A row of small_networks.py, and the networks that are made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import octavo._schema as schema
from flatbuffers import flexbuffers
from octavo.flatbuffer import Network

Array = npt.NDArray[Any]

_INTEGERS = ("int8", "uint8", "int16")


@dataclass
class SmallNetwork:
    name: str
    operator: str
    model: bytes
    inputs: dict[int, Array]  # by tensor number


@dataclass
class Weights:
    """A constant of the operator's weight type; per channel along `axis` where that is int8."""

    shape: tuple[int, ...]
    axis: int
    bits: int = 8


@dataclass
class Bias:
    """A constant that is added to accumulators: its scale is the input's times the weights'."""

    channels: int


@dataclass
class Constant:
    """A constant of the operator's activation type, quantized as the inputs are."""

    shape: tuple[int, ...]


@dataclass
class Magnitudes:
    """An input without negative numbers."""

    shape: tuple[int, ...]


@dataclass
class Sparse:
    """A sparse constant of shape (2, 3), rows compressed, with three values."""


@dataclass
class Case:
    """A row: one network for each of `types`.

    `operands` are shapes of inputs of that type, the constants above, or arrays: constants as they
    are.
    """

    operator: str
    types: str
    operands: list[Any]
    outputs: list[tuple[int, ...]]
    options: dict[str, Any] = field(default_factory=dict)
    output_type: str = ""  # that of the operands where it is not given; or one for each output
    same: bool = False  # output and inputs share scale and zero point
    fixed: dict[str, tuple[float, int]] = field(default_factory=dict)  # the output's, by type
    gain: float = 1  # how much further the output reaches than the inputs
    note: str = ""  # told apart from other rows of the operator
    body: str = ""  # the operator that its region consists of
    region: str = "update_computation_subgraph_index"  # the option that names it


def ints(*values: int) -> Array:
    return np.array(values, np.int32)


def custom(name: str, **options: Any) -> dict[str, Any]:
    return {"custom_code": name, "custom_options": bytes(flexbuffers.Dumps(options))}


def build(case: Case, dtype: str) -> SmallNetwork:
    name = f"{case.operator} {dtype}"
    if case.output_type:
        name += f" to {case.output_type}"
    if case.note:
        name += f", {case.note}"
    # One seed a network, so that a new row leaves the others as they are.
    builder = _Builder(case, dtype, np.random.default_rng(list(name.encode())))
    return SmallNetwork(name, case.operator, builder.build(), builder.inputs)


class _Builder:
    def __init__(self, case: Case, dtype: str, random: np.random.Generator) -> None:
        self._case = case
        self._type = dtype
        self._random = random
        self._network = Network(description="")
        self._input_scale = 0.05
        self._weight_scale: npt.NDArray[np.float32] = np.ones(1, np.float32)
        self.inputs: dict[int, Array] = {}

    def build(self) -> bytes:
        net, case = self._network, self._case
        operands = [self._operand(i, operand) for i, operand in enumerate(case.operands)]
        output_types = (case.output_type or self._type).split()
        if len(output_types) == 1:
            output_types *= len(case.outputs)
        outputs = [
            net.tensor(f"y{i}", shape, dtype, **self._output_quantization(dtype))
            for i, (shape, dtype) in enumerate(zip(case.outputs, output_types, strict=True))
        ]
        options = case.options
        if case.body:
            region = net.subgraph("body")
            a, b, c = (region.tensor(name, (), self._type) for name in "abc")
            region.op(case.body, [a, b], [c])
            region.inputs, region.outputs = [a, b], [c]
            options = {**options, case.region: region.index}
        net.op(case.operator, operands, outputs, version=self._version(), **options)
        net.inputs, net.outputs = list(self.inputs), outputs
        return net.build()

    def _operand(self, i: int, operand: Any) -> int:
        net = self._network
        match operand:
            case Weights(shape, axis, bits):
                return self._weights(shape, axis, bits)
            case Bias(channels):
                dtype = {"float32": "float32", "int16": "int64"}.get(self._type, "int32")
                if dtype == "float32":
                    return net.constant("b", self._values((channels,), "float32"))
                values = self._random.integers(-500, 500, channels).astype(dtype)
                return net.constant("b", values, scale=self._input_scale * self._weight_scale)
            case Constant(shape):
                values = self._values(shape, self._type)
                return net.constant(f"c{i}", values, **self._quantization(self._type, 0))
            case Sparse():
                return self._sparse()
            case Magnitudes(shape):
                x = net.tensor(f"x{i}", shape, self._type)
                self.inputs[x] = np.abs(self._values(shape, self._type))
                return x
            case tuple():
                x = net.tensor(f"x{i}", operand, self._type, **self._quantization(self._type, i))
                self.inputs[x] = self._values(operand, self._type)
                return x
            case _:
                return net.constant(f"c{i}", operand)

    def _weights(self, shape: tuple[int, ...], axis: int, bits: int) -> int:
        if self._type == "float32":
            return self._network.constant("w", self._values(shape, "float32"))
        if self._type == "uint8":
            self._weight_scale = np.array([0.02], np.float32)
            values = self._values(shape, "uint8")
            return self._network.constant("w", values, scale=self._weight_scale, zero_point=121)
        self._weight_scale = self._random.uniform(0.01, 0.03, shape[axis]).astype(np.float32)
        values = self._values(shape, f"int{max(bits, 8)}")
        values = np.maximum(values, -127) >> (8 - bits) if bits <= 8 else values
        quantization = {"scale": self._weight_scale, "quantized_dimension": axis}
        return self._network.tensor("w", shape, f"int{bits}", data=values, **quantization)

    def _sparse(self) -> int:
        index = self._network.tensor("w", (2, 3), self._type, data=self._values((3,), self._type))
        way = schema.SparsityParametersT()
        way.traversalOrder, rows, columns = [0, 1], *(schema.DimensionMetadataT() for _ in "rc")
        rows.denseSize, columns.format = 2, schema.DimensionType.SPARSE_CSR
        for part, numbers in (("Segments", [0, 1, 3]), ("Indices", [1, 0, 2])):
            vector = schema.Int32VectorT()
            vector.values = numbers
            setattr(columns, f"array{part}", vector)
            setattr(columns, f"array{part}Type", schema.SparseIndexVector.Int32Vector)
        way.dimMetadata = [rows, columns]
        self._network.model().subgraphs[0].tensors[index].sparsity = way
        return index

    def _values(self, shape: tuple[int, ...], dtype: str) -> Array:
        """Of a quantized type any value and its two extremes; reals between -5 and 5."""
        if dtype not in _INTEGERS:
            return self._random.uniform(-5, 5, shape).astype(dtype)
        limits = np.iinfo(dtype)
        values = self._random.integers(limits.min, limits.max + 1, shape).astype(dtype)
        values.reshape(-1)[:2] = [limits.max, limits.min][: values.size]
        return values

    def _quantization(self, dtype: str, i: int) -> dict[str, Any]:
        if dtype not in _INTEGERS:
            return {}
        # int16 values reach 650 times further.
        scale = self._input_scale * (1 if self._case.same else 1 + 0.3 * i)
        zero = {"int8": -7, "uint8": 123, "int16": 0}[dtype]
        return {"scale": scale / (256 if dtype == "int16" else 1), "zero_point": zero}

    def _output_quantization(self, dtype: str) -> dict[str, Any]:
        if dtype in self._case.fixed:
            scale, zero = self._case.fixed[dtype]
            return {"scale": scale, "zero_point": zero}
        quantization = self._quantization(dtype, 0 if self._case.same else 3)
        if quantization:
            quantization["scale"] *= self._case.gain
        return quantization

    def _version(self) -> int:
        # LiteRT reads one thing from a version: whether TRANSPOSE_CONV has a bias. BROADCAST_TO has
        # no first one.
        return {"TRANSPOSE_CONV": 3, "BROADCAST_TO": 2}.get(self._case.operator, 1)
