"""MEAN and SUM against LiteRT's reference.

The reference reads the int8 and int16 inputs of SUM as unsigned bytes; those types are held against
networks of other types that must give the same numbers, and against the formula in numpy.
"""

import math

import numpy as np
import oracle
import pytest
from draws.reductions import SHAPES, reduce_op, reductions
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import NONE, Operand, Quantization, arrays, quantizations, scales, single_op

EXAMPLES = settings(max_examples=60, deadline=None)
TYPES = ["float32", "int8", "uint8", "int16", "int32", "int64"]


def result(model, inputs):
    values, [y] = oracle.octavo_run(model, inputs)
    return values[y]


def litert_result(model, inputs):
    values, [y] = oracle.run(model, inputs)
    return values[y]


@EXAMPLES
@given(data=st.data())
def test_sum_of_int8_is_that_of_uint8(data):
    """Numbers and zero points 128 greater give sums 128 greater."""
    shape = data.draw(SHAPES)
    axes, options = data.draw(reductions(shape))
    x, qx, qy = data.draw(
        st.tuples(arrays(shape, "int8"), quantizations("int8"), quantizations("int8"))
    )

    def unsigned(q):
        return Quantization(q.scale, q.zero_point + 128)

    shifted = Operand((x.astype(np.int16) + 128).astype(np.uint8), unsigned(qx))
    expected = litert_result(*reduce_op("SUM", shifted, axes, unsigned(qy), **options))
    ours = result(*reduce_op("SUM", Operand(x, qx), axes, qy, **options))
    oracle.assert_same(ours, (expected.astype(np.int16) - 128).astype(np.int8))


@EXAMPLES
@given(data=st.data())
def test_sum_of_int16_is_a_mean_of_another_scale(data):
    """sum / s is the mean / (s / n), exactly where n is a power of two."""
    shape = tuple(2**e for e in data.draw(st.lists(st.integers(0, 3), max_size=5)))
    axes, options = data.draw(reductions(shape))
    operand = Operand(data.draw(arrays(shape, "int16")), Quantization(data.draw(scales())))
    scale = data.draw(scales())
    count = math.prod(shape[axis] for axis in {a % len(shape) for a in axes if shape})
    mean_scale = Quantization(scale / count)
    expected = litert_result(*reduce_op("MEAN", operand, axes, mean_scale, **options))
    ours = result(*reduce_op("SUM", operand, axes, Quantization(scale), **options))
    oracle.assert_same(ours, expected)


def wrap(x):
    return x.astype(np.int32).astype(np.int64)


def requantize(x, real):
    """x * real, rounded twice: to the 31 bits of the multiplier, then half away from zero."""
    fraction, shift = math.frexp(real)
    m = math.floor(fraction * 2**31 + 0.5)
    if m == 2**31:
        m, shift = m // 2, shift + 1
    left, right = max(shift, 0), max(-shift, 0)
    t = wrap(wrap(x) << left) * m + 2**30
    if right:
        t += 2 ** (30 + right) - np.where(t < 0, 2**31, 0)
    return t >> (31 + right)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@EXAMPLES
@given(data=st.data())
def test_sum_is_the_formula(dtype, data):
    shape = data.draw(SHAPES)
    axes, options = data.draw(reductions(shape))
    x, qx, qy = data.draw(
        st.tuples(arrays(shape, dtype), quantizations(dtype), quantizations(dtype))
    )
    dimensions = tuple({int(a) % len(shape) for a in axes}) if shape else ()
    real = np.subtract(x, qx.zero_point, dtype=np.int64)
    sums = np.sum(real, axis=dimensions, keepdims=options["keep_dims"])
    y = wrap(requantize(sums, qx.scale / qy.scale) + qy.zero_point)
    limits = np.iinfo(dtype)
    expected = np.clip(y, limits.min, limits.max).astype(dtype)
    ours = result(*reduce_op("SUM", Operand(x, qx), axes, qy, **options))
    oracle.assert_same(ours, expected)


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_litert_sums_unsigned_bytes(dtype):
    """-3 + 2 + 5 is for LiteRT 253 + 2 + 5 or 253 + 255 + 2, more than the byte that it writes."""
    q = Quantization(0.5)
    net = reduce_op("SUM", Operand(np.array([[-3, 2, 5]], dtype), q), [1], q)
    assert litert_result(*net).view(np.uint8)[0] == 255
    assert result(*net) == [4]


