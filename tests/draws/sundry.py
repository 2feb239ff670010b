"""Complex numbers, spectra, random numbers, and quantization of floats in training."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from single_op import Array, Operand, arrays, operands, single_op

from draws import generator

SHAPES = st.one_of(
    st.lists(st.integers(0, 4), min_size=0, max_size=6).map(tuple),
    st.tuples(st.integers(1, 3), st.integers(1, 70)),
)
REAL_OF = {"complex64": "float32", "complex128": "float64"}


@generator("REAL", "IMAG", "COMPLEX_ABS")
def parts(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(SHAPES)
    return single_op(code, [draw(operands(shape, dtype))], shape, REAL_OF.get(dtype, dtype))


@generator("RFFT2D")
def spectrum(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Lengths below 2 LiteRT cannot compute."""
    shape = draw(st.lists(st.integers(1, 9), min_size=2, max_size=4).map(tuple))
    length = draw(st.lists(st.sampled_from([2, 4, 8, 16]), min_size=2, max_size=2))
    image = draw(operands(shape, dtype))
    lengths = Operand(np.array(length, np.int32), is_constant=draw(st.booleans()))
    return single_op(code, [image, lengths], (1, 1, 1), "complex64")


@generator("FAKE_QUANT")
def fake_quant(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    shape = draw(SHAPES)
    operand = draw(operands(shape, dtype))
    ends = st.one_of(st.just(0.0), st.floats(2**-20, 100, width=32))
    low, high = -draw(ends), draw(ends)
    options = {"min": low, "max": high if high > low else 1.0, "num_bits": draw(st.integers(2, 16))}
    return single_op(code, [operand], shape, dtype, operand.quantization, **options)


def seeds(draw: st.DrawFn) -> dict[str, int]:
    numbers = st.integers(-(2**63), 2**63 - 1)
    return {"seed": draw(st.one_of(st.integers(1, 9), numbers)) or 1, "seed2": draw(numbers)}


@generator("RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM")
def random_numbers(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """An even number of normal ones: LiteRT writes the other of a pair too, behind the end."""
    shape = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple))
    if code == "RANDOM_STANDARD_NORMAL":
        shape = (*shape, 2)
    dims = Operand(np.array(shape, np.int32), is_constant=draw(st.booleans()))
    return single_op(code, [dims], shape, dtype, **seeds(draw))


@generator("LSH_PROJECTION")
def projection(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Items of up to 100 bytes and more: the hash treats them by length."""
    items, functions, bits = (draw(st.integers(1, most)) for most in (5, 4, 12))
    rest = draw(st.lists(st.sampled_from([1, 2, 3, 4, 5, 6, 9]), max_size=3).map(tuple))
    if dtype == "int4":
        rest = (*rest, 4)  # of int2 too: LiteRT cuts items to whole bytes
    seeds = draw(arrays((functions, bits), "float32"))
    given = [Operand(seeds, is_constant=draw(st.booleans()))]
    values = draw(operands((items, *rest), dtype)).value
    given.append(Operand(values, is_constant=dtype == "int4", dtype=dtype))
    if draw(st.booleans()):
        given.append(Operand(draw(arrays((items,), "float32"))))
    kind = draw(st.sampled_from(["SPARSE", "DENSE"]))
    shape = (functions,) if kind == "SPARSE" else (functions * bits,)
    return single_op(code, given, shape, "int32", type=kind)


@generator("MULTINOMIAL")
def multinomial(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    rows, classes = draw(st.integers(1, 4)), draw(st.integers(1, 9))
    logits = draw(operands((rows, classes), dtype))
    if dtype == "float32":
        special = draw(st.sampled_from([0.0, np.inf, -np.inf, np.nan]))
        chosen = draw(arrays((rows, classes), "int8")) > 100
        logits = Operand(np.where(chosen, np.float32(special), logits.value))
    samples = Operand(np.array(draw(st.integers(1, 20)), np.int32), is_constant=True)
    index = draw(st.sampled_from(["int32", "int64"]))
    return single_op(code, [logits, samples], (rows, 1), index, **seeds(draw))


@generator("STABLEHLO_RNG_BIT_GENERATOR")
def random_bits(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    """Of the output's type; the state has one."""
    algorithm = draw(st.sampled_from(["DEFAULT", "PHILOX", "THREEFRY"]))
    words = 2 if algorithm == "THREEFRY" else draw(st.integers(2, 3))
    state = draw(arrays((words,), "uint64"))
    shape = draw(st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple))
    net = Network()
    x, y = net.tensor("state", (words,), "uint64"), net.tensor("new", (words,), "uint64")
    bits = net.tensor("bits", shape, dtype)
    net.op(code, [x], [y, bits], algorithm=algorithm)
    net.inputs, net.outputs = [x], [y, bits]
    return net.build(), {x: state}
