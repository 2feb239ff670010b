"""What hypothesis draws for the operators with weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from single_op import NONE, Array, Operand, Quantization, Shape, arrays, quantizations

ACTIVATIONS = st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])


@dataclass(frozen=True)
class Kind:
    """The element types of a kernel."""

    input: str
    filter: str
    bias: str


FLOAT32 = Kind("float32", "float32", "float32")
INT8 = Kind("int8", "int8", "int32")
UINT8 = Kind("uint8", "uint8", "int32")
INT16 = Kind("int16", "int8", "int64")
INT16_B32 = Kind("int16", "int8", "int32")
INT16_W16 = Kind("int16", "int16", "int64")
INT16_W16_B32 = Kind("int16", "int16", "int32")
HYBRID = Kind("float32", "int8", "float32")


@st.composite
def biases(draw: st.DrawFn, channels: int, dtype: npt.DTypeLike, limit: int) -> Array:
    """Mostly of the size of the sums they are added to, sometimes up to `limit`."""
    limit = draw(st.sampled_from([2**12, 2**16, limit]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.integers(-limit, limit, channels, dtype, endpoint=True)
    return np.where(rng.random(channels) < 0.2, 0, values).astype(dtype)


@dataclass(frozen=True)
class Weighted:
    """The operands of a weighted operator, and its output's quantization."""

    input: Operand
    filter: Operand
    bias: Operand
    output: Quantization


@st.composite
def hybrid_operands(
    draw: st.DrawFn, input_shape: Shape, filter_shape: Shape, axis: int
) -> Weighted:
    """Numbers of few bits, whose products float32 sums exactly in any order: were it not so, the
    rounding errors of an output near 0, or clamped, could be anything beside it."""
    channels = filter_shape[axis]
    terms = max(1, math.prod(filter_shape) // channels)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    offset = draw(st.sampled_from([0, 0, 1, -2]))
    x = (rng.integers(-64, 64, input_shape, endpoint=True) / 16 + offset).astype(np.float32)
    w = draw(arrays(filter_shape, "int8"))
    if draw(st.sampled_from([True, True, False])):
        w = np.maximum(w, -127)
    # Such that outputs are of the size of an activation's range.
    exponents = -round(math.log2(85 * math.sqrt(terms))) - rng.integers(
        0, 3, channels if draw(st.booleans()) else 1
    )
    b = (rng.integers(-32, 32, channels) / 16).astype(np.float32)
    is_constant = draw(st.booleans())
    return Weighted(
        Operand(x),
        Operand(w, Quantization(np.ldexp(np.float32(1), exponents), 0, axis), is_constant),
        Operand(b, is_constant=is_constant),
        NONE,
    )


@st.composite
def weighted(
    draw: st.DrawFn,
    kind: Kind,
    input_shape: Shape,
    filter_shape: Shape,
    axis: int,
    bias_limit: int,
    zero_point_allowed: bool = False,
) -> Weighted:
    """The filter's output channels run along `axis`; an int8 filter with one scale has a zero point
    if that is allowed, a uint8 filter always. What one quantum of the sum is in quanta of the
    output is mostly such that the outputs fill their type."""
    if kind in (FLOAT32, HYBRID):
        operands = draw(hybrid_operands(input_shape, filter_shape, axis))
        return operands if kind is HYBRID else dequantized(operands)
    channels = filter_shape[axis]
    terms = max(1, math.prod(filter_shape) // channels)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    several = kind.filter in ("int8", "int16") and draw(st.booleans())
    scale: Any = np.float32(2.0) ** rng.uniform(-12, 2, channels if several else 1)
    scale = scale.astype(np.float32)
    may_have_zero_point = kind.filter == "uint8" or (zero_point_allowed and not several)
    zero_point = draw(quantizations(kind.filter)).zero_point if may_have_zero_point else 0
    w = Operand(
        draw(arrays(filter_shape, kind.filter)),
        Quantization(scale, zero_point, axis),
        draw(st.sampled_from([True, True, False])),
    )
    x = Operand(draw(arrays(input_shape, kind.input)), draw(quantizations(kind.input)))
    bias = draw(biases(channels, kind.bias, bias_limit))
    product = np.float32(x.quantization.scale) * scale
    fill = (0.02 if kind.filter != "int16" else 1e-4) / math.sqrt(terms)
    multiplier = draw(st.sampled_from([fill, fill, fill / 3, 3 * fill, 2.0**-33, 1.0]))
    multiplier *= draw(st.floats(0.5, 1))
    output = draw(quantizations(kind.input, st.just(float(np.float32(product.max() / multiplier)))))
    return Weighted(x, w, Operand(bias, Quantization(product), is_constant=True), output)


@st.composite
def boundary_operands(
    draw: st.DrawFn, kind: Kind, input_shape: Shape, filter_shape: Shape, axis: int
) -> Weighted:
    """Weights of 0, and sums (the biases) so near a rounding boundary of the output, and so large,
    that the last bits of the multipliers decide."""
    channels = filter_shape[axis]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = Operand(draw(arrays(input_shape, kind.input)), draw(quantizations(kind.input)))
    several = kind.filter in ("int8", "int16") and draw(st.booleans())
    scale: Any = (2.0 ** rng.uniform(-1, 0, channels if several else 1)).astype(np.float32)
    zero_point = draw(quantizations(kind.filter)).zero_point if kind.filter == "uint8" else 0
    w = Operand(
        np.full(filter_shape, zero_point, kind.filter), Quantization(scale, zero_point, axis), True
    )
    # A sum is less than 2^31 and more than a million times the output.
    greatest = 2.0 ** (-21 if np.dtype(kind.input).itemsize == 1 else -14) * draw(st.floats(0.5, 1))
    output = draw(
        quantizations(kind.input, st.just(float(np.float32(x.quantization.scale / greatest))))
    )
    real = np.float64(x.quantization.scale) * np.float64(scale) / np.float64(output.scale)
    limits = np.iinfo(kind.input)
    outputs = rng.integers(limits.min, limits.max, channels) - output.zero_point
    near = rng.integers(-9, 9, channels, endpoint=True)
    bias = (np.round((outputs + 0.5) / real) + near).astype(kind.bias)
    product = np.float32(x.quantization.scale) * scale
    return Weighted(x, w, Operand(bias, Quantization(product), True), output)


def dequantized(o: Weighted) -> Weighted:
    """A hybrid operator's operands with the filter as floats."""
    quantization = o.filter.quantization
    along = np.ones(o.filter.value.ndim, int)
    along[quantization.quantized_dimension] = -1
    values = o.filter.value * np.reshape(quantization.scale, along)
    return replace(o, filter=Operand(values.astype(np.float32), is_constant=o.filter.is_constant))


def hybrid_bound(o: Weighted, rows: Array, asymmetric: bool) -> Array:
    """How far quantizing each row of the input to int8 may move each channel of the output.

    Half a step an input element at most; of shape (rows, channels).
    """
    low, high = np.minimum(rows.min(1), 0), np.maximum(rows.max(1), 0)
    step = (high - low) / 255 if asymmetric else np.maximum(high, -low) / 127
    filter_values = dequantized(o).filter.value
    axis = o.filter.quantization.quantized_dimension
    others = tuple(i for i in range(filter_values.ndim) if i != axis)
    return np.outer(step / 2, np.abs(filter_values).sum(others)) * 1.001 + 1e-5
