"""Gives a network with constants of float16, int8 or int4 its float32 constants back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

import octavo._schema as schema
from octavo.flatbuffer import unpack_bits
from octavo.quantizer.recurrent import FULL_LSTM, INTERMEDIATES
from octavo.quantizer.source import Source, entry_points, scales_of, store_constant
from octavo.quantizer.table import OPERATORS

Array = npt.NDArray[Any]

_STORED = {"float16": "<f2", "int8": "i1", "uint8": "u1", "int16": "<i2"}
_STORED_WEIGHTS = {**_STORED, "uint8": "i1"}  # the first converters wrote int8 so, without a zero
_BITS = {"int2": 2, "int4": 4}  # of what lies several in a byte
_QUANTIZED = ("int8", "uint8", "int16")


def expand(model: Any) -> bool:
    """Makes float32 constants of those behind a DEQUANTIZE, which goes, and of the integer weights
    of operators on float activations (dynamic range). Tensors keep their numbers. LSTMs get the
    tensors under which calibration sees what they have inside, where they list none.

    Returns:
      Whether there were any.

    Raises:
      ValueError: the network computes on integers already.
    """
    found = False
    for index, graph in enumerate(model.subgraphs):
        source = Source(model, index)
        kept = [op for n, op in enumerate(source.operators) if not _dequantized(source, n)]
        hybrid = [n for n in range(len(source.operators)) if _float_weights(source, n)]
        bare = [n for n in range(len(source.operators)) if _without_intermediates(source, n)]
        found |= len(kept) < len(source.operators) or bool(hybrid) or bool(bare)
        graph.operators = kept
    for index in entry_points(model):
        _refuse_quantized(Source(model, index))
    return found


def _dequantized(source: Source, n: int) -> bool:
    """Whether operator n was the DEQUANTIZE of a constant, whose result now is the constant."""
    if source.names[n] != "DEQUANTIZE":
        return False
    value = _value(source, source.operands(n)[0][1])
    if value is None:
        return False
    store_constant(source.model, source.graph.tensors[source.results(n)[0]], value)
    return True


def _float_weights(source: Source, n: int) -> bool:
    """Whether operator n had integer weights for float activations; they are float now."""
    rule = OPERATORS.get(source.names[n])
    if rule is None or not source.float_results(n):
        return False
    operands = [t for i, t in source.operands(n) if rule.is_weight(i)]
    weights = [(t, _value(source, t, _STORED_WEIGHTS)) for t in operands]
    for t, value in weights:
        if value is not None:
            store_constant(source.model, source.graph.tensors[t], value)
    return any(value is not None for _, value in weights)


def _without_intermediates(source: Source, n: int) -> bool:
    """Whether operator n was an LSTM that lists no intermediates; it does now."""
    rule, op = OPERATORS.get(source.names[n]), source.operators[n]
    if rule is None or rule.recurrent != "lstm" or len(op.inputs) not in FULL_LSTM:
        return False
    if op.intermediates is not None and len(op.intermediates) > 0:
        return False
    tensors = source.graph.tensors
    first = len(tensors)
    for i in range(INTERMEDIATES):
        tensor = schema.TensorT()
        tensor.name = f"{source.label(n)}_inside{i}"
        tensor.shape = np.zeros(1, np.int32)
        tensor.type = schema.TensorType.FLOAT32
        tensors.append(tensor)
    op.intermediates = np.arange(first, first + INTERMEDIATES, dtype=np.int32)
    return True


def _value(source: Source, tensor: int, stored_as: Mapping[str, str] = _STORED) -> Array | None:
    """What a constant of a stored type stands for; None for other tensors."""
    t = source.graph.tensors[tensor]
    data = source.model.buffers[t.buffer].data
    dtype = source.dtype(tensor)
    if dtype not in {*stored_as, *_BITS} or data is None or len(data) == 0:
        return None
    dims = () if t.shape is None else tuple(int(d) for d in t.shape)
    elements: Array = np.asarray(data, np.uint8)
    if dtype in _BITS:
        elements = unpack_bits(elements, dims, _BITS[dtype])
    else:
        stored = _STORED[dtype] if np.any(_zeros_of(t)) else stored_as[dtype]
        elements = elements.view(stored).reshape(dims)
    values = elements.astype(np.float32)
    if dtype == "float16":
        return values
    scales = scales_of(t)
    if scales.size == 0:
        return None
    shape = [1] * values.ndim
    if scales.size > 1:
        shape[t.quantization.quantizedDimension] = scales.size
    zeros = _zeros_of(t)
    zeros = zeros.reshape(shape) if zeros.size else np.zeros(shape)
    return np.asarray((values - zeros) * scales.reshape(shape), np.float32)


def _zeros_of(tensor: Any) -> Array:
    """The zero points, none where the file has none."""
    zeros = None if tensor.quantization is None else tensor.quantization.zeroPoint
    return np.zeros(0) if zeros is None else np.asarray(zeros, np.float64)


def _refuse_quantized(source: Source) -> None:
    computed = [*source.inputs, *source.producer]
    for t in computed:
        if source.dtype(t) in _QUANTIZED and scales_of(source.graph.tensors[t]).size:
            raise ValueError(
                f'the network is quantized already: tensor "{source.name(t)}" is '
                f"{source.dtype(t)}; quantizing starts from a float network"
            )
