"""Convolutions that are large in one way or another, against LiteRT's reference."""

import numpy as np
import oracle
import pytest
from single_op import Operand, Quantization, single_op

LARGE = {  # input, filter, output, options
    "pointwise": ("CONV_2D", (2, 50, 41, 64), (96, 1, 1, 64), (2, 50, 41, 96), {}),
    "dilated": (
        "CONV_2D",
        (1, 70, 60, 40),
        (70, 3, 3, 40),
        (1, 70, 60, 70),
        {"dilation_w_factor": 3},
    ),
    "grouped": ("CONV_2D", (1, 90, 60, 36), (48, 3, 3, 12), (1, 45, 30, 48), {"stride": 2}),
    "depthwise": ("DEPTHWISE_CONV_2D", (2, 80, 60, 24), (1, 3, 3, 24), (2, 80, 60, 24), {}),
    "strided": (
        "DEPTHWISE_CONV_2D",
        (1, 90, 70, 72),
        (1, 5, 5, 72),
        (1, 45, 35, 72),
        {"stride": 2},
    ),
    "multiplied": ("DEPTHWISE_CONV_2D", (1, 60, 60, 20), (1, 3, 3, 60), (1, 60, 60, 60), {}),
    "transposed": (
        "TRANSPOSE_CONV",
        (1, 60, 50, 24),
        (40, 4, 3, 24),
        (1, 120, 100, 40),
        {"stride": 2},
    ),
}


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_images_of_many_blocks(name, dtype):
    """Weights beside uint8's zero point need 9 bits."""
    code, in_shape, filter_shape, shape, options = LARGE[name]
    info, generator = np.iinfo(dtype), np.random.default_rng(5)
    filter_zero = 0 if dtype is np.int8 else 90
    channels = shape[3]
    scale = 0.01 if dtype is np.uint8 else generator.uniform(0.005, 0.02, channels)
    terms = (
        filter_shape[1] * filter_shape[2] * (filter_shape[3] if code != "DEPTHWISE_CONV_2D" else 1)
    )

    def any_value(shape, low=info.min):
        return generator.integers(low, info.max + 1, shape).astype(dtype)

    weights = any_value(filter_shape, low=-127 if dtype is np.int8 else 0)
    axis = 3 if code == "DEPTHWISE_CONV_2D" else 0
    bias = generator.integers(-9000, 9000, channels).astype(np.int32)
    zeros = np.zeros_like(scale, np.int64) + filter_zero
    operands = [
        Operand(any_value(in_shape), Quantization(0.05, info.min + 7)),
        Operand(weights, Quantization(scale, zeros, axis), is_constant=True),
        Operand(bias, Quantization(scale * 0.05, zeros * 0), is_constant=True),
    ]
    if code == "TRANSPOSE_CONV":
        extent = Operand(np.array(shape, np.int32), is_constant=True)
        operands = [extent, operands[1], operands[0], operands[2]]
    stride = options.get("stride", 1)
    rest = {k: v for k, v in options.items() if k != "stride"}
    output = Quantization(0.02 * terms**0.5, info.min + 128)
    oracle.assert_equal_to_litert(
        *single_op(
            code,
            operands,
            shape,
            dtype,
            output,
            padding="SAME",
            stride_h=stride,
            stride_w=stride,
            **rest,
        )
    )


EXTREME = {  # input, filter, output, options
    "batch": ("CONV_2D", (40000, 3, 3, 1), (2, 3, 3, 1), (40000, 1, 1, 2), {"padding": "VALID"}),
    "depthwise batch": (
        "DEPTHWISE_CONV_2D",
        (40000, 3, 3, 2),
        (1, 3, 3, 2),
        (40000, 1, 1, 2),
        {"padding": "VALID"},
    ),
    "dilation": (
        "CONV_2D",
        (1, 4, 4, 2),
        (3, 2, 2, 2),
        (1, 4, 4, 3),
        {"dilation_w_factor": 32767, "dilation_h_factor": 32767},
    ),
    "stride": (
        "DEPTHWISE_CONV_2D",
        (1, 1, 1, 512),
        (1, 1, 1, 512),
        (1, 1, 1, 512),
        {"stride_w": 32767},
    ),
    "filter": ("TRANSPOSE_CONV", (1, 1, 1, 1), (1, 1100, 1000, 1), (1, 1, 1, 1), {}),
    "groups": ("CONV_2D", (1, 2, 2, 600), (600, 1, 1, 1), (1, 2, 2, 600), {}),
    "row": ("CONV_2D", (1, 1, 9000, 16), (24, 1, 5, 16), (1, 1, 9000, 24), {}),
}


@pytest.mark.parametrize("name", EXTREME)
def test_extreme_sizes(name):
    """What no kernel for blocks of images takes runs on the reference kernel all the same."""
    code, in_shape, filter_shape, shape, options = EXTREME[name]
    generator = np.random.default_rng(6)

    def any_value(shape):
        return generator.integers(-127, 128, shape).astype(np.int8)

    channels = shape[3]
    axis = 3 if code == "DEPTHWISE_CONV_2D" else 0
    scale, zeros = np.full(channels, 0.01), np.zeros(channels, np.int64)
    given = Operand(any_value(in_shape), Quantization(0.05, 3))
    weights = Operand(any_value(filter_shape), Quantization(scale, zeros, axis), is_constant=True)
    bias = Operand(np.arange(channels, dtype=np.int32), Quantization(scale * 0.05, zeros), True)
    operands = [given, weights, bias]
    if code == "TRANSPOSE_CONV":
        operands = [Operand(np.array(shape, np.int32), is_constant=True), weights, given, bias]
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1, **options}
    oracle.assert_equal_to_litert(
        *single_op(code, operands, shape, np.int8, Quantization(0.04, -2), **options)
    )


def test_a_filter_without_channels():
    filter_ = Operand(np.zeros((1, 3, 3, 0), np.int8), Quantization(0.1, 0), is_constant=True)
    image = Operand(np.zeros((1, 4, 4, 2), np.int8), Quantization(0.1, 0))
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
    model, inputs = single_op(
        "DEPTHWISE_CONV_2D",
        [image, filter_],
        (1, 4, 4, 0),
        np.int8,
        Quantization(0.1, 0),
        **options,
    )
    values, (output,) = oracle.octavo_run(model, inputs)
    assert values[output].shape == (1, 4, 4, 0)
