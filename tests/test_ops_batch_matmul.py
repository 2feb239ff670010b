"""BATCH_MATMUL against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from draws.products import INPUT_SCALES, MATMUL_TYPES, build_matmul, sizes
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import NONE, Operand, Quantization, arrays

EXAMPLES = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("types", list(MATMUL_TYPES)[1:])
@pytest.mark.parametrize("depth", [1, 600])
def test_extremes(types, depth):
    """The greatest sums of every sign, scaled to the middle of the output's range."""
    left, right = MATMUL_TYPES[types]
    a_limits, b_limits = np.iinfo(left), np.iinfo(right)
    a_zero, b_zero = (-128, 127) if left == "int8" else (0, 0)
    a = np.repeat(np.array([[a_limits.min], [a_limits.max]], left), depth, 1)
    b = np.repeat(np.array([[b_limits.min, b_limits.max, 0]], right), depth, 0)
    greatest = depth * 2 ** (np.dtype(left).itemsize * 8 + np.dtype(right).itemsize * 8 - 2)
    scale = float(np.float32(4 * greatest / 2 ** (np.dtype(left).itemsize * 8)))
    operands = Operand(a, Quantization(1.0, a_zero)), Operand(b, Quantization(1.0, b_zero))
    oracle.assert_equal_to_litert(*build_matmul(*operands, (2, 3), {}, Quantization(scale, 0)))


@st.composite
def hybrids(draw, with_batches):
    a_shape, b_shape, shape, options = draw(sizes())
    if not with_batches:
        a_shape, b_shape, shape = a_shape[-2:], b_shape[-2:], shape[-2:]
    a = draw(arrays(a_shape, "float32"))
    b = np.maximum(draw(arrays(b_shape, "int8")), -127)  # LiteRT's vectors do not take -128
    axis = len(b_shape) - (2 if options["adj_y"] else 1)
    count = draw(st.sampled_from([1, b_shape[axis]]))
    scale = [draw(INPUT_SCALES) for _ in range(count)]
    quantization = Quantization(scale, [0] * count, axis)
    return Operand(a), Operand(b, quantization, is_constant=True), shape, options


def dequantized(b):
    q = b.quantization
    along = [1] * b.value.ndim
    along[q.quantized_dimension] = len(q.scale)
    scale = np.array(q.scale, np.float32).reshape(along)
    return Operand((b.value * scale).astype(np.float32), is_constant=True)


def hybrid_bound(a, b, options, asymmetric):
    """How far quantizing each row of the left operand may move a result."""
    rows = a.value.swapaxes(-1, -2) if options["adj_x"] else a.value
    columns = dequantized(b).value
    columns = columns.swapaxes(-1, -2) if options["adj_y"] else columns
    low = np.minimum(rows.min(-1, keepdims=True), 0)
    high = np.maximum(rows.max(-1, keepdims=True), 0)
    step = (high - low) / 255 if asymmetric else np.maximum(high, -low) / 127
    return step / 2 * np.abs(columns).sum(-2, keepdims=True) * 1.001 + 1e-5


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("with_batches", [False, True])
@EXAMPLES
@given(data=st.data())
def test_hybrid(with_batches, asymmetric, data):
    """Float by int8: each row of the left operand is quantized by its own range."""
    a, b, shape, options = data.draw(hybrids(with_batches))
    model, inputs = build_matmul(a, b, shape, {**options, "asymmetric_quantize_inputs": asymmetric})
    ours, [y] = oracle.octavo_run(model, inputs)
    expected, _ = oracle.run(*build_matmul(a, dequantized(b), shape, options))
    bound = hybrid_bound(a, b, options, asymmetric)
    assert np.all(np.abs(ours[y] - expected[y]) <= bound)
    if not with_batches:  # of which LiteRT takes the wrong ranges: see below
        litert, _ = oracle.run(model, inputs)
        assert np.all(np.abs(ours[y] - litert[y]) <= 2 * bound)


def test_litert_takes_the_wrong_ranges_for_batches():
    """Rows of later batches are scaled by the ranges of others, where there are two dimensions."""
    a = Operand(np.array([1, 10, 100, 1000], np.float32).reshape(2, 2, 1, 1))
    b = Operand(np.full((2, 2, 1, 1), 127, np.int8), Quantization(1 / 127), is_constant=True)
    model, inputs = build_matmul(a, b, (2, 2, 1, 1), {})
    ours, [y] = oracle.octavo_run(model, inputs)
    np.testing.assert_allclose(ours[y], a.value, rtol=1e-6)
    litert, _ = oracle.run(model, inputs)
    np.testing.assert_allclose(litert[y].ravel(), [1, 10, 10, 100], rtol=1e-6)


@pytest.mark.parametrize("types", [*MATMUL_TYPES, "hybrid"])
@pytest.mark.parametrize("shapes", [((2, 0), (0, 3), (2, 3)), ((0, 2), (2, 3), (0, 3))])
def test_empty(types, shapes):
    left, right = MATMUL_TYPES.get(types, ("float32", "int8"))
    operands = [
        Operand(np.zeros(shape, dtype), NONE if dtype == "float32" else Quantization(0.5))
        for shape, dtype in zip(shapes, (left, right), strict=False)
    ]
    output = NONE if left == "float32" else Quantization(0.5)
    values, [y] = oracle.octavo_run(*build_matmul(*operands, shapes[2], {}, output))
    np.testing.assert_array_equal(values[y], np.zeros(shapes[2], left))


FLOATS = Operand(np.ones((2, 3), np.float32))
BYTES = Operand(np.ones((2, 3), np.int8), Quantization(0.5, 3))
WORDS = Operand(np.ones((2, 3), np.int16), Quantization(0.5))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (FLOATS, FLOATS, r"input 0 of shape \(2, 3\) has 3 columns, input 1 .* has 2 rows"),
        (
            Operand(np.ones((2, 2, 3), np.float32)),
            Operand(np.ones((3, 3, 1), np.float32)),
            r"inputs have shapes \(2, 2, 3\) and \(3, 3, 1\), whose batches do not broadcast",
        ),
        (
            Operand(np.ones(3, np.float32)),
            FLOATS,
            r"input 0 .* has shape \(3\), should have 2 to 5 dimensions",
        ),
        (WORDS, Operand(np.ones((3, 1), np.int8), Quantization(0.5, 3)), "has zero point 3"),
        (
            BYTES,
            Operand(np.ones((3, 1), np.int16), Quantization(0.5)),
            r"does not exist for inputs of types \(int8, int16\)",
        ),
        (FLOATS, Operand(np.ones((3, 1), np.int8), Quantization(0.5, 3)), "has zero point 3"),
        (FLOATS, Operand(np.ones((3, 2), np.int8), Quantization([1, 2, 3], [0] * 3)), "3 scales"),
        (BYTES, Operand(np.ones((3, 1), np.int8)), "has 0 scales, should have 1"),
    ],
)
def test_errors(a, b, message):
    output = NONE if a.value.dtype == np.float32 else Quantization(0.5)
    with pytest.raises(RuntimeError, match=rf'^BATCH_MATMUL \(node 0 "y"\): .*{message}'):
        oracle.octavo_run(*build_matmul(a, b, (2, 1), {}, output))
