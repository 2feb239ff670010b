"""Networks of element types that numpy does not have, made of those of a type of the same size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import octavo._schema as schema
from octavo.flatbuffer import read, write
from single_op import Array

# By type: the one that a network is drawn of, the one by which values are given, and the one by
# which results are told, with the operator that makes it.
STAND_INS = {
    "bfloat16": ("float16", "uint16", "float32", "CAST"),
    "float8_e4m3fn": ("int8", "uint8", "uint8", "BITCAST"),
    "float8_e5m2": ("int8", "uint8", "uint8", "BITCAST"),
    "int2": ("int4", "int8", "int8", ""),
    "uint4": ("int4", "uint8", "uint8", ""),
}
# Those that both show as bytes: bits, least and greatest number.
PACKED = {"int2": (2, -2, 1), "uint4": (4, 0, 15)}


def retyped(model: bytes, inputs: dict[int, Array], dtype: str) -> tuple[bytes, dict[int, Array]]:
    """The network with the same bytes as elements of another type, which a BITCAST makes of its
    inputs."""
    drawn, given, told, teller = STAND_INS[dtype]
    old, new = _tensor_type(drawn), _tensor_type(dtype)
    net: Any = read(model)
    for graph in net.subgraphs:
        for tensor in graph.tensors:
            if tensor.type != old:
                continue
            tensor.type = new
            if dtype in PACKED:
                _repack(net, tensor, *PACKED[dtype])
            else:
                tensor.quantization = None
    if dtype in PACKED:
        return write(net), inputs
    main = net.subgraphs[0]

    def stand_in(tensor: int, type_name: str) -> int:
        like = main.tensors[tensor]
        if like.type != new:
            return tensor
        fields = {"name": type_name.encode() + like.name, "shape": like.shape}
        main.tensors.append(_new(schema.TensorT, **fields, type=_tensor_type(type_name)))
        return len(main.tensors) - 1

    def converters(code: str, pairs: list[tuple[int, int]]) -> list[Any]:
        kind = getattr(schema.BuiltinOperator, code)
        net.operatorCodes.append(_new(schema.OperatorCodeT, builtinCode=kind))
        index = len(net.operatorCodes) - 1
        return [
            _new(schema.OperatorT, opcodeIndex=index, inputs=[source], outputs=[target])
            for source, target in pairs
            if source != target
        ]

    sources = {t: stand_in(t, given) for t in main.inputs}
    targets = [(t, stand_in(t, told)) for t in main.outputs]
    before = converters("BITCAST", [(source, t) for t, source in sources.items()])
    main.operators = [*before, *main.operators, *converters(teller, targets)]
    main.inputs, main.outputs = list(sources.values()), [target for _, target in targets]
    values = {sources[t]: x if sources[t] == t else x.view(given) for t, x in inputs.items()}
    return write(net), values


def _repack(net: Any, tensor: Any, bits: int, least: int, most: int) -> None:
    """A constant of as many elements of the type, and zero points of it."""
    data = net.buffers[tensor.buffer].data
    if data is not None and len(data) > 0:
        size = (math.prod(int(n) for n in tensor.shape) * bits + 7) // 8
        net.buffers.append(_new(schema.BufferT, data=np.asarray(data, np.uint8)[:size]))
        tensor.buffer = len(net.buffers) - 1
    if tensor.quantization is not None and tensor.quantization.zeroPoint is not None:
        tensor.quantization.zeroPoint = np.clip(tensor.quantization.zeroPoint, least, most)


def _tensor_type(name: str) -> int:
    return int(getattr(schema.TensorType, name.upper()))


def _new(table: Any, **fields: Any) -> Any:
    made = table()
    for key, value in fields.items():
        setattr(made, key, value)
    return made
