"""Float networks to quantize, what a quantized file says of its tensors, and runs in reals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import octavo
import oracle
from octavo import flatbuffer
from octavo.flatbuffer import Network
from octavo.quantizer.source import Source, scales_of

Array = npt.NDArray[Any]

# What files must have, stated here once more: the quantizer's own table is what is tested.
TIED = {
    *("REDUCE_MAX", "REDUCE_MIN"),
    *("AVERAGE_POOL_2D", "MAX_POOL_2D", "MAXIMUM", "MINIMUM", "CONCATENATION", "PACK", "UNPACK"),
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PAD", "PADV2", "SLICE", "STRIDED_SLICE"),
    *("SPLIT", "SPLIT_V", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"),
    *("BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "TILE"),
    *("BROADCAST_TO", "DYNAMIC_UPDATE_SLICE", "FILL", "GATHER", "GATHER_ND", "MIRROR_PAD"),
    *(
        "EMBEDDING_LOOKUP",
        "ONE_HOT",
        "REVERSE_SEQUENCE",
        "REVERSE_V2",
        "SPARSE_TO_DENSE",
        "SELECT",
        "SELECT_V2",
        "TOPK_V2",
    ),
}
FIXED = {
    "L2_NORMALIZATION": {"int8": (1 / 128, 0)},
    "LOG_SOFTMAX": {"int8": (16 / 256, 127)},
    "LOGISTIC": {"int8": (1 / 256, -128), "int16": (1 / 32768, 0)},
    "SOFTMAX": {"int8": (1 / 256, -128), "int16": (1 / 32768, 0)},
    "TANH": {"int8": (1 / 128, 0), "int16": (1 / 32768, 0)},
}
# The inputs that are the activation, the weights and the bias, and the weights' channels.
WEIGHTED = {
    "CONV_2D": (0, 1, 2, 0),
    "DEPTHWISE_CONV_2D": (0, 1, 2, 3),
    "FULLY_CONNECTED": (0, 1, 2, 0),
    "TRANSPOSE_CONV": (2, 1, 3, 0),
}
ACTIVATIONS = ("int8", "int16", "uint8")


class Graph(Source):
    """The main subgraph of a file."""

    def __init__(self, model: bytes, subgraph: int = 0) -> None:
        super().__init__(flatbuffer.read(model), subgraph)

    def quantization(self, tensor: int) -> tuple[str, float, int]:
        """Type, scale and zero point of a tensor quantized as a whole."""
        scales = scales_of(self.graph.tensors[tensor])
        assert scales.shape == (1,), self.name(tensor)
        zero = self.graph.tensors[tensor].quantization.zeroPoint
        return self.dtype(tensor), float(scales[0]), int(zero[0])

    def stored(self, tensor: int) -> Array:
        """A constant of any type, flat."""
        data = self.model.buffers[self.graph.tensors[tensor].buffer].data
        assert data is not None, self.name(tensor)
        return np.asarray(data).view(self.dtype(tensor))

    def of(self, operator: str) -> list[int]:
        """The operators of this name."""
        return [n for n, name in enumerate(self.names) if name == operator]

    def to_integers(self, tensor: int, x: Array) -> Array:
        """Reals as the tensor takes them."""
        if self.dtype(tensor) not in ACTIVATIONS:
            return x
        dtype, scale, zero = self.quantization(tensor)
        limits = np.iinfo(dtype)
        q = np.clip(np.round(x / scale) + zero, limits.min, limits.max)
        return np.asarray(q, dtype)

    def to_reals(self, tensor: int, q: Array) -> Array:
        if self.dtype(tensor) not in ACTIVATIONS:
            return q
        _, scale, zero = self.quantization(tensor)
        return np.asarray((q.astype(np.float64) - zero) * scale, np.float32)


def check_emitted(model: bytes) -> None:
    """Every integer operator is quantized as LiteRT's 8-bit specification wants it."""
    graph = Graph(model)
    for n, name in enumerate(graph.names):
        operands, results = dict(graph.operands(n)), graph.results(n)
        if not results or graph.dtype(results[0]) not in ACTIVATIONS:
            continue
        outputs = [graph.quantization(t) for t in results if graph.dtype(t) in ACTIVATIONS]
        for dtype, scale, zero in outputs:
            assert scale > 0
            assert dtype != "int16" or zero == 0
            assert np.iinfo(dtype).min <= zero <= np.iinfo(dtype).max
        if name in TIED:
            data = [t for t in operands.values() if graph.dtype(t) not in ("int32", "bool")]
            moved = [graph.quantization(t) for t in data]
            assert {*outputs, *moved} == {outputs[0]}, name
        if name in FIXED:
            dtype, *fixed = outputs[0]
            assert tuple(fixed) == FIXED[name][dtype]
        if name in WEIGHTED:
            check_weights(graph, name, operands, outputs[0][0])


