"""Unary operators where LiteRT has several ways, faults, or errors; draws/activations.py has the
rest."""

import numpy as np
import oracle
import pytest
from single_op import NONE, Operand, Quantization, every_value, single_op

HALF = Quantization(0.5, 3)


def unary(code, value, quantization=NONE, output=None, **options):
    value = np.asarray(value)
    output = quantization if output is None else output
    operand = Operand(value, quantization)
    return single_op(code, [operand], value.shape, value.dtype, output, **options)


def result(run, model, inputs):
    values, (y,) = run(model, inputs)
    return values[y]


SPECIAL = np.array(
    [0.0, -0.0, 1.0, -1.0, 1e-40, -1e-40, 0.5, -2.5, np.inf, -np.inf, np.nan], np.float32
)


@pytest.mark.parametrize(
    "code",
    [
        "ABS",
        "CEIL",
        "COS",
        "ELU",
        "EXP",
        "LOG",
        "NEG",
        "ROUND",
        "RSQRT",
        "SIGN",
        "SIN",
        "SQRT",
        "SQUARE",
        "RELU_0_TO_1",
    ],
)
def test_special_numbers(code):
    """One by one: of a tensor whose greatest magnitude is infinite, all would do."""
    for x in SPECIAL:
        oracle.assert_equal_to_litert(*unary(code, np.array([x], np.float32)))


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu_of_special_numbers(approximate):
    for x in SPECIAL:
        # -infinity times 0 is no number in LiteRT's definition
        oracle.assert_equal_to_litert(
            *unary("GELU", np.array([x], np.float32), approximate=approximate)
        )


@pytest.mark.parametrize("code", ["SIN", "COS"])
def test_turns_of_great_numbers(code):
    """Of 24 bits and any exponent; exact to the last bit but one, however many turns."""
    rng = np.random.default_rng(3)
    x = (rng.uniform(-1, 1, 3000) * 2.0 ** rng.integers(-10, 127, 3000)).astype(np.float32)
    ours = result(oracle.octavo_run, *unary(code, x))
    exact = (np.sin if code == "SIN" else np.cos)(x.astype(np.float64))
    np.testing.assert_allclose(ours, exact, rtol=0, atol=6e-8)


@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_the_lowest_integer_has_no_magnitude(dtype):
    lowest = np.array([np.iinfo(dtype).min], dtype)
    for code in ("ABS", "NEG"):
        assert result(oracle.octavo_run, *unary(code, lowest)) == lowest


@pytest.mark.parametrize("code", ["RSQRT", "SQRT"])
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_roots_of_negative_numbers(code, dtype):
    """An error, as in LiteRT."""
    quantization = HALF if dtype == "int8" else Quantization(0.5)
    model, inputs = unary(code, np.array([5, quantization.zero_point - 1], dtype), quantization)
    with pytest.raises(oracle.OracleError):
        oracle.run(model, inputs)
    with pytest.raises(RuntimeError, match="no negative number has a square root") as error:
        oracle.octavo_run(model, inputs)
    assert str(error.value).startswith(f'{code} (node 0 "y"): input has an element ')


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_exponentials_beyond_float32_saturate(dtype):
    """LiteRT casts what they are divided by to an integer, which C++ does not define."""
    scale = 16.0 if dtype == "int8" else 0.01
    net = unary("EXP", every_value(dtype), Quantization(scale), Quantization(1.0))
    ours = result(oracle.octavo_run, *net)
    assert ours[-1] == np.iinfo(dtype).max
    assert np.all(np.diff(ours.astype(np.int32)) >= 0)


def error_of(model, inputs):
    with pytest.raises((ValueError, RuntimeError)) as error:
        oracle.octavo_run(model, inputs)
    return str(error.value)


def test_errors():
    floats = np.zeros(4, np.float32)
    assert error_of(*unary("EXP", floats.astype(np.int32))) == (
        'EXP (node 0 "y"): does not exist for inputs of types (int32) and output of type int32'
    )
    assert error_of(*unary("LOG", np.zeros(4, np.int8))) == (
        'LOG (node 0 "y"): input "x0" of type int8 has 0 scales, should have 1'
    )
    assert error_of(*unary("GELU", np.zeros(4, np.int16), Quantization(0.5, 1))) == (
        'GELU (node 0 "y"): input "x0" of type int16 has zero point 1, should have 0'
    )
    x = Operand(floats)
    assert error_of(*single_op("NEG", [x, x], (4,), "float32")) == (
        'NEG (node 0 "y"): takes 1 inputs, has 2'
    )
    assert error_of(*single_op("SIN", [x], (4,), "int32")) == (
        'SIN (node 0 "y"): input "x0" has type float32, output "y" has int32'
    )
