"""LOGISTIC, TANH and HARD_SWISH against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from hypothesis import settings
from single_op import NONE, Operand, Quantization, single_op

EXAMPLES = settings(max_examples=50, deadline=None)
CODES = ["LOGISTIC", "TANH", "HARD_SWISH"]


def unary(code, value, quantization=NONE, out_quantization=NONE):
    operand = Operand(value, quantization)
    return single_op(code, [operand], value.shape, value.dtype, out_quantization)


def run_unary(run, code, value, quantization, out_quantization):
    values, (y,) = run(*unary(code, value, quantization, out_quantization))
    return values[y]


@pytest.mark.parametrize("code", CODES)
def test_float_range(code):
    specials = [0.0, -0.0, 1e-40, 88.0, 90.0, 104.0, 710.0, 1e30, 3e38]
    if code != "HARD_SWISH":  # whose product with infinity differs: see below
        specials += [np.inf]
    positive = np.array(specials, np.float32)
    steps = np.linspace(-30, 30, 4001, dtype=np.float32)
    value = np.concatenate([positive, -positive, steps, [np.float32(np.nan)]])
    oracle.assert_equal_to_litert(*unary(code, value))


@pytest.mark.parametrize("code", ["LOGISTIC", "TANH"])
def test_small_results_are_accurate(code):
    """Relative to each element, not to the greatest: LOGISTIC of -80, TANH of 1e-20."""
    value = np.concatenate([-np.geomspace(1e-20, 80, 200), np.geomspace(1e-20, 80, 200)])
    model, inputs = unary(code, value.astype(np.float32))
    (x,) = inputs.values()
    values, (y,) = oracle.octavo_run(model, inputs)
    exact = np.tanh(np.float64(x)) if code == "TANH" else 1 / (1 + np.exp(-np.float64(x)))
    np.testing.assert_allclose(values[y], exact, rtol=2e-7)


@pytest.mark.parametrize(("code", "low", "high"), [("LOGISTIC", 1, 32767), ("TANH", -32767, 32767)])
def test_wide_int16_inputs_saturate(code, low, high):
    """From a scale of 16/3 on, LiteRT's int32 product of input and multiplier overflows."""
    value = np.array([-32768, -30000, -1, 0, 1, 30000, 32767], np.int16)
    quantization = Quantization(6.0), Quantization(1 / 32768)
    ours = run_unary(oracle.octavo_run, code, value, *quantization)
    theirs = run_unary(oracle.run, code, value, *quantization)
    np.testing.assert_array_equal(ours[2:5], theirs[2:5])
    assert ours[[0, 1, 5, 6]].tolist() == [low, low, high, high]
    assert theirs[[0, 6]].tolist() == [high, low]


def test_wide_hard_swish_saturates():
    """LiteRT adds the zero point in int16, where 32639 + 255 is negative."""
    value = np.array([255], np.uint8)
    quantization = Quantization(1.0), Quantization(1 / 127.9, 255)
    assert run_unary(oracle.run, "HARD_SWISH", value, *quantization) == [0]
    assert run_unary(oracle.octavo_run, "HARD_SWISH", value, *quantization) == [255]


def refusal(code, dtype, *quantization, out_type=None):
    operand = Operand(np.zeros(4, dtype), quantization[0])
    model, inputs = single_op(code, [operand], (4,), out_type or dtype, quantization[1])
    with pytest.raises(RuntimeError) as error:
        oracle.octavo_run(model, inputs)
    return str(error.value)


def test_refusals():
    half, pot = Quantization(0.5), Quantization(1 / 32768)
    assert refusal("LOGISTIC", "int32", NONE, NONE) == (
        'LOGISTIC (node 0 "y"): input "x0" has type int32, '
        "should have float32, float16, bfloat16, int8, uint8 or int16"
    )
    assert refusal("TANH", "int8", half, half, out_type="uint8") == (
        'TANH (node 0 "y"): input "x0" has type int8, output "y" has uint8'
    )
    assert refusal("LOGISTIC", "int8", half, half) == (
        'LOGISTIC (node 0 "y"): output "y" has scale 0.5, should be 0.00390625'
    )
    assert refusal("LOGISTIC", "int16", Quantization(0.5, 3), pot) == (
        'LOGISTIC (node 0 "y"): input "x0" of type int16 has zero point 3, should have 0'
    )
    assert refusal("TANH", "int16", half, half) == (
        'TANH (node 0 "y"): output "y" has scale 0.5, should be 3.05176e-5'
    )
    assert refusal("TANH", "int8", NONE, half) == (
        'TANH (node 0 "y"): input "x0" of type int8 has 0 scales, should have 1'
    )
    assert refusal("HARD_SWISH", "int16", half, half) == (
        'HARD_SWISH (node 0 "y"): input "x0" has type int16, should have float32, int8 or uint8'
    )
    assert refusal("HARD_SWISH", "int8", Quantization(64.0), half) == (
        'HARD_SWISH (node 0 "y"): input scale 64 is 128 times the output scale 0.5 or more'
    )
    with pytest.raises(oracle.OracleError, match="output_multiplier_exponent <= 0"):
        oracle.run(*unary("HARD_SWISH", np.zeros(1, np.int8), Quantization(64.0), half))


@pytest.mark.parametrize("code", CODES)
def test_operand_counts(code):
    operand = Operand(np.zeros(4, np.float32))
    model, inputs = single_op(code, [operand, operand], (4,), "float32")
    with pytest.raises(RuntimeError, match=r"takes 1 inputs, has 2"):
        oracle.octavo_run(model, inputs)