def check_weights(graph: Graph, name: str, operands: dict[int, int], dtype: str) -> None:
    activation, weights, bias, axis = WEIGHTED[name]
    assert graph.quantization(operands[activation])[0] == dtype
    tensor = graph.graph.tensors[operands[weights]]
    scales, channels = scales_of(tensor), int(tensor.shape[axis])
    assert graph.dtype(operands[weights]) == "int8"
    assert scales.size == channels
    assert channels == 1 or tensor.quantization.quantizedDimension == axis
    assert not tensor.quantization.zeroPoint.any()
    assert graph.stored(operands[weights]).min() >= -127
    if bias in operands:
        quantization = graph.graph.tensors[operands[bias]].quantization
        assert graph.dtype(operands[bias]) == {"int8": "int32", "int16": "int64"}[dtype]
        assert not quantization.zeroPoint.any()
        input_scale = np.float32(graph.quantization(operands[activation])[1])
        np.testing.assert_array_equal(quantization.scale, input_scale * scales)


def run(model: bytes, x: list[Array]) -> list[Array]:
    """Outputs in reals, of inputs in reals."""
    graph = Graph(model)
    inputs = {t: graph.to_integers(t, v) for t, v in zip(graph.inputs, x, strict=True)}
    values, outputs = oracle.octavo_run(model, inputs)
    return [graph.to_reals(t, values[t]) for t in outputs]


def assert_litert_agrees(model: bytes, x: list[Array], *, keep_all: bool = True) -> None:
    """LiteRT loads it, and all tensors are the same to the bit."""
    graph = Graph(model)
    inputs = {t: graph.to_integers(t, v) for t, v in zip(graph.inputs, x, strict=True)}
    oracle.assert_equal_to_litert(model, inputs, keep_all=keep_all)


SHAPE = (2, 8)


class Builder:
    """A network of (2, 8) float tensors."""

    def __init__(self):
        self.net = Network()
        self.rng = np.random.default_rng(1)
        self.inputs, self.outputs = [], []

    def input(self, name="x", dtype="float32", shape=SHAPE):
        x = self.net.tensor(name, shape, dtype)
        self.inputs.append(x)
        return x

    def weights(self, *shape):
        return self.net.constant("w", self.rng.normal(0, 0.5, shape).astype(np.float32))

    def op(self, code, *operands, name="", shape=SHAPE, dtype="float32", **options):
        y = self.net.tensor(name or f"{code.lower()}", shape, dtype)
        self.net.op(code, list(operands), [y], **options)
        return y

    def dense(self, x, name="dense", weights=None, bias=None):
        weights = self.weights(8, 8) if weights is None else weights
        return self.op("FULLY_CONNECTED", x, weights, bias, name=name)

    def build(self, *outputs):
        self.net.inputs, self.net.outputs = self.inputs, list(outputs or self.outputs)
        return self.net.build()


def samples(model, count=20, scale=1.0):
    graph, rng = Graph(model), np.random.default_rng(2)

    def value(t):
        shape = tuple(int(d) for d in graph.graph.tensors[t].shape)
        if graph.is_float(t):
            return rng.normal(0, scale, shape).astype(np.float32)
        return rng.integers(0, 2, shape).astype(graph.dtype(t))

    return [[value(t) for t in graph.inputs] for _ in range(count)]


def check(model, mode="int8", *, limit=0.03, data=None, **arguments):
    """Quantizes, has LiteRT agree to the bit, and holds the outputs against the float network's:
    within `limit` of the greatest magnitude. Returns the graph."""
    data = samples(model) if data is None else data
    content = bytes(octavo.quantize(model, mode, data, **arguments))
    check_emitted(content)
    assert_litert_agrees(content, data[0])
    for ours, reference in zip(run(content, data[0]), run(model, data[0]), strict=True):
        assert ours.shape == reference.shape
        peak = np.abs(reference.astype(np.float64)).max(initial=0)
        np.testing.assert_allclose(ours, reference, rtol=0, atol=limit * peak)
    return Graph(content)
