"""ARG_MAX and ARG_MIN against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from draws.reductions import ARG_SHAPES as SHAPES
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import Operand, arrays, single_op

EXAMPLES = settings(max_examples=60, deadline=None)
CODES = ["ARG_MAX", "ARG_MIN"]


def arg_op(code, operand, axis, index_type="int32", axis_type="int32"):
    constant = Operand(np.array([axis], axis_type), is_constant=True)
    return single_op(code, [operand, constant], (1,), index_type, output_type=index_type.upper())


def result(run, model, inputs):
    values, [y] = run(model, inputs)
    return values[y]


@st.composite
def with_nan(draw, shape):
    x = draw(arrays(shape, "float32"))
    for special in (np.inf, -np.inf, np.nan):
        x = np.where(draw(arrays(shape, "int8")) > 64, np.float32(special), x)
    return x


@pytest.mark.parametrize("code", CODES)
@EXAMPLES
@given(data=st.data())
def test_nan_loses(code, data):
    """The axis is not the last: there LiteRT has another way with NaN, see below."""
    shape = (*data.draw(SHAPES), data.draw(st.integers(2, 4)))
    axis = data.draw(st.integers(0, len(shape) - 2))
    operand = Operand(data.draw(with_nan(shape)))
    oracle.assert_equal_to_litert(*arg_op(code, operand, axis))


@pytest.mark.parametrize("code", CODES)
@EXAMPLES
@given(data=st.data())
def test_nan_loses_along_the_last_axis_too(code, data):
    """As in an image turned around."""
    x = data.draw(with_nan(data.draw(st.tuples(st.integers(2, 4), st.integers(1, 40)))))
    expected = result(oracle.run, *arg_op(code, Operand(x.T.copy()), 0))
    ours = result(oracle.octavo_run, *arg_op(code, Operand(x), 1))
    oracle.assert_same(ours, expected)


@pytest.mark.parametrize("code", CODES)
def test_places_that_no_float_holds(code):
    x = np.zeros((1, 2**24 + 4), np.float32)
    x[0, -3] = 1 if code == "ARG_MAX" else -1
    assert result(oracle.octavo_run, *arg_op(code, Operand(x), 1)) == [2**24 + 1]


def test_litert_stops_at_a_nan_along_the_last_axis():
    """From four elements on; of three it finds the greatest number, as everywhere else."""
    for values, theirs, index in (([np.nan, 5, 6], 2, 2), ([np.nan, 5, 6, 7], 0, 3)):
        net = arg_op("ARG_MAX", Operand(np.array([values], np.float32)), 1)
        assert result(oracle.run, *net) == [theirs]
        assert result(oracle.octavo_run, *net) == [index]


@pytest.mark.parametrize("code", CODES)
def test_resized_input(code):
    x = np.arange(24, dtype=np.int8)[::-1].reshape(2, 3, 4).copy()
    model, [index] = arg_op(code, Operand(x[:1, :2]), 1)
    oracle.assert_equal_to_litert(model, {index: x}, resize={index: x.shape})


@pytest.mark.parametrize("code", CODES)
def test_no_columns(code):
    oracle.assert_equal_to_litert(*arg_op(code, Operand(np.zeros((3, 0), np.float32)), 0))


ROW = Operand(np.zeros((2, 3), np.float32))


def axis(*values, dtype=np.int32):
    return Operand(np.array(values, dtype), is_constant=True)


@pytest.mark.parametrize(
    ("operands", "dtype", "options", "message"),
    [
        ([ROW], "int32", {}, "takes 2 inputs, has 1"),
        ([ROW, axis(2)], "int32", {}, "axis is 2, there are 2 dimensions"),
        ([ROW, axis(-3)], "int32", {}, "axis is -3, there are 2 dimensions"),
        (
            [ROW, axis(2**32, dtype=np.int64)],
            "int32",
            {},
            "axis is 4294967296, there are 2 dimensions",
        ),
        ([ROW, axis(0, 1)], "int32", {}, 'axis "x1" has 2 elements, should have 1'),
        (
            [ROW, axis(0, dtype=np.int16)],
            "int32",
            {},
            'axis "x1" has type int16, should have int32 or int64',
        ),
        (
            [Operand(np.array(1, np.float32)), axis(0)],
            "int32",
            {},
            "axis is 0, there are 0 dimensions",
        ),
        (
            [Operand(np.zeros((2, 0), np.float32)), axis(1)],
            "int32",
            {},
            "input shape (2, 0) has no elements along axis 1",
        ),
        ([ROW, axis(0)], "float32", {}, 'output "y" has type float32, should have int32 or int64'),
        (
            [ROW, axis(0)],
            "int32",
            {"output_type": "INT64"},
            'option output_type is int64, output "y" has type int32',
        ),
        (
            [Operand(np.zeros((2, 3), np.int16)), axis(0)],
            "int32",
            {},
            'input "x0" has type int16, should have float32, int8, uint8, int32 or bool',
        ),
    ],
)
@pytest.mark.parametrize("code", CODES)
def test_errors(code, operands, dtype, options, message):
    options = {"output_type": "INT32"} | options
    with pytest.raises((ValueError, RuntimeError)) as error:
        oracle.octavo_run(*single_op(code, operands, (1,), dtype, **options))
    assert f'{code} (node 0 "y"): ' in str(error.value)
    assert message in str(error.value)
