"""SOFTMAX against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from draws.rows import SOFTMAX_OUTPUTS, logit_scales
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import NONE, Operand, Quantization, quantizations, single_op

EXAMPLES = settings(max_examples=50, deadline=None)
INTEGER_TYPES = pytest.mark.parametrize("types", list(SOFTMAX_OUTPUTS)[1:], ids="-".join)


def softmax(value, out_type, quantization=NONE, beta=1.0, output=None):
    output = output or SOFTMAX_OUTPUTS[value.dtype.name, out_type]
    operand = Operand(value, quantization)
    return single_op("SOFTMAX", [operand], value.shape, out_type, output, beta=beta)


def run_softmax(run, *args, **kwargs):
    values, (y,) = run(*softmax(*args, **kwargs))
    return values[y]


@INTEGER_TYPES
@EXAMPLES
@given(data=st.data())
def test_every_difference(types, data):
    """Rows of the greatest value and each other one."""
    dtype, out_type = types
    limits = np.iinfo(dtype)
    others = np.arange(limits.min, limits.max + 1)
    value = np.stack([np.full_like(others, limits.max), others], axis=1).astype(dtype)
    quantization = data.draw(quantizations(dtype, logit_scales(dtype)))
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
    zero_point, scale = SOFTMAX_OUTPUTS[types].zero_point, SOFTMAX_OUTPUTS[types].scale
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


def test_masked_logits():
    """What is less than a normal number is 0 in vectors: LiteRT's reference has it in full."""
    value = np.zeros((3, 40), np.float32)
    value[0, ::2], value[1, ::3], value[2, 1:] = -100, -1e9, -86
    model, inputs = softmax(value, "float32")
    oracle.assert_equal_to_litert(model, inputs)
    for isa, (values, (y,)) in oracle.octavo_tables(model, inputs).items():
        if isa != "portable":
            assert not np.any((values[y] > 0) & (values[y] < np.finfo(np.float32).tiny)), isa
            assert (values[y][0, ::2] == 0).all()
    assert (values[y][2] > 0).all()
