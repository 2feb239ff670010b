"""RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU and PRELU against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes
from single_op import (
    NONE,
    Operand,
    Quantization,
    arrays,
    every_value,
    quantizations,
    related_scales,
    single_op,
)

EXAMPLES = settings(max_examples=60, deadline=None)
SHAPES = st.one_of(
    array_shapes(min_dims=0, max_dims=8, min_side=0, max_side=3),
    array_shapes(min_dims=1, max_dims=2, max_side=70),
)


@st.composite
def unary(draw, dtype, factor=1.0):
    """An operand and the output's quantization; often all values, at scales that bring ties.

    The ties are those of the input's scale times `factor`.
    """
    x = Operand(draw(arrays(draw(SHAPES), dtype)), draw(quantizations(dtype)))
    if x.quantization.scale is None or draw(st.booleans()):
        return x, draw(quantizations(dtype))
    x = Operand(every_value(dtype), x.quantization)
    base = float(np.float32(x.quantization.scale) * np.float32(factor))
    return x, draw(quantizations(dtype, related_scales(base)))


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


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int16"])
@EXAMPLES
@given(data=st.data())
def test_leaky_relu(dtype, data):
    # Halves bring ties, which a negative slope rounds the other way.
    halves, others = st.sampled_from([-0.5, 0.0, 0.5, 1.0]), st.floats(-3, 3, width=32)
    alpha = data.draw(st.one_of(halves, others))
    x, output = data.draw(unary(dtype, max(abs(alpha), 0.01)))
    oracle.assert_equal_to_litert(
        *single_op("LEAKY_RELU", [x], x.value.shape, dtype, output, alpha=alpha)
    )


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
@EXAMPLES
@given(data=st.data())
def test_prelu(dtype, data):
    shapes = data.draw(
        st.one_of(
            mutually_broadcastable_shapes(num_shapes=2, max_dims=8, min_side=0, max_side=3),
            mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=40),
        )
    )
    assume(shapes.input_shapes[0] == shapes.result_shape)
    x, alpha = (
        Operand(data.draw(arrays(shape, dtype)), data.draw(quantizations(dtype)), is_constant)
        for shape, is_constant in zip(
            shapes.input_shapes, [False, data.draw(st.booleans())], strict=True
        )
    )
    output = data.draw(quantizations(dtype))
    oracle.assert_equal_to_litert(*single_op("PRELU", [x, alpha], x.value.shape, dtype, output))


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
    one = Quantization(1.0)
    assert error_of("PRELU", [zeros(2)], "float32") == label + "takes 2 inputs, has 1"
    assert error_of("PRELU", [zeros((1, 4)), zeros((3, 4))], "float32") == (
        label + "alpha has shape (3, 4), which does not broadcast to the input's (1, 4)"
    )
    assert error_of("PRELU", [zeros(4), zeros(3)], "float32") == (
        label + "inputs have shapes (4) and (3), which do not broadcast against each other"
    )
    assert error_of("PRELU", [zeros(4, "int16", one)] * 2, "int16", one) == (
        label + "does not exist for inputs of types (int16, int16) and output of type int16"
    )
