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


@generator("LOG_SOFTMAX")
def log_softmax(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(
        array_shapes(min_dims=1, max_dims=6, max_side=7)
        | st.tuples(st.integers(1, 3), st.integers(1, 300))
    )
    value = draw(logits(dtype, shape))
    source = draw(quantizations(dtype, scales(2**-10, 1.0)))
    target = {"int8": Quantization(16 / 256, 127), "uint8": Quantization(16 / 256, 255)}.get(
        dtype, draw(quantizations(dtype))
    )
    return single_op(code, [Operand(value, source, dtype=dtype)], shape, dtype, target)


@generator("L2_NORMALIZATION")
def l2_normalization(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Zeros throughout are no direction: test_ops_rows.py."""
    shape = (*draw(array_shapes(min_dims=0, max_dims=3, max_side=5)), draw(st.integers(1, 70)))
    x = draw(operands(shape, dtype))
    target = {"int8": Quantization(1 / 128, 0), "uint8": Quantization(1 / 128, 128)}.get(
        dtype, draw(quantizations(dtype))
    )
    return single_op(code, [x], shape, dtype, target)


@generator("LOCAL_RESPONSE_NORMALIZATION")
def local_response(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(st.tuples(*[st.integers(1, 4)] * 3, st.integers(1, 20)))
    options = {
        "radius": draw(st.integers(0, 12)),
        "bias": draw(st.sampled_from([1.0, 0.5, 2.0])),
        "alpha": draw(st.sampled_from([1e-4, 1.0, 0.3])),
        "beta": draw(st.sampled_from([0.5, 0.75, 1.0, 2.0])),
    }
    x = draw(operands(shape, dtype))
    return single_op(code, [x], shape, dtype, draw(quantizations(dtype)), **options)
