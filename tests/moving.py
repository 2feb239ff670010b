"""What the tests of operators that only move elements share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from oracle import Array, octavo_run, run

# Of operators that LiteRT does not have from version 1 on.
LEAST_VERSIONS = {"BROADCAST_TO": 2}

TYPES = ["float32", "int8", "uint8", "int16", "int32", "int64", "bool"]

cases = settings(max_examples=40, deadline=None)
all_types = pytest.mark.parametrize("dtype", TYPES)


class Constant:
    """An operand that the file holds; of int4 the values are given as int8."""

    def __init__(self, value: Any, dtype: str = "int32") -> None:
        self.value = np.asarray(value, "int8" if dtype == "int4" else dtype)
        self.dtype = dtype
        self.shape, self.ndim = self.value.shape, self.value.ndim


def single(
    code: str,
    operands: list[Array | Constant | None],
    outputs: list[str],
    quantization: dict[str, Any] | None = None,
    shape: tuple[int, ...] = (),
    **options: Any,
) -> tuple[bytes, dict[int, Array]]:
    """A network of one operator and the values of its inputs. Every array operand is an input of
    the network; those of the first output's type, and it, have `quantization`. The file says that
    outputs have `shape`, for what it is worth."""

    def quantized(dtype: Any) -> dict[str, Any]:
        is_data = bool(outputs) and str(dtype) == outputs[0]
        return quantization if quantization is not None and is_data else {}

    net = Network()
    indices: list[int | None] = []
    inputs = {}
    for number, operand in enumerate(operands):
        if operand is None:
            indices.append(None)
        elif isinstance(operand, Constant):
            own = quantized(operand.dtype) if operand.dtype == "int4" else {}
            name = f"constant {number}"
            indices.append(
                net.tensor(name, operand.shape, operand.dtype, data=operand.value, **own)
            )
        else:
            own = quantized(operand.dtype)
            index = net.tensor(f"in {number}", operand.shape, operand.dtype, **own)
            indices.append(index)
            inputs[index] = operand
    results = [
        net.tensor(f"out {number}", shape, dtype, **quantized(dtype))
        for number, dtype in enumerate(outputs)
    ]
    net.op(code, indices, results, version=LEAST_VERSIONS.get(code, 1), **options)
    net.inputs, net.outputs = list(inputs), results
    return net.build(), inputs


def check(model: bytes, inputs: dict[int, Array], **kwargs: Any) -> None:
    """The outputs of octavo and LiteRT agree in type, shape and every bit."""
    expected, outputs = run(model, inputs, **kwargs)
    ours, _ = octavo_run(model, inputs, **kwargs)
    for index in outputs:
        assert ours[index].dtype == expected[index].dtype
        assert ours[index].shape == expected[index].shape
        assert ours[index].tobytes() == expected[index].tobytes()


def array(draw: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """Random bits: every number, infinity and NaN of the type. int4 is a Constant."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if dtype == "int4":
        return Constant(rng.integers(-8, 8, shape), dtype)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return np.frombuffer(rng.bytes(size), dtype).reshape(shape)


def parameter(draw: Any, value: Any, dtype: str = "int32") -> Constant | Array:
    """A tensor whose value decides the output's shape: a constant, or given while running."""
    is_constant = dtype == "int4" or draw(st.booleans())
    return Constant(value, dtype) if is_constant else np.asarray(value, dtype)


def shapes(least: int = 0, most: int = 6, smallest: int = 1) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.integers(smallest, 5), min_size=least, max_size=most).map(tuple)


def quantizations(
    dtype: str, symmetric_int16: bool = False
) -> st.SearchStrategy[dict[str, Any] | None]:
    """A scale and any zero point (of int16 perhaps 0 alone), or none."""
    if dtype not in ("int8", "uint8", "int16"):
        return st.none()
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    zero_points = st.sampled_from([low, 0, high]) | st.integers(low, high)
    if dtype == "int16" and symmetric_int16:
        zero_points = st.just(0)
    return st.none() | zero_points.map(lambda zero: {"scale": 0.25, "zero_point": zero})


def axes(rank: int) -> st.SearchStrategy[int]:
    return st.integers(-rank, rank - 1)
