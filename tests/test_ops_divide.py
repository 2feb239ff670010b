"""Division where a divisor is 0, or the quotient leaves its type; draws/binary.py has the rest.
POW and shifts beyond their types too."""

import numpy as np
import oracle
import pytest
from draws.binary import DIV_MULTIPLIERS
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import NONE, Operand, Quantization, every_value, quantizations, single_op


def binary(code, a, b, quantization=NONE, **options):
    a, b = np.asarray(a), np.asarray(b)
    operands = [Operand(a, quantization), Operand(b, quantization)]
    return single_op(code, operands, a.shape, a.dtype, quantization, **options)


def result(run, model, inputs):
    values, (y,) = run(model, inputs)
    return values[y].tolist()


def error_of(model, inputs):
    with pytest.raises(RuntimeError) as error:
        oracle.octavo_run(model, inputs)
    return str(error.value)


@pytest.mark.parametrize(
    ("code", "dtype"),
    [("DIV", t) for t in ("int32", "int8", "uint8", "int16")]
    + [("FLOOR_DIV", t) for t in ("float32", "int8", "int16", "int32")]
    + [("FLOOR_MOD", t) for t in ("int8", "int16", "int32", "int64")],
)
def test_division_by_0_is_an_error(code, dtype):
    """In LiteRT too. A quantized 0 is the zero point."""
    quantization, zero = NONE, 0
    if code == "DIV" and dtype != "int32":
        zero = 0 if dtype == "int16" else 3
        quantization = Quantization(0.5, zero)
    net = binary(code, np.full(3, 7, dtype), np.array([5, zero, 9], dtype), quantization)
    with pytest.raises(oracle.OracleError):
        oracle.run(*net)
    assert error_of(*net) == f'{code} (node 0 "y"): element 1 of the divisor is 0'


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_quotient(dtype, data):
    """Of every value by every divisor."""
    p, q = data.draw(quantizations(dtype)), data.draw(quantizations(dtype))
    values = every_value(dtype)
    divisors = values[values != q.zero_point]
    low, high = DIV_MULTIPLIERS[dtype]
    multiplier = data.draw(st.floats(low, high))
    output = data.draw(
        quantizations(dtype, st.just(float(np.float32(p.scale / q.scale / multiplier))))
    )
    operands = [Operand(values[:, np.newaxis], p), Operand(divisors, q)]
    shape = (len(values), len(divisors))
    oracle.assert_equal_to_litert(*single_op("DIV", operands, shape, dtype, output))


def test_floats_divided_by_0():
    """Clamped to the greatest finite number, as in LiteRT; 0 / 0 is no number."""
    x = np.array([1, -1, 0, np.inf, 5], np.float32)
    for activation in ("NONE", "RELU6"):
        net = binary("DIV", x, np.array([0, 0, 0, 0, -0.0], np.float32))
        oracle.assert_equal_to_litert(*net)
        net = binary("DIV", x, np.zeros(5, np.float32), fused_activation_function=activation)
        oracle.assert_equal_to_litert(*net)


def test_remainders_by_0_are_no_numbers():
    x = np.array([1, -1, 0, np.inf], np.float32)
    oracle.assert_equal_to_litert(*binary("FLOOR_MOD", x, np.zeros(4, np.float32)))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_the_lowest_by_minus_1(dtype):
    """LiteRT dies of the remainder of 32 and 64 bits."""
    lowest = np.iinfo(dtype).min
    a, b = np.array([lowest, lowest], dtype), np.array([-1, 1], dtype)
    remainder = binary("FLOOR_MOD", a, b)
    assert result(oracle.octavo_run, *remainder) == [0, 0]
    if dtype in ("int32", "int64"):
        with pytest.raises(oracle.OracleError, match="died"):
            oracle.run(*remainder)
    for code in {"int32": ["DIV", "FLOOR_DIV"], "int64": []}.get(dtype, ["FLOOR_DIV"]):
        oracle.assert_equal_to_litert(*binary(code, a, b))


def test_remainders_of_floats_are_exact():
    rng = np.random.default_rng(5)
    a = (rng.normal(0, 1, 2000) * 10.0 ** rng.integers(-30, 30, 2000)).astype(np.float32)
    b = (rng.normal(0, 1, 2000) * 10.0 ** rng.integers(-30, 30, 2000)).astype(np.float32)
    model, inputs = binary("FLOOR_MOD", a, b)
    expected, (y,) = oracle.run(model, inputs)
    ours, _ = oracle.octavo_run(model, inputs)
    np.testing.assert_array_equal(ours[y], expected[y])


def test_quotients_near_0():
    """LiteRT shifts an int32 by more than its bits where a quotient is small: 0 / 1 is 1."""
    one = Quantization(1.0)
    net = binary("DIV", np.array([0, 0], np.int8), np.array([1, 100], np.int8), one)
    assert result(oracle.octavo_run, *net) == [0, 0]
    assert result(oracle.run, *net) != [0, 0]


def test_powers():
    net = binary("POW", np.array([2, 3], np.int32), np.array([5, -1], np.int32))
    with pytest.raises(oracle.OracleError, match="negative"):
        oracle.run(*net)
    assert error_of(*net) == ('POW (node 0 "y"): an exponent is -1, integers need 0 or more')
    net = binary("POW", np.array([3, -2], np.int32), np.array([21, 31], np.int32))
    assert result(oracle.octavo_run, *net) == [(3**21 + 2**31) % 2**32 - 2**31, -(2**31)]
    special = [0.0, -0.0, 1, -1, 0.5, -2, 3, np.inf, -np.inf, np.nan]
    a, b = (x.ravel().astype(np.float32) for x in np.meshgrid(special, special))
    for x, y in zip(a, b, strict=True):
        oracle.assert_equal_to_litert(*binary("POW", np.array([x]), np.array([y])))


@pytest.mark.parametrize("exponent", [2, 3, 4, 0.5])
def test_powers_with_a_constant_exponent(exponent):
    special = [0.0, -0.0, 1, -1, 1e-30, np.nan]
    values = np.random.default_rng(0).normal(0, 4, 100)
    x = np.concatenate([values, special]).astype(np.float32)
    operands = [Operand(x), Operand(np.full(1, exponent, np.float32), is_constant=True)]
    net = single_op("POW", operands, x.shape, "float32")
    oracle.assert_equal_to_litert(*net)


@pytest.mark.parametrize("exponent", [2, 3])
def test_whole_powers_of_infinity(exponent):
    """LiteRT multiplies, which leaves no infinity."""
    x = Operand(np.array([np.inf, 2], np.float32))
    y = Operand(np.full(1, exponent, np.float32), is_constant=True)
    net = single_op("POW", [x, y], (2,), "float32")
    assert result(oracle.octavo_run, *net)[0] == np.inf
    assert result(oracle.run, *net)[0] == np.finfo(np.float32).max


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8", "uint16", "uint32"])
def test_shifts_beyond_the_bits(dtype):
    """By the last bit, as in LiteRT; negative ones by none."""
    limits = np.iinfo(dtype)
    by = np.array([0, 1, 7, 8, 15, 31, 40, 127, max(limits.min, -1)], dtype)
    for value in (limits.min, limits.max):
        oracle.assert_equal_to_litert(*binary("RIGHT_SHIFT", np.full(by.shape, value, dtype), by))
