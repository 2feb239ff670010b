"""Random numbers, spectra and the like against LiteRT's reference."""

from __future__ import annotations

import re

import numpy as np
import octavo
import oracle
import pytest
from draws import sundry as draws
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from single_op import Operand, single_op

EXAMPLES = settings(max_examples=25, deadline=None)
CELLS = [
    *((draws.parts, code, t) for code in ("REAL", "IMAG", "COMPLEX_ABS") for t in draws.REAL_OF),
    (draws.spectrum, "RFFT2D", "float32"),
    (draws.fake_quant, "FAKE_QUANT", "float32"),
    (draws.random_numbers, "RANDOM_STANDARD_NORMAL", "float32"),
    (draws.random_numbers, "RANDOM_UNIFORM", "float32"),
    (draws.multinomial, "MULTINOMIAL", "float32"),
    *((draws.projection, "LSH_PROJECTION", t) for t in ("float32", "int8", "int64", "bool")),
    *(
        (draws.random_bits, "STABLEHLO_RNG_BIT_GENERATOR", t)
        for t in ("int32", "uint32", "int64", "uint64")
    ),
]


@pytest.mark.parametrize(
    ("generate", "code", "dtype"), CELLS, ids=[f"{code}-{dtype}" for _, code, dtype in CELLS]
)
@EXAMPLES
@given(data=st.data())
def test_as_litert(generate, code, dtype, data):
    oracle.assert_equal_to_litert(*generate(data.draw, code, dtype))


def test_a_magnitude_does_not_overflow():
    x = np.array([3e38 + 3e38j, 1e-40 + 1e-40j, complex(np.inf, np.nan), 0], np.complex64)
    oracle.assert_equal_to_litert(*single_op("COMPLEX_ABS", [Operand(x)], x.shape, "float32"))
    tiny = np.array([3e-200 + 4e-200j, 3e200 - 4e200j])
    model, inputs = single_op("COMPLEX_ABS", [Operand(tiny)], tiny.shape, "float64")
    values, [y] = oracle.octavo_run(model, inputs)
    np.testing.assert_allclose(values[y], [5e-200, 5e200], rtol=1e-15)


@pytest.mark.parametrize("length", [(1, 1), (1, 8), (8, 1), (2, 1024), (512, 2)])
def test_spectra_of_any_length(length):
    """LiteRT has none of one row or column."""
    image = np.random.default_rng(0).normal(size=(2, *length)).astype(np.float32)
    lengths = Operand(np.array(length, np.int32), is_constant=True)
    model, inputs = single_op("RFFT2D", [Operand(image), lengths], (1,), "complex64")
    values, [y] = oracle.octavo_run(model, inputs)
    expected = np.fft.rfft2(image.astype(np.float64))
    np.testing.assert_allclose(values[y], expected, atol=1e-6 * np.abs(expected).max())


def invocations(code, operands, dtype="float32", runs=3, **options):
    """What one interpreter gives, run after run."""
    model, inputs = single_op(code, operands, (1,), dtype, **options)

    def run(interpreter):
        interpreter.allocate_tensors()
        for index, value in inputs.items():
            interpreter.set_tensor(index, value)
        y = interpreter.get_output_details()[0]["index"]
        results = []
        for _ in range(runs):
            interpreter.invoke()
            results.append(interpreter.get_tensor(y))
        return results

    return model, run


def constant(*values):
    return Operand(np.array(values, np.int32), is_constant=True)


@pytest.mark.parametrize(
    ("code", "operands"),
    [
        ("RANDOM_STANDARD_NORMAL", [constant(4, 4)]),
        ("RANDOM_UNIFORM", [constant(3, 5)]),
        ("MULTINOMIAL", [Operand(np.float32([[0, 1, 2]])), Operand(np.int32(9), is_constant=True)]),
    ],
)
def test_a_stream_goes_on(code, operands):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    dtype = "int64" if code == "MULTINOMIAL" else "float32"
    model, run = invocations(code, operands, dtype, seed=7, seed2=-3)
    reference = OpResolverType.BUILTIN_REF
    expected = run(Interpreter(model_content=model, experimental_op_resolver_type=reference))
    ours = run(octavo.Interpreter(model_content=model))
    for a, b in zip(ours, expected, strict=True):
        oracle.assert_same(a, b)
    assert not np.array_equal(ours[0], ours[1])


@pytest.mark.parametrize("code", ["RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL"])
def test_without_a_seed(code):
    """Distributed as they should be, and every network the same at each start."""
    model, run = invocations(code, [constant(100, 1000)], runs=2)
    first, second = run(octavo.Interpreter(model_content=model))
    np.testing.assert_array_equal(first, run(octavo.Interpreter(model_content=model))[0])
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02
    mean, deviation = (0.5, 12**-0.5) if code == "RANDOM_UNIFORM" else (0, 1)
    for numbers in (first, second):
        assert abs(numbers.mean() - mean) < 0.02
        assert abs(numbers.std() - deviation) < 0.02
    if code == "RANDOM_UNIFORM":
        assert first.min() >= 0
        assert first.max() < 1
    other = Network()
    a, b = (other.tensor(n, (1,), "float32") for n in "ab")
    shape = other.constant("shape", np.int32([50]))
    for y in (a, b):
        other.op(code, [shape], [y])
    other.inputs, other.outputs = [], [a, b]
    values, _ = oracle.octavo_run(other.build(), {})
    assert not np.array_equal(values[a], values[b])


