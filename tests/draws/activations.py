"""Operators that compute each element of their output from one element of their input."""

from __future__ import annotations

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes
from single_op import (
    NONE,
    Array,
    Operand,
    Quantization,
    every_value,
    operands,
    quantizations,
    related_scales,
    scales,
    single_op,
)

from draws import generator

SHAPES = st.one_of(
    array_shapes(min_dims=0, max_dims=8, min_side=0, max_side=3),
    array_shapes(min_dims=1, max_dims=2, max_side=70),
)


def is_quantized(dtype: str) -> bool:
    return dtype in ("int8", "uint8", "int16")


@st.composite
def unary(draw: st.DrawFn, dtype: str, factor: float = 1.0) -> tuple[Operand, Quantization]:
    """An operand and the output's quantization; often all values, at scales that bring ties.

    The ties are those of the input's scale times `factor`.
    """
    x = draw(operands(draw(SHAPES), dtype))
    if not is_quantized(dtype) or draw(st.booleans()):
        return x, draw(quantizations(dtype))
    x = Operand(every_value(dtype), x.quantization)
    base = float(np.float32(x.quantization.scale) * np.float32(factor))
    return x, draw(quantizations(dtype, related_scales(base)))


@generator("RELU", "RELU6", "RELU_N1_TO_1")
def rectifier(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x, output = draw(unary(dtype))
    return single_op(code, [x], x.value.shape, dtype, output)


@generator("LEAKY_RELU")
def leaky_relu(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    # Halves bring ties, which a negative slope rounds the other way.
    halves, others = st.sampled_from([-0.5, 0.0, 0.5, 1.0]), st.floats(-3, 3, width=32)
    alpha = draw(st.one_of(halves, others))
    x, output = draw(unary(dtype, max(abs(alpha), 0.01)))
    return single_op(code, [x], x.value.shape, dtype, output, alpha=alpha)


@generator("PRELU")
def prelu(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shapes = draw(
        st.one_of(
            mutually_broadcastable_shapes(num_shapes=2, max_dims=8, min_side=0, max_side=3),
            mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=40),
        )
    )
    assume(shapes.input_shapes[0] == shapes.result_shape)
    x_shape, alpha_shape = shapes.input_shapes
    x = draw(operands(x_shape, dtype))
    alpha = draw(operands(alpha_shape, dtype, draw(st.booleans())))
    return single_op(code, [x, alpha], x_shape, dtype, draw(quantizations(dtype)))


@st.composite
def sigmoid_quantizations(
    draw: st.DrawFn, code: str, dtype: str
) -> tuple[Quantization, Quantization]:
    """Quantizations of input and output that LiteRT takes and computes without overflow."""
    if not is_quantized(dtype):
        return draw(quantizations(dtype)), draw(quantizations(dtype))
    if dtype == "int16":
        about_2_12 = st.floats(-14, -10) | st.sampled_from([-12, -11]).flatmap(
            lambda n: st.floats(n - 0.00099, n + 0.00099)
        )
        scale = scales(2**-30, 5.0) | about_2_12.map(lambda n: 2.0**n)
        return draw(quantizations(dtype, scale)), Quantization(1 / 32768)
    in_scale = scales(2**-16, 16.0)
    source = draw(quantizations(dtype, in_scale))
    target = draw(quantizations(dtype, in_scale))
    if code == "LOGISTIC":
        target = Quantization(1 / 256, target.zero_point)
    if code == "HARD_SWISH":
        target = Quantization(max(target.scale, source.scale / 126), target.zero_point)
    return source, target


@generator("LOGISTIC", "TANH", "HARD_SWISH")
def sigmoid(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x = draw(operands(draw(SHAPES), dtype))
    source, target = draw(sigmoid_quantizations(code, dtype))
    every = is_quantized(dtype) and draw(st.booleans())
    x = Operand(every_value(dtype) if every else x.value, source, dtype=dtype)
    return single_op(code, [x], x.value.shape, dtype, target)


@generator("ABS", "EXP", "LOG", "RSQRT", "ELU", "RELU_0_TO_1", "SQRT")
def quantizable(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x, output = draw(unary(dtype))
    if dtype in ("int8", "int16"):
        q = x.quantization
        if code in ("RSQRT", "SQRT"):  # of what is not below 0
            x = Operand(np.maximum(x.value, np.array(q.zero_point, dtype)), q)
        if code == "EXP":  # of less than LiteRT overflows at
            x = Operand(
                x.value, Quantization(q.scale * 0.05 / 2 ** (dtype == "int16" and 8), q.zero_point)
            )
    if x.value.dtype.kind == "f":
        x = Operand(_within(code, x.value))
    if dtype == "int16" and code == "ABS" and draw(st.booleans()):
        x, output = Operand(x.value), NONE
    return single_op(code, [x], x.value.shape, dtype, output)


# The reals that a function is defined for and does not overflow on, where not all: its other
# results, and infinities, have tests of their own.
DOMAINS = {"EXP": (-100, 80), "LOG": (1e-30, 1e30), "RSQRT": (1e-20, 1e30), "SQRT": (0, 1e30)}


def _within(code: str, x: Array) -> Array:
    if code not in DOMAINS:
        return x
    low, high = DOMAINS[code]
    with np.errstate(over="ignore"):
        return np.clip(np.abs(x) if low >= 0 else x, low, high).astype(x.dtype)


@generator("SIN", "COS", "SQUARE", "NEG", "SIGN", "LOGICAL_NOT")
def plain(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x = draw(operands(draw(SHAPES), dtype))
    value = _within(code, x.value) if x.value.dtype.kind == "f" else x.value
    q = draw(st.sampled_from([x.quantization, NONE]))
    x = Operand(value, q, dtype=dtype, is_constant=dtype == "int4")
    return single_op(code, [x], x.value.shape, dtype, q)


@generator("GELU")
def gelu(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    x, output = draw(unary(dtype))
    return single_op(code, [x], x.value.shape, dtype, output, approximate=draw(st.booleans()))


@generator("CEIL", "FLOOR", "ROUND")
def rounding(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Ties, the numbers beside integers, and what has no fraction among them."""
    x = draw(operands(draw(SHAPES), dtype))
    if x.value.dtype.kind == "f":
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        near = rng.integers(-9, 9, x.value.shape) / 2
        near = np.nextafter(near.astype(dtype), rng.choice([-9, 0, 9], near.shape).astype(dtype))
        special = rng.choice([0.5, -0.5, 2.5, -0.0, np.inf, -np.inf, np.nan, 2.0**23], near.shape)
        kind = rng.integers(0, 3, near.shape)
        with np.errstate(over="ignore"):
            value = np.choose(kind, [x.value, near, special]).astype(dtype)
        x = Operand(value, NONE)
    return single_op(code, [x], x.value.shape, dtype, draw(quantizations(dtype)))
