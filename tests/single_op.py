"""Networks of one operator, and what hypothesis draws to run them on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from octavo.flatbuffer import Network

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Quantization:
    """One scale for the whole tensor, one for each index of a dimension, or none."""

    scale: Any = None
    zero_point: Any = 0
    quantized_dimension: int = 0


NONE = Quantization()


@dataclass(frozen=True)
class Operand:
    """An input of the operator: a value given while running, or a constant of the file."""

    value: Array
    quantization: Quantization = NONE
    is_constant: bool = False
    dtype: str | None = None  # where it is not the value's: "int4"


def single_op(
    code: str,
    operands: list[Operand],
    shape: Shape,
    dtype: npt.DTypeLike,
    quantization: Quantization = NONE,
    **options: Any,
) -> tuple[bytes, dict[int, Array]]:
    """A file with the operator, whose output is as given, and its inputs by tensor number."""
    net = Network()
    inputs: dict[int, Array] = {}
    tensors = []
    for i, operand in enumerate(operands):
        index = net.tensor(
            f"x{i}",
            operand.value.shape,
            operand.dtype or operand.value.dtype,
            data=operand.value if operand.is_constant else None,
            **vars(operand.quantization),
        )
        tensors.append(index)
        if not operand.is_constant:
            inputs[index] = np.asarray(operand.value)
    output = net.tensor("y", shape, dtype, **vars(quantization))
    net.op(code, tensors, [output], **options)
    net.inputs, net.outputs = list(inputs), [output]
    return net.build(), inputs


def scales(low: float = 2**-10, high: float = 4.0) -> st.SearchStrategy[float]:
    """Float32 numbers, spread evenly over the orders of magnitude."""
    exponents = st.floats(np.log2(low), np.log2(high), allow_nan=False)
    return st.one_of(st.sampled_from([low, high, 1.0]), exponents.map(lambda e: 2.0**e)).map(
        lambda s: float(np.float32(s))
    )


def related_scales(base: float) -> st.SearchStrategy[float]:
    """Float32 numbers whose ratio to `base` is a small fraction, but for rounding.

    Such ratios bring many results to the middle between two integers, where rounding a multiplier
    in float32 or in double, and rounding once or twice, part.
    """
    numerators, exponents = st.integers(1, 15), st.integers(-2, 10)
    return st.builds(lambda n, e: float(np.float32(base * 2**e / n)), numerators, exponents)


@st.composite
def quantizations(draw: st.DrawFn, dtype: npt.DTypeLike, scale: Any = None) -> Quantization:
    """What a tensor of a type has: the plain types none, int4 and int16 a zero point of 0."""
    if dtype == "int4":
        return Quantization(draw(scales() if scale is None else scale))
    dtype = np.dtype(dtype)
    if dtype not in (np.int8, np.uint8, np.int16):
        return NONE
    limits = np.iinfo(dtype)
    zero_points = st.one_of(
        st.sampled_from([limits.min, limits.max]), st.integers(limits.min, limits.max)
    )
    return Quantization(
        draw(scales() if scale is None else scale), 0 if dtype == np.int16 else draw(zero_points)
    )


@st.composite
def arrays(draw: st.DrawFn, shape: Shape, dtype: npt.DTypeLike) -> Array:
    """Random elements, the type's extremes among them. Floats are normal, with zeros."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    special = rng.random(shape) < 0.2
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind in "fc":
        deviation = draw(st.sampled_from([1e-3, 1.0, 8.0, 1e4]))
        values = rng.normal(0, deviation, shape)
        if dtype.kind == "c":
            values = values + 1j * rng.normal(0, deviation, shape)
        return np.where(special, 0, values).astype(dtype)
    limits = np.iinfo(dtype)
    values = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    extremes = rng.choice(np.array([limits.min, limits.min + 1, 0, limits.max], dtype), shape)
    return np.where(special, extremes, values).astype(dtype)


@st.composite
def operands(
    draw: st.DrawFn, shape: Shape, dtype: str, is_constant: bool = False, scale: Any = None
) -> Operand:
    """Of any type: int4 ones hold -8 to 7. See quantizations for `scale`."""
    value = draw(arrays(shape, "int8" if dtype == "int4" else dtype))
    if dtype == "int4":
        value >>= 4
    return Operand(value, draw(quantizations(dtype, scale)), is_constant, dtype)


def every_value(dtype: npt.DTypeLike) -> Array:
    """All values of an 8-bit or 16-bit integer type."""
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1).astype(dtype)
