"""AVERAGE_POOL_2D and MAX_POOL_2D against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from draws.pools import poolings
from hypothesis import given, settings
from hypothesis import strategies as st
from single_op import NONE, Operand, Quantization, quantizations, single_op

EXAMPLES = settings(max_examples=60, deadline=None)
CODES = ["AVERAGE_POOL_2D", "MAX_POOL_2D"]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@pytest.mark.parametrize("code", CODES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_only_the_output_quantization_counts(code, dtype, data):
    operand, options = data.draw(poolings(dtype))
    output = data.draw(quantizations(dtype))
    oracle.assert_equal_to_litert(
        *single_op(code, [operand], (1, 1, 1, 1), dtype, output, **options)
    )


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@pytest.mark.parametrize("code", CODES)
def test_plain_integers_need_no_quantization(code, dtype):
    image = Operand(np.arange(32).reshape(1, 4, 4, 2).astype(dtype))
    oracle.assert_equal_to_litert(
        *single_op(code, [image], (1, 2, 2, 2), dtype, **window(2, 2, "VALID"))
    )


@pytest.mark.parametrize("code", CODES)
def test_values_that_are_no_numbers(code):
    special = [np.nan, np.inf, -np.inf, 0.0, -0.0, np.finfo("float32").max, -1.0, np.nan, np.nan]
    image = Operand(np.array(special, np.float32).reshape(1, 3, 3, 1))
    oracle.assert_equal_to_litert(
        *single_op(code, [image], (1, 3, 3, 1), "float32", **window(2, 1, "SAME"))
    )


@pytest.mark.parametrize("code", CODES)
def test_resized_image(code):
    q = Quantization(0.5, 3)
    image = np.arange(-60, 60, dtype=np.int8).reshape(2, 5, 6, 2)
    declared = Operand(np.zeros((1, 4, 4, 2), np.int8), q)
    model, [x] = single_op(code, [declared], (1, 2, 2, 2), "int8", q, **window(3, 2, "SAME"))
    oracle.assert_equal_to_litert(model, {x: image}, resize={x: image.shape})


def window(size, stride, padding="SAME", activation="NONE"):
    return {
        "filter_height": size,
        "filter_width": size,
        "stride_h": stride,
        "stride_w": stride,
        "padding": padding,
        "fused_activation_function": activation,
    }


IMAGE = Operand(np.zeros((1, 4, 4, 2), np.float32))


@pytest.mark.parametrize(
    ("operands", "dtype", "options", "message"),
    [
        ([IMAGE, IMAGE], "float32", window(2, 2), "takes 1 inputs, has 2"),
        (
            [Operand(np.zeros((4, 4, 2), np.float32))],
            "float32",
            window(2, 2),
            'input "x0" has shape (4, 4, 2), should have 4 dimensions',
        ),
        (
            [Operand(np.zeros((1, 4, 4, 2), np.int32))],
            "int32",
            window(2, 2),
            'input "x0" has type int32, should have float32, int8, uint8 or int16',
        ),
        ([IMAGE], "int8", window(2, 2), 'input "x0" has type float32, output "y" has int8'),
        ([IMAGE], "float32", {}, "the stride along the height is 0, should be 1 or more"),
        ([IMAGE], "float32", window(2, -1), "the stride along the height is -1"),
        ([IMAGE], "float32", window(0, 1), "the filter's height is 0, should be 1 or more"),
        (
            [IMAGE],
            "float32",
            window(5, 1, "VALID"),
            "the filter spans 5 elements of the height, the image has 4",
        ),
        (
            [IMAGE],
            "float32",
            window(2, 2, activation="TANH"),
            "the fused activation TANH is not supported",
        ),
        (
            [Operand(np.zeros((1, 4, 4, 2), np.int8))],
            "int8",
            window(2, 2, activation="RELU"),
            'output "y" of type int8 has 0 scales, should have 1',
        ),
    ],
)
@pytest.mark.parametrize("code", CODES)
def test_errors(code, operands, dtype, options, message):
    with pytest.raises((ValueError, RuntimeError)) as error:
        oracle.octavo_run(*single_op(code, operands, (1, 1, 1, 1), dtype, NONE, **options))
    assert f'{code} (node 0 "y"): ' in str(error.value)
    assert message in str(error.value)
