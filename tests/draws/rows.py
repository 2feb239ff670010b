"""Operators on the rows of a tensor's last dimension."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
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

SOFTMAX_OUTPUTS = {  # by types; those with a zero point of the lowest value are fixed by the kernel
    ("float32", "float32"): NONE,
    ("int8", "int8"): Quantization(1 / 256, -128),
    ("int8", "int16"): Quantization(1 / 65536, -32768),
    ("uint8", "uint8"): Quantization(1 / 256, 0),
    ("uint8", "int16"): Quantization(1 / 65536, -32768),
    ("int16", "int16"): Quantization(1 / 32768),
}


@st.composite
def logits(draw: st.DrawFn, dtype: str, shape: Shape) -> Array:
    """Elements all over the type's range, or close to each other, or equal."""
    value = draw(operands(shape, dtype)).value
    if value.dtype.kind not in "iu":
        return value
    return value >> draw(st.sampled_from([0, 0, 1, 4, 10]))


def logit_scales(dtype: str) -> st.SearchStrategy[float]:
    return scales(2**-20, 64.0) if dtype == "int16" else scales(2**-15, 64.0)


@generator("SOFTMAX")
def softmax(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    outputs = [types[1] for types in SOFTMAX_OUTPUTS if types[0] == dtype] or [dtype]
    output = draw(st.sampled_from(outputs))
    most = 511 if output in ("int8", "uint8") else 3000  # beyond, LiteRT aborts
    small = array_shapes(min_dims=1, max_dims=6, max_side=7)
    shape = draw(small | st.tuples(st.integers(1, 3), st.integers(1, most)))
    source = draw(quantizations(dtype, logit_scales(dtype)))
    x = Operand(draw(logits(dtype, shape)), source, dtype=dtype)
    target = SOFTMAX_OUTPUTS.get((dtype, output), NONE)
    beta = draw(st.sampled_from([1.0, 1.0, 0.125, 3.7]))
    return single_op(code, [x], shape, output, target, beta=beta)
