"""What the quantizer asks of a float network's objects."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

import octavo._schema as schema

Array = npt.NDArray[Any]


def _names(enum: type) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


_CODES = _names(schema.BuiltinOperator)
BUILTINS = frozenset(_CODES.values())
"""The names of the format's own operators."""
_TYPES = {value: name.lower() for value, name in _names(schema.TensorType).items()}


def operator_name(model: Any, op: Any) -> str:
    """The operator's code as the schema names it; a custom operator's is its own."""
    code = model.operatorCodes[op.opcodeIndex]
    name = _CODES[max(code.builtinCode, code.deprecatedBuiltinCode)]
    return text(code.customCode) if name == "CUSTOM" else name


def text(name: Any) -> str:
    """A name of the file, which is bytes where it was read."""
    if name is None:
        return ""
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)


def scales_of(tensor: Any) -> Array:
    """The scales of a tensor's quantization, float32; none if it is not quantized."""
    scale = None if tensor.quantization is None else tensor.quantization.scale
    return np.asarray(() if scale is None else scale, np.float32)


def store_constant(model: Any, tensor: Any, value: Array) -> None:
    """Makes a tensor a float32 constant of this value."""
    buffer = schema.BufferT()
    buffer.data = np.ascontiguousarray(value, "<f4").reshape(-1).view(np.uint8)
    model.buffers.append(buffer)
    tensor.buffer = len(model.buffers) - 1
    tensor.type = schema.TensorType.FLOAT32
    tensor.quantization = None


def entry_points(model: Any) -> list[int]:
    """The subgraphs that a caller runs: the main one and those of signatures."""
    return sorted({0, *(int(s.subgraphIndex) for s in model.signatureDefs or ())})


def _indices(vector: Any) -> list[int]:
    return [] if vector is None else [int(i) for i in vector]


class Source:
    """One subgraph of a float network, indexed. Rewriting the objects does not change what it says
    of the network's tensors."""

    def __init__(self, model: Any, subgraph: int) -> None:
        self.model = model
        self.index = subgraph
        self.graph = model.subgraphs[subgraph]
        self.operators: list[Any] = list(self.graph.operators or ())
        self.names = [operator_name(model, op) for op in self.operators]
        self.inputs = _indices(self.graph.inputs)
        self.outputs = _indices(self.graph.outputs)
        self._types = [_TYPES[t.type] for t in self.graph.tensors]
        self.producer: dict[int, int] = {}  # tensor -> operator
        self._reads = Counter(self.outputs)
        for n, op in enumerate(self.operators):
            self._reads.update(_indices(op.inputs))
            for t in _indices(op.outputs):
                self.producer[t] = n

    def reads(self, tensor: int) -> int:
        """How often operators read the tensor; one more where it is the graph's output."""
        return self._reads[tensor]

    def operands(self, n: int) -> list[tuple[int, int]]:
        """(position, tensor) of the inputs that operator n has."""
        return [(i, t) for i, t in enumerate(_indices(self.operators[n].inputs)) if t >= 0]

    def results(self, n: int) -> list[int]:
        return _indices(self.operators[n].outputs)

    def is_custom(self, n: int) -> bool:
        """Whether operator n is none of the format's own."""
        code = self.model.operatorCodes[self.operators[n].opcodeIndex]
        return bool(code.customCode)

    def float_results(self, n: int) -> list[int]:
        """Those that may be quantized: TOPK_V2 gives indices too."""
        return [t for t in self.results(n) if self.is_float(t)]

    def label(self, n: int) -> str:
        """The name of the first tensor that operator n computes, by which people know it."""
        results = self.results(n)
        return self.name(results[0]) if results else ""

    def dtype(self, tensor: int) -> str:
        return self._types[tensor]

    def is_float(self, tensor: int) -> bool:
        return self.dtype(tensor) == "float32"

    def name(self, tensor: int) -> str:
        return text(self.graph.tensors[tensor].name)

    def constant(self, tensor: int) -> Array | None:
        """The value of a float32 constant; None for other tensors."""
        t = self.graph.tensors[tensor]
        data = self.model.buffers[t.buffer].data
        if data is None or len(data) == 0 or not self.is_float(tensor):
            return None
        shape = () if t.shape is None else tuple(int(d) for d in t.shape)
        return np.asarray(data, np.uint8).view(np.dtype("<f4")).reshape(shape)
