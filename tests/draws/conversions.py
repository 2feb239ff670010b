"""Operators from one element type to another. The cell of the matrix is that of the input, of
QUANTIZE to 8 and 16 bits that of the output."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from octavo.flatbuffer import Network
from single_op import (
    NONE,
    Array,
    Operand,
    Quantization,
    Shape,
    arrays,
    operands,
    quantizations,
    scales,
    single_op,
)

from draws import generator

SHAPES = array_shapes(min_dims=0, max_dims=6, max_side=7)
REQUANTIZED = [  # LiteRT has no others
    *product(["int8", "uint8"], ["int8", "uint8"]),
    *product(["int16"], ["int8", "int16", "int32"]),
    *product(["int32"], ["int8", "int16"]),
]
CASTABLE = [
    "float32", "float64", "float16", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "bool", "complex64",
]  # fmt: skip


def zero_points(dtype: npt.DTypeLike) -> st.SearchStrategy[int]:
    limits = np.iinfo(dtype)
    return st.sampled_from([limits.min, limits.max]) | st.integers(limits.min, limits.max)


@st.composite
def per_axis(draw: st.DrawFn, shape: Shape, dtype: str) -> Quantization:
    """A scale and a zero point for each index."""
    axis = draw(st.integers(0, len(shape) - 1))
    count = shape[axis]
    return Quantization(
        draw(st.lists(scales(), min_size=count, max_size=count)),
        draw(st.lists(zero_points(dtype), min_size=count, max_size=count)),
        axis,
    )


@st.composite
def reals(draw: st.DrawFn, shape: Shape, quantization: Quantization, dtype: str) -> Array:
    """Numbers in and around what the quantization holds, halves of a step among them."""
    limits = np.iinfo(dtype)
    width = limits.max - limits.min
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = rng.uniform(limits.min - 0.2 * width, limits.max + 0.2 * width, shape)
    steps = np.where(rng.random(shape) < 0.5, np.round(2 * steps) / 2, steps)
    return np.asarray((steps - quantization.zero_point) * quantization.scale, np.float32)


@generator("QUANTIZE")
def quantize(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    if dtype == "float32":
        return _quantize_reals(draw, draw(st.sampled_from(["int8", "uint8", "int16"])))
    targets = [types[1] for types in REQUANTIZED if types[0] == dtype] or ["int8"]
    target = draw(st.sampled_from(targets))
    x = draw(operands(draw(SHAPES), dtype))
    if dtype not in ("int8", "uint8", "int16", "int32"):
        return single_op(code, [x], x.value.shape, target, draw(quantizations(target)))
    in_zero, out_zero = draw(zero_points(dtype)), draw(zero_points(target))
    if (dtype, target) == ("int16", "int16"):
        in_zero = out_zero = 0
    x = Operand(x.value, Quantization(draw(scales(2**-14, 2.0**10)), in_zero))
    output = Quantization(draw(scales(2**-14, 2.0**10)), out_zero)
    return single_op(code, [x], x.value.shape, target, output)


def _quantize_reals(draw: st.DrawFn, target: str) -> tuple[bytes, dict[int, Array]]:
    if draw(st.integers(0, 3)) == 0:
        shape = draw(array_shapes(min_dims=1, max_dims=4, max_side=5))
        value, quantization = draw(arrays(shape, "float32")), draw(per_axis(shape, target))
    else:
        scale = draw(scales(2**-20, 2.0**20))
        quantization = Quantization(scale, draw(zero_points(target)))
        value = draw(reals(draw(SHAPES), quantization, target))
    return single_op("QUANTIZE", [Operand(value)], value.shape, target, quantization)


@generator("DEQUANTIZE")
def dequantize(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    if dtype == "int4":
        return dequantize_int4(draw)
    shape = draw(SHAPES)
    x = draw(operands(shape, dtype, scale=scales(2**-20, 2.0**20)))
    if dtype in ("int8", "uint8") and shape and draw(st.integers(0, 3)) == 0:
        x = Operand(x.value, draw(per_axis(shape, dtype)))
    if dtype == "float16":
        x = Operand(draw(bits(shape, dtype)))
    return single_op(code, [x], shape, "float32")


def dequantize_int4(draw: st.DrawFn) -> tuple[bytes, dict[int, Array]]:
    """Two elements a byte, the first in the low half; the last byte may be half full."""
    shape = draw(array_shapes(min_dims=1, max_dims=4, max_side=5))
    packed = draw(arrays(((int(np.prod(shape)) + 1) // 2,), "uint8")).tobytes()
    quantization: dict[str, Any]
    if draw(st.booleans()):
        axis = draw(st.integers(0, len(shape) - 1))
        scale = draw(st.lists(scales(), min_size=shape[axis], max_size=shape[axis]))
        quantization = {"scale": scale, "quantized_dimension": axis}
    else:
        quantization = {"scale": draw(scales()), "zero_point": draw(st.integers(-8, 7))}
    net = Network()
    x = net.tensor("x", shape, "int4", data=packed, **quantization)
    y = net.tensor("y", shape, "float32")
    net.op("DEQUANTIZE", [x], [y])
    net.outputs = [y]
    return net.build(), {}


@st.composite
def bits(draw: st.DrawFn, shape: Shape, dtype: npt.DTypeLike) -> Array:
    """All bit patterns, NaN and infinity among them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind == "f" and draw(st.booleans()):
        digits = draw(st.integers(0, 20))
        with np.errstate(over="ignore"):
            return np.asarray(rng.normal(0, 10.0**digits, shape)).astype(dtype)
    count = int(np.prod(shape))
    return np.frombuffer(rng.bytes(count * dtype.itemsize), dtype).reshape(shape)


@generator("CAST")
def cast(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Reals saturate, NaN becomes the greatest."""
    # Of types of less than a byte LiteRT makes float32, and the reverse.
    others = {"int4": ["float32"], "float32": [*CASTABLE, "int2", "int4", "uint4"]}
    target = draw(st.sampled_from(others.get(dtype, CASTABLE)))
    shape = draw(SHAPES)
    if dtype in CASTABLE:
        x = Operand(draw(bits(shape, dtype)))
    else:
        x = draw(operands(shape, dtype, is_constant=dtype == "int4"))
        x = Operand(x.value, NONE, x.is_constant, dtype)
    return single_op(code, [x], shape, target)