def test_classes_without_a_seed():
    logits = Operand(np.log(np.float32([[0.1, 0.2, 0.7]])))
    samples = Operand(np.int32(20000), is_constant=True)
    model, run = invocations("MULTINOMIAL", [logits, samples], "int64", runs=1)
    [drawn] = run(octavo.Interpreter(model_content=model))
    shares = np.bincount(drawn.ravel(), minlength=3) / drawn.size
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.7], atol=0.02)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 12, 13, 28, 29, 60, 61, 124, 125, 188, 189, 1000])
def test_items_of_any_length(length):
    """With the seed before them they are hashed in other ways from 4, 8, 17, 33 and 65 bytes on."""
    rng = np.random.default_rng(length)
    seeds = Operand(rng.normal(size=(3, 20)).astype(np.float32), is_constant=True)
    items = Operand(rng.integers(0, 256, (2, length), np.uint8))
    oracle.assert_equal_to_litert(
        *single_op("LSH_PROJECTION", [seeds, items], (60,), "int32", type="DENSE")
    )


def test_signatures_of_32_bits():
    seeds = Operand(np.arange(32, dtype=np.float32).reshape(1, 32))
    items = Operand(np.arange(6, dtype=np.int64))
    oracle.assert_equal_to_litert(
        *single_op("LSH_PROJECTION", [seeds, items], (1,), "int32", type="SPARSE")
    )


ERRORS = [
    *(
        (
            "LSH_PROJECTION",
            [np.broadcast_to(np.float32(0), s) for s in shapes],
            dtype,
            {"type": kind},
            text,
        )
        for shapes, dtype, kind, text in [
            ([(2, 3), (4,)], "int32", "UNKNOWN", "option type is UNKNOWN"),
            ([(2, 3), (4,)], "int32", 7, "type 7 is unknown"),
            ([(2, 3), (4,)], "float32", "DENSE", 'output "y" has type float32'),
            ([(2, 33), (4,)], "int32", "DENSE", "shape (2, 33), whose functions need more than 32"),
            ([(2, 32), (4,)], "int32", "SPARSE", "(2, 32), whose signatures need more than 32"),
            (
                [(2**27, 16), (4,)],
                "int32",
                "DENSE",
                "gives 2147483648 elements, at most 2147483647",
            ),
            ([(2, 3), (0, 4)], "int32", "DENSE", "has shape (0, 4), without an item"),
            ([(2, 3), ()], "int32", "DENSE", "should have 1 to 8 dim"),
            (
                [(2, 3), (4,), (5,)],
                "int32",
                "DENSE",
                'weight "x2" has shape (5), input has 4 items',
            ),
            ([(6,), (4,)], "int32", "DENSE", "should have 2 dimensions"),
        ]
    ),
    (
        "RFFT2D",
        [np.zeros((4, 4), np.float32), np.int32([4, 6])],
        "complex64",
        {},
        "length 6 is",
    ),
    (
        "RFFT2D",
        [np.zeros(4, np.float32), np.int32([4, 4])],
        "complex64",
        {},
        "have 2 to 8 dim",
    ),
    (
        "RFFT2D",
        [np.zeros((4, 4), np.float32), np.int32([1 << 30, 1 << 30])],
        "complex64",
        {},
        "which no tensor can have",
    ),
    ("RANDOM_UNIFORM", [np.int32([1] * 9)], "float32", {}, "shape has 9 dimensions, at most 8 are"),
    ("RANDOM_UNIFORM", [np.int32([2, -3])], "float32", {}, "which no tensor can have"),
    ("RANDOM_UNIFORM", [np.int32([2])], "int32", {}, 'output "y" has type int32'),
    (
        "MULTINOMIAL",
        [np.zeros((2, 3), np.float32), np.int32(-1)],
        "int64",
        {},
        "num_samples is -1, should not be below 0",
    ),
    ("MULTINOMIAL", [np.zeros((2, 0), np.float32), np.int32(1)], "int64", {}, "without a class"),
    ("FAKE_QUANT", [np.zeros(3, np.float32)], "float32", {"num_bits": 17}, "num_bits is 17"),
    (
        "FAKE_QUANT",
        [np.zeros(3, np.float32)],
        "float32",
        {"num_bits": 8, "min": 1.0, "max": 2.0},
        "has the range 1 to 2, which 0 should be in",
    ),
    (
        "FAKE_QUANT",
        [np.zeros(3, np.float32)],
        "float32",
        {"num_bits": 8, "min": -1e-43, "max": 0.0},
        "whose step no float can be",
    ),
    (
        "FAKE_QUANT",
        [np.zeros(3, np.float32)],
        "float32",
        {"num_bits": 8, "min": -1.0, "max": 1.0, "narrow_range": True},
        "has a narrow range, which is for weights alone",
    ),
    ("REAL", [np.zeros(3, np.complex64)], "float64", {}, 'output "y" has type float64'),
]


@pytest.mark.parametrize(("code", "values", "dtype", "options", "text"), ERRORS)
def test_errors(code, values, dtype, options, text):
    operands = [Operand(v, is_constant=v.dtype == np.int32) for v in values]
    model, _ = single_op(code, operands, (1,), dtype, **options)
    with pytest.raises((RuntimeError, ValueError), match=rf"{code}.*: .*{re.escape(text)}"):
        octavo.Interpreter(model_content=model).allocate_tensors()
