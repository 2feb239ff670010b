"""Comparisons where LiteRT has faults or octavo errors; draws/binary.py has the rest."""

import numpy as np
import oracle
import pytest
from single_op import NONE, Operand, Quantization, single_op

CODES = ["EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"]


def comparison(code, a, b, p=NONE, q=NONE, dtype="bool"):
    a, b = np.asarray(a), np.asarray(b)
    return single_op(code, [Operand(a, p), Operand(b, q)], a.shape, dtype)


def result(run, model, inputs):
    values, (y,) = run(model, inputs)
    return values[y].tolist()


@pytest.mark.parametrize("code", CODES)
def test_special_numbers(code):
    special = [0.0, -0.0, 1, np.inf, -np.inf, np.nan]
    a, b = (x.ravel().astype(np.float32) for x in np.meshgrid(special, special))
    for dtype in ("float32", "float16"):
        oracle.assert_equal_to_litert(*comparison(code, a.astype(dtype), b.astype(dtype)))


# Of two scales; of one; where few pairs are near; where one range is all above the other; where
# many values become the same number.
PAIRS = [
    ((0.25, 3), (0.1, 100)),
    ((0.03, 7), (0.03, 9)),
    ((0.001, 60), (0.9, 2)),
    ((0.5, 0), (0.5, 127)),
    ((0.5, 127), (0.5, 0)),
    ((1e-4, 5), (2e-4, 11)),
]


@pytest.mark.parametrize("scales", PAIRS, ids=str)
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("code", CODES)
def test_every_pair(code, dtype, scales):
    limits = np.iinfo(dtype)
    values = np.arange(limits.min, limits.max + 1).astype(dtype)
    a, b = (x.ravel() for x in np.meshgrid(values, values))
    p, q = (Quantization(*s) for s in scales)
    oracle.assert_equal_to_litert(*comparison(code, a, b, p, q))


def test_ranges_apart():
    """No b reaches any a, or every b does."""
    low, high = Quantization(0.01, 127), Quantization(0.01, -128)
    values = np.array([-128, -1, 0, 126], np.int8)
    a, b = (x.ravel() for x in np.meshgrid(values, values))
    for code in CODES:
        oracle.assert_equal_to_litert(*comparison(code, a, b, low, high))
        oracle.assert_equal_to_litert(*comparison(code, a, b, high, low))


def test_scales_of_1_and_more():
    """LiteRT shifts by a negative number of bits: it dies or gives anything. 2 * (3 - 1) is
    4 * (2 - 1)."""
    values = np.array([3, 3], np.int8), np.array([2, 3], np.int8)
    p, q = Quantization(2.0, 1), Quantization(4.0, 1)
    assert result(oracle.octavo_run, *comparison("EQUAL", *values, p, q)) == [True, False]
    assert result(oracle.run, *comparison("EQUAL", *values, p, q)) != [True, False]
    one = Quantization(1.0, 1)
    assert result(oracle.octavo_run, *comparison("EQUAL", *values, one, one)) == [False, True]
    with pytest.raises(oracle.OracleError, match="died"):
        oracle.run(*comparison("EQUAL", *values, one, one))


def test_plain_int16():
    """LiteRT leaves the output of NOT_EQUAL unwritten where int16 has no quantization."""
    net = comparison("NOT_EQUAL", np.array([3, 3, -1], np.int16), np.array([3, 4, 0], np.int16))
    assert result(oracle.octavo_run, *net) == [False, True, True]


def error_of(model, inputs):
    with pytest.raises((ValueError, RuntimeError)) as error:
        oracle.octavo_run(model, inputs)
    return str(error.value)


@pytest.mark.parametrize("code", CODES)
def test_errors(code):
    label = f'{code} (node 0 "y"): '
    floats, half = np.zeros(2, np.float32), Quantization(0.5)
    assert error_of(*comparison(code, floats, floats, dtype="uint8")) == (
        label + 'output "y" has type uint8, should have bool'
    )
    assert error_of(*comparison(code, floats, floats.astype(np.int32))) == (
        label + 'input 0 "x0" has type float32, input 1 "x1" has int32'
    )
    assert error_of(*comparison(code, np.zeros(2, np.int8), np.zeros(2, np.int8), half)) == (
        label + 'input "x1" of type int8 has 0 scales, should have 1'
    )
    assert error_of(*comparison(code, np.zeros(2), np.zeros(2))) == (
        label + "does not exist for inputs of types (float64, float64) and output of type bool"
    )


@pytest.mark.parametrize("code", CODES[2:])
def test_bools_have_no_order(code):
    yes = np.ones(2, bool)
    assert "does not exist for inputs of types (bool, bool)" in error_of(
        *comparison(code, yes, yes)
    )
