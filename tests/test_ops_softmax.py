"""SOFTMAX against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from single_op import NONE, Operand, Quantization, arrays, quantizations, scales, single_op

EXAMPLES = settings(max_examples=50, deadline=None)
OUTPUTS = {  # by types; those with a zero point of the lowest value are fixed by the kernel
    ("float32", "float32"): NONE,
    ("int8", "int8"): Quantization(1 / 256, -128),
    ("int8", "int16"): Quantization(1 / 65536, -32768),
    ("uint8", "uint8"): Quantization(1 / 256, 0),
    ("uint8", "int16"): Quantization(1 / 65536, -32768),
    ("int16", "int16"): Quantization(1 / 32768),
}
ALL_TYPES = pytest.mark.parametrize("types", OUTPUTS, ids="-".join)
INTEGER_TYPES = pytest.mark.parametrize("types", list(OUTPUTS)[1:], ids="-".join)


def softmax(value, out_type, quantization=NONE, beta=1.0, output=None):
    output = output or OUTPUTS[value.dtype.name, out_type]
    operand = Operand(value, quantization)
    return single_op("SOFTMAX", [operand], value.shape, out_type, output, beta=beta)


def run_softmax(run, *args, **kwargs):
    values, (y,) = run(*softmax(*args, **kwargs))
    return values[y]


@st.composite
def logits(draw, dtype, shape):
    """Elements all over the type's range, or close to each other, or equal."""
    value = draw(arrays(shape, dtype))
    if value.dtype.kind == "f":
        return value
    return value >> draw(st.sampled_from([0, 0, 1, 4, 10]))


def input_scales(dtype):
    return scales(2**-20, 64.0) if dtype == "int16" else scales(2**-15, 64.0)


@ALL_TYPES
@EXAMPLES
@given(data=st.data())
def test_shapes(types, data):
    dtype, out_type = types
    shape = data.draw(array_shapes(min_dims=1, max_dims=6, max_side=7))
    value = data.draw(logits(dtype, shape))
    quantization = data.draw(quantizations(dtype, input_scales(dtype)))
    beta = data.draw(st.sampled_from([1.0, 1.0, 0.125, 3.7]))
    oracle.assert_equal_to_litert(*softmax(value, out_type, quantization, beta))


@ALL_TYPES
@EXAMPLES
@given(data=st.data())
def test_long_rows(types, data):
    dtype, out_type = types
    most = 511 if out_type in ("int8", "uint8") else 3000  # below LiteRT's abort, see below
    shape = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, most)))
    value = data.draw(logits(dtype, shape))
    quantization = data.draw(quantizations(dtype, input_scales(dtype)))
    oracle.assert_equal_to_litert(*softmax(value, out_type, quantization))


@INTEGER_TYPES
@EXAMPLES
@given(data=st.data())
def test_every_difference(types, data):
    """Rows of the greatest value and each other one."""
    dtype, out_type = types
    limits = np.iinfo(dtype)
    others = np.arange(limits.min, limits.max + 1)
    value = np.stack([np.full_like(others, limits.max), others], axis=1).astype(dtype)
    quantization = data.draw(quantizations(dtype, input_scales(dtype)))
    oracle.assert_equal_to_litert(*softmax(value, out_type, quantization))


@INTEGER_TYPES
def test_beta_of_zero_makes_all_equal(types):
    """LiteRT asks for a multiplier above 1 and dies, except of int16 inputs."""
    dtype, out_type = types
    value = np.array([[0, 50, 100, 127]], dtype)
    arguments = value, out_type, Quantization(1.0), 0.0
    ours = run_softmax(oracle.octavo_run, *arguments)
    if dtype == "int16":
        np.testing.assert_array_equal(ours, run_softmax(oracle.run, *arguments))
    else:
        with pytest.raises(oracle.OracleError, match="died"):
            oracle.run(*softmax(*arguments))
    zero_point, scale = OUTPUTS[types].zero_point, OUTPUTS[types].scale
    np.testing.assert_allclose((ours - zero_point) * scale, 0.25, atol=scale)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_sum_of_512_is_zero_everywhere(dtype):
    """LiteRT aborts; 1/512 of scale 1/256 rounds to the lowest value."""
    lowest = np.iinfo(dtype).min
    quantization = Quantization(0.1, lowest)
    for count in (511, 512, 5000):
        value = np.full((1, count), 7, dtype)
        ours = run_softmax(oracle.octavo_run, value, dtype, quantization)
        if count < 512:
            theirs = run_softmax(oracle.run, value, dtype, quantization)
            np.testing.assert_array_equal(ours, theirs)
            continue
        np.testing.assert_array_equal(ours, lowest)
        with pytest.raises(oracle.OracleError, match="died"):
            oracle.run(*softmax(value, dtype, quantization))


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("count", [4095, 4096, 8191, 8192, 16384, 100_000, 200_000])
def test_sum_of_equal_elements(dtype, count):
    """LiteRT's sum wraps at 8192."""
    value = np.full((1, count), 7, dtype)
    ours = run_softmax(oracle.octavo_run, value, "int16", Quantization(0.1))
    np.testing.assert_array_equal(ours, np.round(65536 / count) - 32768)
    if count < 8192:
        theirs = run_softmax(oracle.run, value, "int16", Quantization(0.1))
        np.testing.assert_array_equal(ours, theirs)


def test_sum_of_int16_does_not_overflow():
    value = np.zeros((1, 70_000), np.int16)
    ours = run_softmax(oracle.octavo_run, value, "int16", Quantization(0.1))
    assert set(ours.flat) <= {0, 1}


@pytest.mark.parametrize("row", [[np.inf, 1], [-np.inf, -np.inf], [np.nan, 1], [3e38, -3e38]])
def test_float_extremes(row):
    oracle.assert_equal_to_litert(*softmax(np.array([row, [1, 2]], np.float32), "float32"))


def refusal(*args, **kwargs):
    with pytest.raises(RuntimeError) as error:
        oracle.octavo_run(*softmax(*args, **kwargs))
    return str(error.value)


def test_refusals():
    bytes_, half = np.zeros((1, 4), np.int8), Quantization(0.5)
    assert refusal(bytes_, "uint8", half, output=half) == (
        'SOFTMAX (node 0 "y"): does not exist for inputs of types (int8) and output of type uint8'
    )
    assert refusal(bytes_, "int8", half, output=half) == (
        'SOFTMAX (node 0 "y"): output "y" has scale 0.5 and zero point 0, '
        "should have 0.00390625 and -128"
    )
    assert refusal(bytes_, "int8", NONE) == (
        'SOFTMAX (node 0 "y"): input "x0" of type int8 has 0 scales, should have 1'
    )
    assert refusal(bytes_, "int8", half, beta=-1.0) == (
        'SOFTMAX (node 0 "y"): beta is -1, quantized types need a finite one that is not negative'
    )
    assert refusal(bytes_.astype(np.int16), "int16", half, beta=float("nan")) == (
        'SOFTMAX (node 0 "y"): beta is nan, quantized types need a finite one that is not negative'
    )
    assert refusal(bytes_.astype(np.int16), "int16", Quantization(1e30), beta=1e30) == (
        'SOFTMAX (node 0 "y"): beta 1e30 times the input scale 1e30 is infinite'
    )
    assert refusal(np.array(1, np.float32), "float32") == (
        'SOFTMAX (node 0 "y"): input "x0" has shape (), should have 1 to 8 dimensions'
    )