@pytest.mark.parametrize("count", [4097, 65537, 70001])
def test_many_elements(count):
    """Sums of int16 wrap as LiteRT's do."""
    for value in (-32768, 32767, 12345):
        operand = Operand(np.full((count, 2), value, np.int16), Quantization(0.25))
        net = reduce_op("MEAN", operand, [0], Quantization(0.5))
        oracle.assert_equal_to_litert(*net)


@pytest.mark.parametrize(
    ("code", "dtype"), [("MEAN", t) for t in TYPES] + [("SUM", t) for t in TYPES if t != "int16"]
)
def test_no_elements(code, dtype):
    q = Quantization(0.5, 0) if np.dtype(dtype).itemsize < 3 else NONE
    net = reduce_op(code, Operand(np.zeros((3, 0, 2), dtype), q), [1], q)
    oracle.assert_equal_to_litert(*net)


@pytest.mark.parametrize("code", ["MEAN", "SUM"])
def test_no_elements_are_0_whatever_the_zero_point(code):
    q = Quantization(0.5, 7)
    oracle.assert_equal_to_litert(
        *reduce_op(code, Operand(np.zeros((2, 0), np.uint8), q), [1], q, keep_dims=True)
    )


def test_float_values_that_are_no_numbers():
    x = np.array([[np.inf, 1], [-np.inf, 2], [np.nan, 3], [3e38, 3e38], [-0.0, -0.0]], np.float32)
    for code in ("MEAN", "SUM"):
        for axis in (0, 1):
            oracle.assert_equal_to_litert(*reduce_op(code, Operand(x), [axis]))


def test_resized_input():
    q = Quantization(0.5, 3)
    x = np.arange(-60, 60, dtype=np.int8).reshape(5, 4, 3, 2)
    model, [index] = reduce_op("MEAN", Operand(x[:1, :2, :2], q), [1, -2], Quantization(0.25))
    oracle.assert_equal_to_litert(model, {index: x}, resize={index: x.shape})


ROW = Operand(np.zeros((2, 3), np.float32))
AXIS = Operand(np.array([1], np.int32), is_constant=True)


@pytest.mark.parametrize(
    ("operands", "dtype", "message"),
    [
        ([ROW], "float32", "takes 2 inputs, has 1"),
        (
            [ROW, Operand(np.array([2], np.int32), is_constant=True)],
            "float32",
            "axis is 2, there are 2 dimensions",
        ),
        (
            [ROW, Operand(np.array([0, -3], np.int32), is_constant=True)],
            "float32",
            "axis is -3, there are 2 dimensions",
        ),
        (
            [ROW, Operand(np.array([1], np.int64), is_constant=True)],
            "float32",
            'axis "x1" has type int64, should have int32',
        ),
        ([ROW, AXIS], "int32", 'input "x0" has type float32, output "y" has int32'),
        (
            [Operand(np.zeros((2, 3), np.uint16)), AXIS],
            "uint16",
            "does not exist for inputs of types (uint16, int32) and output of type uint16",
        ),
        (
            [Operand(np.zeros((2, 3), np.int8)), AXIS],
            "int8",
            'input "x0" of type int8 has 0 scales, should have 1',
        ),
    ],
)
@pytest.mark.parametrize("code", ["MEAN", "SUM"])
def test_errors(code, operands, dtype, message):
    with pytest.raises((ValueError, RuntimeError)) as error:
        oracle.octavo_run(*single_op(code, operands, (2,), dtype))
    assert f'{code} (node 0 "y"): ' in str(error.value)
    assert message in str(error.value)
