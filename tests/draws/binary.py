"""Operators on two operands that broadcast against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes
from single_op import (
    NONE,
    Array,
    Operand,
    Quantization,
    Shape,
    operands,
    quantizations,
    scales,
    single_op,
)

from draws import generator

ACTIVATIONS = st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
# Of every rank, and of few dimensions long enough for every tail of a vector.
SHAPES = st.one_of(
    mutually_broadcastable_shapes(num_shapes=2, max_dims=8, min_side=0, max_side=3),
    mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=40),
)
# Of as many dimensions as most of LiteRT's operators broadcast in.
FOUR_DIMENSIONS = st.one_of(
    mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=5),
    mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=40),
)


@st.composite
def operand_pairs(
    draw: st.DrawFn, dtype: str, shapes: st.SearchStrategy[Any] = SHAPES, quantized: bool = True
) -> tuple[list[Operand], Shape]:
    """Two operands whose shapes broadcast, at most one of them a constant, and the output's
    shape."""
    drawn = draw(shapes)
    pair = []
    for shape in drawn.input_shapes:
        operand = draw(operands(shape, dtype, draw(st.sampled_from([False, False, True]))))
        kept = operand.quantization if quantized else NONE
        pair.append(Operand(operand.value, kept, operand.is_constant, operand.dtype))
    assume(not all(o.is_constant for o in pair))
    return pair, drawn.result_shape


@generator("ADD", "SUB", "MUL")
def arithmetic(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    pair, shape = draw(operand_pairs(dtype))
    options: dict[str, Any] = {"fused_activation_function": draw(ACTIVATIONS)}
    if dtype == "uint32":  # -1 is none
        options["fused_activation_function"] = draw(st.sampled_from(["NONE", "RELU", "RELU6"]))
    if dtype == "int16" and code != "MUL":
        options["pot_scale_int16"] = False
    return single_op(code, pair, shape, dtype, draw(quantizations(dtype)), **options)


@generator("MAXIMUM", "MINIMUM")
def extremes(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    pair, shape = draw(operand_pairs(dtype))
    return single_op(code, pair, shape, dtype, draw(quantizations(dtype)))


def divisors(pair: list[Operand], quantized: bool) -> list[Operand]:
    """The pair without division by zero, nor of the lowest integer by -1."""
    a, b = pair
    zero = b.quantization.zero_point if quantized else 0
    divisor = np.where(b.value == zero, zero + 1 if zero < 100 else zero - 1, b.value)
    divisor = divisor.astype(b.value.dtype)
    if divisor.dtype.kind == "i":
        lowest = np.iinfo(a.value.dtype).min
        a = Operand(
            np.where(a.value == lowest, lowest + 1, a.value).astype(a.value.dtype),
            a.quantization,
            a.is_constant,
            a.dtype,
        )
    return [a, Operand(divisor, b.quantization, b.is_constant, b.dtype)]


# Real multipliers between which LiteRT's shifts have no more bits than the numbers.
DIV_MULTIPLIERS = {"int8": (64, 2**15), "uint8": (64, 2**15), "int16": (2**14 + 1, 2**15 - 1)}


@generator("DIV")
def division(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    pair, shape = draw(operand_pairs(dtype))
    output = draw(quantizations(dtype))
    if dtype in DIV_MULTIPLIERS:
        pair = divisors(pair, True)
        multiplier = draw(st.floats(*DIV_MULTIPLIERS[dtype]))
        a, b = (o.quantization.scale for o in pair)
        output = Quantization(float(np.float32(a / b / multiplier)), output.zero_point)
    elif dtype != "bool":
        pair = divisors(pair, False)
    options = {"fused_activation_function": draw(ACTIVATIONS)}
    return single_op(code, pair, shape, dtype, output, **options)


@generator("FLOOR_DIV", "FLOOR_MOD")
def floor_division(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Without a quantization, which LiteRT does not look at."""
    pair, shape = draw(operand_pairs(dtype, FOUR_DIMENSIONS, quantized=False))
    if dtype != "bool":
        pair = divisors(pair, False)
    return single_op(code, pair, shape, dtype)


@generator("POW")
def power(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    pair, shape = draw(operand_pairs(dtype, FOUR_DIMENSIONS))
    a, b = pair
    if dtype == "float32":
        a = Operand(np.clip(np.abs(a.value), 1e-3, 1e3), is_constant=a.is_constant)
        b = Operand(np.clip(b.value, -5, 5), is_constant=b.is_constant)
        if draw(st.booleans()):  # of negative numbers there are whole powers
            a = Operand(-a.value, is_constant=a.is_constant)
            b = Operand(np.round(b.value), is_constant=b.is_constant)
    if b.value.dtype.kind in "iu":  # powers that int32 holds
        a = Operand(a.value % 4, a.quantization, a.is_constant)
        b = Operand(b.value % 18, b.quantization, b.is_constant)
    return single_op(code, [a, b], shape, dtype)


@generator("ATAN2")
def atan2(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """LiteRT does not broadcast here."""
    shape = draw(array_shapes(min_dims=0, max_dims=4, max_side=20))
    pair = [draw(operands(shape, dtype)) for _ in range(2)]
    return single_op(code, pair, shape, dtype)


@generator("SQUARED_DIFFERENCE", "LOGICAL_AND", "LOGICAL_OR", "BITWISE_XOR")
def plain(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    pair, shape = draw(operand_pairs(dtype, FOUR_DIMENSIONS))
    output = draw(quantizations(dtype))
    if code == "SQUARED_DIFFERENCE" and dtype == "int8":  # LiteRT dies of finer outputs
        greatest = max(o.quantization.scale for o in pair)
        output = Quantization(greatest**2 * draw(scales(2**-11, 1024.0)), output.zero_point)
    return single_op(code, pair, shape, dtype, output)


@generator("RIGHT_SHIFT")
def right_shift(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    pair, shape = draw(operand_pairs(dtype, FOUR_DIMENSIONS, quantized=False))
    return single_op(code, pair, shape, dtype)


@generator("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")
def comparison(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Of numbers among which are equal ones."""
    pair, shape = draw(operand_pairs(dtype, FOUR_DIMENSIONS))
    if dtype in ("int8", "uint8", "int16"):  # LiteRT dies of scales of 1 and more
        pair = [
            Operand(
                o.value,
                Quantization(min(draw(scales(2**-10)), 0.99), o.quantization.zero_point),
                o.is_constant,
            )
            for o in pair
        ]
    a, b = pair
    if draw(st.booleans()):
        a, b = (
            Operand(
                np.sign(o.value) if o.value.dtype.kind != "b" else o.value,
                o.quantization,
                o.is_constant,
                o.dtype,
            )
            for o in (a, b)
        )
    if draw(st.booleans()):
        b = Operand(b.value, a.quantization, b.is_constant, b.dtype)
    return single_op(code, [a, b], shape, "bool")


@generator("ADD_N")
def add_n(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=9))
    terms = [draw(operands(shape, dtype)) for _ in range(draw(st.integers(2, 5)))]
    return single_op(code, terms, shape, dtype, draw(quantizations(dtype)))
