"""What CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV refuse, or wait for: by its message."""

import numpy as np
import octavo._schema as schema
import oracle
import pytest
from octavo.flatbuffer import read, write
from single_op import NONE, Operand, Quantization, single_op


def spoiled(
    code="CONV_2D",
    dtype="int8",
    *,
    x=(1, 4, 4, 4),
    w=(8, 3, 3, 4),
    y=(1, 4, 4, 8),
    b=8,
    x_zero=0,
    w_type="int8",
    w_scale=0.5,
    w_zero=0,
    w_axis=0,
    b_type="int32",
    shape=None,
    **options,
):
    """A network that is sound but for what the arguments say."""
    operands = [
        Operand(np.zeros(x, dtype), Quantization(0.5, x_zero) if dtype != "float32" else NONE),
        Operand(np.zeros(w, w_type), Quantization(w_scale, w_zero, w_axis), is_constant=True),
        Operand(np.zeros(b, b_type), is_constant=True),
    ]
    if code == "TRANSPOSE_CONV":
        operands = [
            Operand(np.array(shape or y, np.int32), is_constant=True),
            operands[1],
            operands[0],
        ]
    options = {"stride_h": 1, "stride_w": 1} | options
    output = Quantization(0.5) if dtype != "float32" else NONE
    return single_op(code, operands, y, dtype, output, **options)


ERRORS = [
    ({"w": (8, 3, 3, 3)}, "filter has 3 input channels, input has 4"),
    ({"w": (3, 3, 3, 2)}, "filter has 3 output channels, which its 2 groups do not divide"),
    ({"w": (8, 3, 3, 0)}, "filter has 0 input channels, input has 4"),
    ({"w": (8, 3, 4)}, r'filter "x1" has shape \(8, 3, 4\), should have 4 dimensions'),
    ({"x": (4, 4, 4)}, r'input "x0" has shape \(4, 4, 4\), should have 4 dimensions'),
    ({"b": 7}, 'bias "x2" has 7 elements, the output has 8 channels'),
    ({"stride_h": 0}, "the stride along the height is 0, should be 1 or more"),
    ({"stride_w": -1}, "the stride along the width is -1, should be 1 or more"),
    ({"dilation_w_factor": 0}, "the dilation along the width is 0, should be 1 or more"),
    (
        {"dilation_h_factor": 2, "padding": "VALID"},
        "the filter spans 5 elements of the height, the image has 4",
    ),
    ({"dilation_h_factor": 2**30}, "the dilated filter's height is 2147483649, too large"),
    ({"fused_activation_function": "TANH"}, "the fused activation TANH is not supported"),
    ({"w_zero": 1}, 'filter "x1" of type int8 has zero point 1, should have 0'),
    (
        {"w_scale": [0.5] * 4, "w_axis": 3},
        'filter "x1" has 4 scales along dimension 3, should have 8 along dimension 0',
    ),
    ({"w_scale": None}, 'filter "x1" of type int8 has no scale'),
    ({"x_zero": 128}, 'input "x0" has zero point 128, its type int8 holds -128 to 127'),
    ({"dtype": "int16", "x_zero": 1}, 'input "x0" of type int16 has zero point 1, should have 0'),
    (
        {"dtype": "int16", "quantized_bias_type": "INT64"},
        'bias "x2" has type int32, option quantized_bias_type says int64',
    ),
    (
        {"b_type": "int64"},
        r"does not exist for inputs of types \(int8, int8, int64\) and output of type int8",
    ),
    (
        {"dtype": "uint8"},
        r"does not exist for inputs of types \(uint8, int8, int32\) and output of type uint8",
    ),
    (
        {"dtype": "uint8", "w_type": "uint8", "w_scale": [0.5] * 8},
        'filter "x1" of type uint8 has 8 scales, should have 1',
    ),
    (
        {"code": "DEPTHWISE_CONV_2D", "w": (2, 3, 3, 4), "b": 4},
        r"filter has shape \(2, 3, 3, 4\), its first dimension should be 1",
    ),
    (
        {"code": "DEPTHWISE_CONV_2D", "w": (1, 3, 3, 6), "b": 6},
        "filter has 6 channels, not a multiple of the input's 4",
    ),
    (
        {"code": "DEPTHWISE_CONV_2D", "dtype": "int16", "w": (1, 3, 3, 4), "b": 4},
        "DEPTHWISE_CONV_2D .* does not exist for inputs of types",
    ),
    (
        {"code": "TRANSPOSE_CONV", "w": (8, 3, 3, 5)},
        "filter has 5 input channels, input has 4",
    ),
    (
        {"code": "TRANSPOSE_CONV", "y": (2, 4, 4, 8)},
        "input has 1 images, the output shape says 2",
    ),
    (
        {"code": "TRANSPOSE_CONV", "y": (1, 4, 4, 7)},
        "filter has 8 output channels, the output shape says 7",
    ),
    (
        {"code": "TRANSPOSE_CONV", "y": (1, 5, 4, 8)},
        "an output of 5 by 4 comes from an input of 5 by 4, input has shape",
    ),
    (
        {"code": "TRANSPOSE_CONV", "shape": (1, 4, 8)},
        "the output shape has 3 elements, should have 4",
    ),
    (
        {"code": "TRANSPOSE_CONV", "shape": (1, -4, 4, 8)},
        r"would have shape \(1, -4, 4, 8\), which no tensor can have",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), ERRORS)
def test_errors(arguments, message):
    with pytest.raises(RuntimeError, match=message) as error:
        oracle.octavo_run(*spoiled(**arguments))
    assert str(error.value).startswith(f'{arguments.get("code", "CONV_2D")} (node 0 "y"): ')


def test_sparse_weights():
    net = read(spoiled()[0])
    net.subgraphs[0].tensors[1].sparsity = schema.SparsityParametersT(
        traversalOrder=[0, 1, 2, 3], dimMetadata=[schema.DimensionMetadataT() for _ in range(4)]
    )
    with pytest.raises(RuntimeError, match='sparse constant "x1" has level 0 with 0 elements'):
        oracle.octavo_run(write(net), {})
