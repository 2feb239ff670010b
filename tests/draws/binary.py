"""Operators on two operands that broadcast against each other."""

from __future__ import annotations

from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from single_op import NONE, Array, Operand, Shape, operands, quantizations, single_op

from draws import generator

ACTIVATIONS = st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
# Of every rank, and of few dimensions long enough for every tail of a vector.
SHAPES = st.one_of(
    mutually_broadcastable_shapes(num_shapes=2, max_dims=8, min_side=0, max_side=3),
    mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=40),
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
    if dtype == "int16" and code != "MUL":
        options["pot_scale_int16"] = False
    return single_op(code, pair, shape, dtype, draw(quantizations(dtype)), **options)


@generator("MAXIMUM", "MINIMUM")
def extremes(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    pair, shape = draw(operand_pairs(dtype))
    return single_op(code, pair, shape, dtype, draw(quantizations(dtype)))
