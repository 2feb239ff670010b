"""RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU and PRELU against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from draws.activations import unary
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from single_op import (
    NONE,
    Operand,
    Quantization,
    every_value,
    quantizations,
    related_scales,
    single_op,
)

EXAMPLES = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int16"])
@pytest.mark.parametrize("code", ["RELU", "RELU6", "RELU_N1_TO_1"])
@EXAMPLES
@given(data=st.data())
def test_rectifiers(code, dtype, data):
    x, output = data.draw(unary(dtype))
    model, inputs = single_op(code, [x], x.value.shape, dtype, output)
    if (code, dtype) != ("RELU_N1_TO_1", "int16"):
        oracle.assert_equal_to_litert(model, inputs)
        return
    # LiteRT has no such operator; multiplying by one with the activation fused is the same.
    one = Operand(np.ones((), np.int16), Quantization(1.0), is_constant=True)
    expected, [y] = oracle.run(
        *single_op("MUL", [x, one], x.value.shape, dtype, output, fused_activation_function=code)
    )
    ours, [z] = oracle.octavo_run(model, inputs)
    oracle.assert_same(ours[z], expected[y])


@EXAMPLES
@given(data=st.data())
def test_prelu_of_int16(data):
    """LiteRT reads the slopes as bytes: right where there is one, of 8 bits."""
    x, output = data.draw(unary("int16"))
    slope = Operand(
        np.array([data.draw(st.integers(-128, 127))], np.int16), data.draw(quantizations("int16"))
    )
    assume(x.value.ndim > 0)
    net = single_op("PRELU", [x, slope], x.value.shape, "int16", output)
    oracle.assert_equal_to_litert(*net)


def test_litert_reads_slopes_of_int16_as_bytes():
    one = Quantization(1.0)
    x, slopes = np.array([-3, -3], np.int16), np.array([50, 50], np.int16)
    net = single_op("PRELU", [Operand(x, one), Operand(slopes, one)], (2,), "int16", one)
    values, [y] = oracle.run(*net)
    assert values[y].tolist() == [-150, 0]
    values, [y] = oracle.octavo_run(*net)
    assert values[y].tolist() == [-150, -150]


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@EXAMPLES
@given(data=st.data())
def test_rounding_of_prelu(dtype, data):
    """On every pair of values, at scales that bring ties."""
    x = Operand(
        np.repeat(every_value(dtype)[:, np.newaxis], 256, 1), data.draw(quantizations(dtype))
    )
    alpha = Operand(every_value(dtype), data.draw(quantizations(dtype)))
    base = float(np.float32(x.quantization.scale) * np.float32(alpha.quantization.scale)) * 16
    output = data.draw(quantizations(dtype, related_scales(base)))
    oracle.assert_equal_to_litert(*single_op("PRELU", [x, alpha], x.value.shape, dtype, output))


def error_of(code, operands, dtype, quantization=NONE, **options):
    shape = operands[0].value.shape
    with pytest.raises((ValueError, RuntimeError)) as error:
        oracle.octavo_run(*single_op(code, operands, shape, dtype, quantization, **options))
    return str(error.value)


def zeros(shape, dtype="float32", quantization=NONE):
    return Operand(np.zeros(shape, dtype), quantization)


@pytest.mark.parametrize("code", ["RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU"])
def test_errors_of_rectifiers(code):
    label = f'{code} (node 0 "y"): '
    one = Quantization(1.0)
    assert error_of(code, [zeros(2), zeros(2)], "float32") == label + "takes 1 inputs, has 2"
    assert error_of(code, [zeros(2)], "int8", one) == (
        label + 'input "x0" has type float32, output "y" has int8'
    )
    assert error_of(code, [zeros(2, "int32")], "int32") == (
        label + "does not exist for inputs of types (int32) and output of type int32"
    )
    assert error_of(code, [zeros(2, "int8", one)], "int8") == (
        label + 'output "y" of type int8 has 0 scales, should have 1'
    )
    assert error_of(code, [zeros(2, "int16", Quantization(1.0, -1))], "int16", one) == (
        label + 'input "x0" of type int16 has zero point -1, should have 0'
    )


def test_errors_of_leaky_relu():
    assert error_of("LEAKY_RELU", [zeros(2)], "float32", alpha=float("nan")) == (
        'LEAKY_RELU (node 0 "y"): alpha is nan, should be finite'
    )


def test_errors_of_prelu():
    label = 'PRELU (node 0 "y"): '
    assert error_of("PRELU", [zeros(2)], "float32") == label + "takes 2 inputs, has 1"
    assert error_of("PRELU", [zeros((1, 4)), zeros((3, 4))], "float32") == (
        label + "alpha has shape (3, 4), which does not broadcast to the input's (1, 4)"
    )
    assert error_of("PRELU", [zeros(4), zeros(3)], "float32") == (
        label + "inputs have shapes (4) and (3), which do not broadcast against each other"
    )
    assert error_of("PRELU", [zeros(4, "int32")] * 2, "int32") == (
        label + "does not exist for inputs of types (int32, int32) and output of type int32"
    )
