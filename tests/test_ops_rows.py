"""L2_NORMALIZATION, LOCAL_RESPONSE_NORMALIZATION and LOG_SOFTMAX beyond draws/rows.py; CONV_3D's
errors."""

import numpy as np
import octavo
import oracle
import pytest
from single_op import NONE, Operand, Quantization, single_op

IMAGE = Operand(np.zeros((1, 2, 2, 3), np.float32))
BYTES = Operand(np.zeros((2, 3), np.int8), Quantization(0.5))


def test_zeros_have_no_direction():
    """LiteRT divides float zeros by 1e-6, and takes the root of 0 in integers for 1."""
    for dtype, output in (
        ("float32", NONE),
        ("int8", Quantization(1 / 128)),
        ("uint8", Quantization(1 / 128, 128)),
    ):
        zero = 7 if dtype != "float32" else 0
        quantization = Quantization(0.5, zero) if zero else NONE
        for value in (0, 1):
            x = Operand(np.array([[zero, zero, zero + value]], dtype), quantization)
            net = single_op("L2_NORMALIZATION", [x], x.value.shape, dtype, output)
            oracle.assert_equal_to_litert(*net)


def test_log_softmax_of_far_logits():
    x = np.array([[1000, 0, -1000], [3e38, -3e38, 0]], np.float32)
    oracle.assert_equal_to_litert(*single_op("LOG_SOFTMAX", [Operand(x)], x.shape, "float32"))


def error_of(code, operands, shape, dtype, quantization=NONE, **options):
    with pytest.raises((ValueError, RuntimeError)) as error:
        oracle.octavo_run(*single_op(code, operands, shape, dtype, quantization, **options))
    return str(error.value)


def test_errors_of_rows():
    assert error_of("LOG_SOFTMAX", [BYTES], (2, 3), "int8", Quantization(0.5)) == (
        'LOG_SOFTMAX (node 0 "y"): output "y" has scale 0.5 and zero point 0, '
        "should have 0.0625 and 127"
    )
    assert error_of("L2_NORMALIZATION", [BYTES], (2, 3), "int8", Quantization(0.5)) == (
        'L2_NORMALIZATION (node 0 "y"): output "y" has scale 0.5 and zero point 0, '
        "should have 0.0078125 and 0"
    )
    assert error_of(
        "L2_NORMALIZATION", [IMAGE], (1, 2, 2, 3), "float32", fused_activation_function="RELU"
    ) == ('L2_NORMALIZATION (node 0 "y"): has a fused activation, which does not exist for it')
    assert (
        error_of("LOCAL_RESPONSE_NORMALIZATION", [IMAGE], (1, 2, 2, 3), "float32", radius=-1)
        == 'LOCAL_RESPONSE_NORMALIZATION (node 0 "y"): radius is -1, should be 0 or more'
    )


def volume(*shape, dtype=np.float32):
    return Operand(np.zeros(shape, dtype))


STRIDES = {"stride_d": 1, "stride_h": 1, "stride_w": 1}
X, W = volume(1, 3, 3, 3, 2), volume(2, 2, 2, 2, 4)


@pytest.mark.parametrize(
    ("operands", "options", "message"),
    [
        ([X, volume(2, 2, 2, 3, 4)], STRIDES, "filter has 3 input channels, input has 2"),
        ([volume(3, 3, 3, 2), W], STRIDES, "should have 5 dimensions"),
        ([X, W, volume(3)], STRIDES, 'bias "x2" has 3 elements, the output has 4 channels'),
        ([X, W], {}, "the stride along the depth is 0, should be 1 or more"),
        (
            [X, W],
            {**STRIDES, "dilation_h_factor": 5, "padding": "VALID"},
            "the filter spans 6 elements of the height, the image has 3",
        ),
    ],
)
def test_errors_of_conv_3d(operands, options, message):
    text = error_of("CONV_3D", operands, (1, 1, 1, 1, 1), "float32", **options)
    assert text.startswith('CONV_3D (node 0 "y"): ')
    assert message in text


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 3, 3, 3), 'output shape "x0" has shape (4), should be (5)'),
        ((2, 3, 3, 3, 4), "output shape is (2, 3, 3, 3, 4), input has 1 volumes"),
        ((1, 4, 3, 3, 4), "an output of depth 4 comes from an input of 4, the input has 3"),
        ((1, 2**31 - 1, 2**31 - 1, 3, 4), "which no tensor can have"),
    ],
)
def test_errors_of_conv_3d_transpose(shape, message):
    operands = [Operand(np.array(shape, np.int32), is_constant=True), volume(2, 2, 2, 4, 2), X]
    assert message in error_of("CONV_3D_TRANSPOSE", operands, (1,) * 5, "float32", **STRIDES)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("taps", [(3, 3, 3), (3, 1, 1), (2, 2, 2), (1, 1, 1)])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_volumes_larger_than_a_block(stride, taps, padding):
    """Of whose slices no cache holds all that a window sees."""
    rng = np.random.default_rng(0)
    size = (4, 120, 60)
    x = Operand(rng.integers(-16, 17, (2, *size, 8)).astype(np.float32) / 8)
    w = Operand(rng.integers(-16, 17, (*taps, 8, 20)).astype(np.float32) / 8, is_constant=True)
    span = (1, 1, 1) if padding == "SAME" else taps
    out = tuple(-(-(n - t + 1) // stride) for n, t in zip(size, span, strict=True))
    options = {f"stride_{a}": stride for a in "dhw"}
    shape = (2, *out, 20)
    model, inputs = single_op("CONV_3D", [x, w], shape, "float32", padding=padding, **options)
    oracle.assert_equal_to_litert(model, inputs)


def test_filters_deeper_than_their_volume():
    """Take no memory for what is outside."""
    x = Operand(np.ones((1, 4, 128, 128, 1), np.float32))
    w = Operand(np.ones((20001, 1, 1, 1, 1), np.float32), is_constant=True)
    options = {"padding": "SAME", **STRIDES}
    model, _ = single_op("CONV_3D", [x, w], x.value.shape, "float32", NONE, **options)
    interpreter = octavo.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    assert interpreter.arena_bytes < 4 * x.value.nbytes


@pytest.mark.parametrize("code", ["CONV_3D", "CONV_3D_TRANSPOSE"])
def test_volumes_without_channels(code):
    """Nothing bounds their windows: filters have no elements."""
    x, many = volume(1, 1, 1, 1, 0), 4096
    operands = [x, volume(many, many, many, 0, 1)]
    if code == "CONV_3D_TRANSPOSE":
        shape = Operand(np.array((1, 1, 1, 1, 1), np.int32), is_constant=True)
        operands = [shape, volume(many, many, many, 1, 0), x]
    model, inputs = single_op(code, operands, (1,) * 5, "float32", NONE, **STRIDES)
    values, [y] = oracle.octavo_run(model, inputs)
    np.testing.assert_array_equal(values[y], np.zeros((1,) * 5))
