"""Operators that make one element of many."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from single_op import NONE, Array, Operand, Quantization, Shape, operands, quantizations, single_op

from draws import generator

SHAPES = st.one_of(
    st.lists(st.integers(1, 5), min_size=0, max_size=6).map(tuple),
    st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9), st.integers(1, 33)),
)
ARG_SHAPES = st.one_of(
    st.lists(st.integers(1, 6), min_size=1, max_size=6).map(tuple),
    st.tuples(st.integers(1, 3), st.integers(1, 100)),
)


@st.composite
def reductions(draw: st.DrawFn, shape: Shape) -> tuple[Array, dict[str, Any]]:
    """Axes, some negative, some named twice, and whether dimensions are kept."""
    rank = len(shape)
    axis = st.integers(-rank, rank - 1) if rank else st.integers(-9, 9)
    axes = draw(st.lists(axis, max_size=rank + 1))
    return np.array(axes, np.int32), {"keep_dims": draw(st.booleans())}


def reduce_op(
    code: str, operand: Operand, axes: Any, output: Quantization = NONE, **options: Any
) -> tuple[bytes, dict[int, Array]]:
    constant = Operand(np.asarray(axes, np.int32), is_constant=True)
    dtype = operand.dtype or operand.value.dtype
    return single_op(code, [operand, constant], (1,), dtype, output, **options)


@generator("MEAN", "SUM")
def mean(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(SHAPES)
    axes, options = draw(reductions(shape))
    x, output = draw(operands(shape, dtype)), draw(quantizations(dtype))
    return reduce_op(code, x, axes, output, **options)


@st.composite
def candidates(draw: st.DrawFn, shape: Shape, dtype: str) -> Operand:
    """Elements with equals among them."""
    x = draw(operands(shape, dtype))
    if x.value.dtype.kind not in "bc" and draw(st.booleans()):
        return Operand(np.sign(x.value), x.quantization, dtype=dtype)
    return x


@generator("ARG_MAX", "ARG_MIN")
def arg_min_max(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(ARG_SHAPES)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    index_type, axis_type = draw(st.tuples(*[st.sampled_from(["int32", "int64"])] * 2))
    constant = Operand(np.array([axis], axis_type), is_constant=True)
    x = draw(candidates(shape, dtype))
    return single_op(code, [x, constant], (1,), index_type, output_type=index_type.upper())


@generator("REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ALL", "REDUCE_ANY")
def reduction(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(SHAPES)
    axes, options = draw(reductions(shape))
    x = draw(operands(shape, dtype))
    output = x.quantization
    if code == "REDUCE_PROD":
        output = draw(quantizations(dtype))
        if x.value.dtype.kind == "f":  # products that stay in range
            x = Operand((np.sign(x.value) * np.exp(np.clip(x.value, -1, 1) / 8)).astype(dtype))
    return reduce_op(code, x, axes, output, **options)
