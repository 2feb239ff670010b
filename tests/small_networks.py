"""A network of one operator for every operator and type: what the self-test records and what the
mutation test damages.

>>> network = small_networks()[0]
>>> network.name, [x.shape for x in network.inputs.values()]
('FLOOR float32', [(1, 6)])
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import octavo._schema as schema
from calls import CODES, single_call
from flatbuffers import flexbuffers
from octavo.flatbuffer import Network
from small_recurrent import recurrent_networks

Array = npt.NDArray[Any]


@dataclass
class SmallNetwork:
    name: str
    operator: str
    model: bytes
    inputs: dict[int, Array]  # by tensor number


@dataclass
class Weights:
    """A constant of the operator's weight type; per channel along `axis` where that is int8."""

    shape: tuple[int, ...]
    axis: int
    is_int4: bool = False


@dataclass
class Bias:
    """A constant that is added to accumulators: its scale is the input's times the weights'."""

    channels: int


@dataclass
class Constant:
    """A constant of the operator's activation type, quantized as the inputs are."""

    shape: tuple[int, ...]


@dataclass
class Magnitudes:
    """An input without negative numbers."""

    shape: tuple[int, ...]


@dataclass
class Sparse:
    """A sparse constant of shape (2, 3), rows compressed, with three values."""


@dataclass
class Case:
    """A row: one network for each of `types`.

    `operands` are shapes of inputs of that type, the constants above, or arrays: constants as they
    are.
    """

    operator: str
    types: str
    operands: list[Any]
    outputs: list[tuple[int, ...]]
    options: dict[str, Any] = field(default_factory=dict)
    output_type: str = ""  # that of the operands where it is not given; or one for each output
    same: bool = False  # output and inputs share scale and zero point
    fixed: dict[str, tuple[float, int]] = field(default_factory=dict)  # the output's, by type
    gain: float = 1  # how much further the output reaches than the inputs
    note: str = ""  # told apart from other rows of the operator
    body: str = ""  # the operator that its region consists of
    region: str = "update_computation_subgraph_index"  # the option that names it


def ints(*values: int) -> Array:
    return np.array(values, np.int32)


def custom(name: str, **options: Any) -> dict[str, Any]:
    return {"custom_code": name, "custom_options": bytes(flexbuffers.Dumps(options))}


_INTEGERS = ("int8", "uint8", "int16")
_ALL = "float32 int8 uint8 int16"
_UNIT = {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)}
_SIGNED = {"int8": (1 / 128, 0), "uint8": (1 / 128, 128), "int16": (1 / 32768, 0)}
_LOGARITHMS = {"int8": (1 / 16, 127), "uint8": (1 / 16, 255)}
_IMAGE = (1, 4, 5, 2)
_SAME = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
_VOLUME = {**_SAME, "stride_d": 1, "fused_activation_function": "RELU"}
_VALID = {"padding": "VALID", "stride_w": 2, "stride_h": 2}
_POOL = {**_SAME, "filter_width": 2, "filter_height": 3}

# FLOOR stands first: the self-test counts on a simple network there.
CASES = [
    Case("FLOOR", "float32", [(1, 6)], [(1, 6)]),
    Case("ABS", "float32 int8 int16 int32", [(2, 6)], [(2, 6)]),
    Case("ADD", _ALL, [(2, 3), (3,)], [(2, 3)], {"fused_activation_function": "RELU"}),
    Case("ADD", "int16", [(5,), (5,)], [(5,)], {"pot_scale_int16": False}, note="general"),
    Case("ADD_N", "float32 int32", [(2, 3), (2, 3), (2, 3)], [(2, 3)]),
    Case(
        "ARG_MAX",
        "float32 int8 uint8",
        [(2, 5), np.int32(1)],
        [(2,)],
        {"output_type": "INT32"},
        output_type="int32",
    ),
    Case(
        "ARG_MIN",
        "float32 int8 uint8",
        [(2, 5), np.int32(0)],
        [(5,)],
        {"output_type": "INT32"},
        output_type="int32",
    ),
    Case("ATAN2", "float32", [(2, 3), (2, 3)], [(2, 3)]),
    Case("AVERAGE_POOL_2D", _ALL, [_IMAGE], [_IMAGE], _POOL, same=True),
    Case("BATCH_MATMUL", "float32 int8 int16", [(2, 2, 3), (3, 2)], [(2, 2, 2)], gain=4),
    Case(
        "BATCH_MATMUL",
        "float32 int8 int16",
        [(3, 2), (2, 2, 3)],
        [(2, 2, 2)],
        {"adj_x": True, "adj_y": True},
        gain=4,
        note="transposed",
    ),
    Case(
        "BATCH_TO_SPACE_ND",
        "float32 int8",
        [(4, 2, 3, 2), ints(2, 2), ints(0, 1, 1, 0).reshape(2, 2)],
        [(1, 3, 5, 2)],
        same=True,
    ),
    Case("BITCAST", "float32", [(2, 3)], [(2, 3, 2)], output_type="int16"),
    Case("BITWISE_XOR", "int32 uint8 int16", [(2, 3), (3,)], [(2, 3)]),
    Case("BROADCAST_ARGS", "int32", [ints(2, 1), ints(3)], [(2,)]),
    Case("BROADCAST_TO", "float32 int8", [(2, 1), ints(3, 2, 2)], [(3, 2, 2)], same=True),
    Case(
        "BUCKETIZE",
        "float32",
        [(2, 6)],
        [(2, 6)],
        {"boundaries": [-2.0, 0.5, 3.0]},
        output_type="int32",
    ),
    Case("CAST", "int32", [(5,)], [(5,)], output_type="float32"),
    Case("CAST", "float32", [(5,)], [(5,)], output_type="int32"),
    Case("CAST", "float32", [(5,)], [(5,)], output_type="complex64"),
    Case("COMPLEX_ABS", "complex64", [(2, 3)], [(2, 3)], output_type="float32"),
    Case("CEIL", "float32", [(2, 6)], [(2, 6)]),
    Case("CONCATENATION", _ALL, [(2, 3), (2, 1)], [(2, 4)], {"axis": 1}, same=True),
    Case(
        "CONV_2D",
        _ALL,
        [_IMAGE, Weights((3, 3, 3, 2), 0), Bias(3)],
        [(1, 4, 5, 3)],
        {**_SAME, "fused_activation_function": "RELU"},
        gain=8,
    ),
    Case(
        "CONV_2D",
        "int8",
        [_IMAGE, Weights((3, 2, 2, 2), 0), Bias(3)],
        [(1, 2, 2, 3)],
        _VALID,
        gain=8,
        note="strided",
    ),
    Case(
        "CONV_2D",
        "int8",
        [_IMAGE, Weights((3, 3, 3, 2), 0, is_int4=True), Bias(3)],
        [(1, 4, 5, 3)],
        _SAME,
        note="int4 weights",
    ),
    Case(
        "CONV_3D",
        "float32",
        [(1, 2, 3, 3, 2), Constant((2, 2, 1, 2, 3)), Constant((3,))],
        [(1, 2, 3, 3, 3)],
        _VOLUME,
    ),
    Case(
        "CONV_3D_TRANSPOSE",
        "float32",
        [ints(1, 2, 3, 3, 3), Constant((2, 2, 1, 3, 2)), (1, 2, 3, 3, 2)],
        [(1, 2, 3, 3, 3)],
        _VOLUME,
    ),
    Case("COS", "float32", [(2, 6)], [(2, 6)]),
    Case("CUMSUM", "float32 int32", [(2, 3), np.int32(1)], [(2, 3)], {"reverse": True}),
    Case(
        "CUSTOM",
        "float32",
        [(1, 6, 4), (1, 6, 3), np.linspace(0.5, 3, 24, dtype=np.float32).reshape(6, 4)],
        [(1, 5, 4), (1, 5), (1, 5), (1,)],
        custom(
            "TFLite_Detection_PostProcess",
            max_detections=5,
            max_classes_per_detection=1,
            use_regular_nms=True,
            nms_score_threshold=-3.0,
            nms_iou_threshold=0.4,
            num_classes=2,
            **{f"{c}_scale": 5.0 for c in "yxhw"},
        ),
        note="TFLite_Detection_PostProcess",
    ),
    Case(
        "CUSTOM",
        "float32",
        [(9, 2)],
        [(2, 2, 5)],
        custom("AudioSpectrogram", window_size=6, stride=3, magnitude_squared=False),
        note="AudioSpectrogram",
    ),
    Case(
        "CUSTOM",
        "float32",
        [Magnitudes((1, 2, 5)), np.int32(16000)],
        [(1, 2, 3)],
        custom(
            "Mfcc",
            upper_frequency_limit=7000,
            lower_frequency_limit=20,
            filterbank_channel_count=4,
            dct_coefficient_count=3,
        ),
        note="Mfcc",
    ),
    Case(
        "CUSTOM",
        "int8",
        [(2, 3), np.float32([[1, 2, 3], [-1, -2, -3]])],
        [(2, 3)],
        custom("NumericVerify", tolerance=0.01, log_if_failed=True),
        output_type="float32",
        note="NumericVerify",
    ),
    Case("DENSIFY", "float32", [Sparse()], [(2, 3)]),
    Case(
        "DEPTHWISE_CONV_2D",
        _ALL,
        [_IMAGE, Weights((1, 3, 2, 4), 3), Bias(4)],
        [(1, 4, 5, 4)],
        {**_SAME, "depth_multiplier": 2},
        gain=6,
    ),
    Case("DEPTH_TO_SPACE", "float32 int8", [(1, 2, 2, 8)], [(1, 4, 4, 2)], {"block_size": 2}),
    Case("DEQUANTIZE", "int8 uint8 int16", [(6,)], [(6,)], output_type="float32"),
    Case("DEQUANTIZE", "float16", [(6,)], [(6,)], output_type="float32"),
    Case("DILATE", "float32 int8", [(2, 3), ints(2, 3), Constant(())], [(3, 7)], same=True),
    Case("DIV", "float32", [(2, 3), Constant((3,))], [(2, 3)]),
    Case("DIV", "int32", [(2, 3), ints(2, -3, 7)], [(2, 3)]),
    Case(
        "DYNAMIC_UPDATE_SLICE",
        "float32 int8 int16",
        [(3, 4), (2, 2), ints(1, 5)],
        [(3, 4)],
        same=True,
    ),
    Case("ELU", "float32 int8", [(2, 6)], [(2, 6)]),
    Case("EMBEDDING_LOOKUP", "float32", [ints(2, 0, 2), (3, 4)], [(3, 4)]),
    Case(
        "EMBEDDING_LOOKUP",
        "int8",
        [ints(2, 0, 2), Weights((3, 4), 0)],
        [(3, 4)],
        output_type="float32",
    ),
    Case(
        "EMBEDDING_LOOKUP",
        "int8",
        [ints(2, 0, 2), Weights((3, 4), 0, is_int4=True)],
        [(3, 4)],
        output_type="float32",
        note="int4 table",
    ),
    Case(
        "EMBEDDING_LOOKUP_SPARSE",
        "float32",
        [ints(2, 0, 1), ints(0, 0, 0, 1, 1, 0).reshape(3, 2), ints(2, 2), (3,), (3, 4)],
        [(2, 4)],
        {"combiner": "SQRTN"},
    ),
    Case("EQUAL", "float32 int8 uint8 int32", [(2, 3), (3,)], [(2, 3)], output_type="bool"),
    Case("EXP", "float32 int8 int16", [(2, 6)], [(2, 6)]),
    Case("EXPAND_DIMS", "float32 int8", [(2, 3), np.int32(1)], [(2, 1, 3)], same=True),
    Case("FILL", "float32 int8", [ints(2, 3), ()], [(2, 3)], same=True),
    Case("FLOOR_DIV", "int32", [(2, 3), ints(2, -3, 7)], [(2, 3)]),
    Case("FLOOR_MOD", "int32", [(2, 3), ints(2, -3, 7)], [(2, 3)]),
    Case("FULLY_CONNECTED", _ALL, [(2, 5), Weights((3, 5), 0), Bias(3)], [(2, 3)], gain=6),
    Case(
        "FAKE_QUANT",
        "float32",
        [(2, 6)],
        [(2, 6)],
        {"min": -1.3, "max": 3.1, "num_bits": 8},
    ),
    Case(
        "FULLY_CONNECTED",
        "int8",
        [(2, 5), Weights((3, 5), 0, is_int4=True), Bias(3)],
        [(2, 3)],
        note="int4 weights",
    ),
    Case(
        "GATHER",
        "float32 int8 int16 bool",
        [(2, 3, 2), ints(2, 0, 1, 1).reshape(2, 2)],
        [(2, 2, 2)],
        {"axis": 1, "batch_dims": 1},
        same=True,
    ),
    Case(
        "GATHER_ND",
        "float32 int8",
        [(2, 3, 2), ints(1, 2, 0, 1).reshape(2, 2)],
        [(2, 2)],
        same=True,
    ),
    Case("GELU", "float32 int8 int16", [(2, 6)], [(2, 6)]),
    Case("GELU", "float32 int8", [(2, 6)], [(2, 6)], {"approximate": True}, note="approximate"),
    Case("GREATER", "float32 int8 uint8 int32", [(2, 3), (3,)], [(2, 3)], output_type="bool"),
    Case("GREATER_EQUAL", "float32 int8 uint8 int32", [(2, 3), (3,)], [(2, 3)], output_type="bool"),
    Case("HARD_SWISH", "float32 int8 uint8", [(2, 6)], [(2, 6)]),
    Case(
        "HASHTABLE_LOOKUP",
        "float32",
        [ints(3, -1, 7), ints(-1, 3), (2, 2)],
        [(3, 2), (3,)],
        output_type="float32 uint8",
    ),
    Case("IMAG", "complex64", [(2, 3)], [(2, 3)], output_type="float32"),
    Case("L2_NORMALIZATION", "float32 int8 uint8", [(2, 5)], [(2, 5)], fixed=_SIGNED),
    Case("L2_POOL_2D", "float32", [_IMAGE], [_IMAGE], _POOL),
    Case("LEAKY_RELU", _ALL, [(2, 6)], [(2, 6)], {"alpha": 0.1}),
    Case("LESS", "float32 int8 uint8 int32", [(2, 3), (3,)], [(2, 3)], output_type="bool"),
    Case("LESS_EQUAL", "float32 int8 uint8 int32", [(2, 3), (3,)], [(2, 3)], output_type="bool"),
    Case(
        "LOCAL_RESPONSE_NORMALIZATION",
        "float32",
        [_IMAGE],
        [_IMAGE],
        {"radius": 1, "bias": 1.0, "alpha": 0.5, "beta": 0.75},
    ),
    Case("LOG", "float32 int8 int16", [(2, 6)], [(2, 6)]),
    Case("LOGICAL_AND", "bool", [(2, 3), np.array([True, False, True])], [(2, 3)]),
    Case("LOGICAL_NOT", "bool", [(2, 3)], [(2, 3)]),
    Case("LOGICAL_OR", "bool", [(2, 3), np.array([True, False, True])], [(2, 3)]),
    Case("LOGISTIC", _ALL, [(2, 6)], [(2, 6)], fixed=_UNIT),
    Case("LOG_SOFTMAX", "float32 int8 uint8", [(2, 5)], [(2, 5)], fixed=_LOGARITHMS),
    Case(
        "LSH_PROJECTION",
        "float32 int8",
        [np.float32([[0.5, -1, 2], [3, 0.25, 7]]), (2, 5), np.float32([0.75, -2])],
        [(2,)],
        {"type": "SPARSE"},
        output_type="int32",
    ),
    Case("MATRIX_DIAG", "float32 int8", [(2, 3)], [(2, 3, 3)], same=True),
    Case("MATRIX_SET_DIAG", "float32 int8", [(2, 3, 2), (2, 2)], [(2, 3, 2)], same=True),
    Case("MAXIMUM", _ALL, [(2, 3), (3,)], [(2, 3)], same=True),
    Case("MAX_POOL_2D", _ALL, [_IMAGE], [_IMAGE], _POOL, same=True),
    Case("MEAN", _ALL, [_IMAGE, ints(1, 2)], [(1, 2)]),
    Case("MINIMUM", _ALL, [(2, 3), (3,)], [(2, 3)], same=True),
    Case(
        "MIRROR_PAD",
        "float32 int8 int16",
        [(2, 3), ints(1, 0, 2, 1).reshape(2, 2)],
        [(3, 6)],
        {"mode": "REFLECT"},
        same=True,
    ),
    Case("MUL", _ALL, [(2, 3), (2, 1)], [(2, 3)], gain=4),
    Case("NEG", "float32 int32", [(2, 6)], [(2, 6)]),
    Case(
        "MULTINOMIAL",
        "float32",
        [(2, 5), np.int32(6)],
        [(2, 6)],
        {"seed": 3, "seed2": 4},
        output_type="int64",
    ),
    Case(
        "NON_MAX_SUPPRESSION_V4",
        "float32",
        [(6, 4), (6,), np.int32(4), np.float32(0.3), np.float32(-4)],
        [(4,), ()],
        output_type="int32",
    ),
    Case(
        "NON_MAX_SUPPRESSION_V5",
        "float32",
        [(6, 4), (6,), np.int32(4), np.float32(0.3), np.float32(-4), np.float32(0.5)],
        [(4,), (4,), ()],
        output_type="int32 float32 int32",
    ),
    Case("NOT_EQUAL", "float32 int8 uint8 int32", [(2, 3), (3,)], [(2, 3)], output_type="bool"),
    Case(
        "ONE_HOT",
        "float32 int8",
        [ints(2, 0, 5), np.int32(3), Constant(()), Constant(())],
        [(3, 3)],
        {"axis": -1},
        same=True,
    ),
    Case(
        "PACK",
        "float32 int8 int16",
        [(3,), (3,)],
        [(3, 2)],
        {"values_count": 2, "axis": 1},
        same=True,
    ),
    Case("PAD", _ALL, [(2, 3), np.array([[1, 0], [0, 2]], np.int32)], [(3, 5)], same=True),
    Case(
        "PADV2",
        "float32 int8 uint8",
        [(2, 3), ints(1, 0, 0, 2).reshape(2, 2), Constant(())],
        [(3, 5)],
        same=True,
    ),
    Case("POW", "int32", [(2, 3), ints(2, 0, 3)], [(2, 3)]),
    Case("PRELU", "float32 int8 uint8", [(1, 2, 2, 3), Constant((1, 1, 3))], [(1, 2, 2, 3)]),
    Case("QUANTIZE", "float32", [(6,)], [(6,)], output_type="int8"),
    Case("QUANTIZE", "int8", [(6,)], [(6,)], output_type="uint8"),
    Case("QUANTIZE", "int16", [(6,)], [(6,)], output_type="int8"),
    Case("RANGE", "float32", [np.float32(1), np.float32(3), np.float32(0.3)], [(7,)]),
    Case("RANGE", "int32", [np.int32(7), np.int32(-3), np.int32(-4)], [(3,)]),
    Case("RANK", "float32", [(2, 3)], [()], output_type="int32"),
    Case("RANDOM_STANDARD_NORMAL", "float32", [ints(2, 2)], [(2, 2)], {"seed": 1, "seed2": 2}),
    Case(
        "RANDOM_UNIFORM",
        "float32",
        [ints(2, 3)],
        [(2, 3)],
        {"seed": 1, "seed2": 2},
    ),
    Case("REAL", "complex64", [(2, 3)], [(2, 3)], output_type="float32"),
    Case("REDUCE_ALL", "bool", [(2, 3), ints(1)], [(2,)]),
    Case("REDUCE_ANY", "bool", [(2, 3), ints(1)], [(2,)]),
    Case("REDUCE_MAX", _ALL, [_IMAGE, ints(1, 2)], [(1, 2)], same=True),
    Case("REDUCE_MIN", _ALL, [_IMAGE, ints(1, 2)], [(1, 2)], same=True),
    Case("REDUCE_PROD", "float32 int8 int16", [(2, 3), ints(1)], [(2,)]),
    Case(
        "REDUCE_WINDOW",
        "float32 int8",
        [(4, 5), (), *(np.int64(n) for n in [[2, 3], [2, 1], [2, 1]])],
        [(1, 3)],
        {"reduce_function": "ADD"},
    ),
    Case("RELU", _ALL, [(2, 6)], [(2, 6)]),
    Case("RELU6", _ALL, [(2, 6)], [(2, 6)]),
    Case("RELU_0_TO_1", "float32 int8 uint8", [(2, 6)], [(2, 6)]),
    Case("RELU_N1_TO_1", "float32 int8 uint8", [(2, 6)], [(2, 6)]),
    Case(
        "RESHAPE",
        "float32 int8",
        [(2, 3), ints(3, -1)],
        [(3, 2)],
        {"new_shape": [3, -1]},
        same=True,
    ),
    Case(
        "RESIZE_BILINEAR",
        _ALL,
        [_IMAGE, ints(5, 7)],
        [(1, 5, 7, 2)],
        {"half_pixel_centers": True},
        same=True,
    ),
    Case(
        "RESIZE_NEAREST_NEIGHBOR",
        _ALL,
        [_IMAGE, ints(5, 7)],
        [(1, 5, 7, 2)],
        {"align_corners": True},
        same=True,
    ),
    Case(
        "REVERSE_SEQUENCE",
        "float32 uint8",
        [(2, 3, 2), ints(3, 1)],
        [(2, 3, 2)],
        {"seq_dim": 1, "batch_dim": 0},
        same=True,
    ),
    Case("REVERSE_V2", "float32 int8", [(2, 3, 2), ints(1, -1)], [(2, 3, 2)], same=True),
    Case("RIGHT_SHIFT", "int32", [(2, 3), ints(0, 1, 40)], [(2, 3)]),
    Case("ROUND", "float32", [(2, 6)], [(2, 6)]),
    Case("RSQRT", "float32", [(2, 6)], [(2, 6)]),
    Case(
        "SCATTER_ND",
        "float32 int8 bool",
        [ints(1, 0, 1).reshape(3, 1), (3, 2), ints(3, 2)],
        [(3, 2)],
        same=True,
    ),
    Case("SEGMENT_SUM", "float32", [(3, 2), ints(0, 1, 1)], [(2, 2)]),
    Case("SELECT", "float32 int8", [np.array([True, False]), (2, 3), (2, 3)], [(2, 3)], same=True),
    Case(
        "SELECT_V2",
        "float32 int8 int16",
        [np.array([[True], [False]]), (2, 3), (3,)],
        [(2, 3)],
        same=True,
    ),
    Case("RFFT2D", "float32", [(2, 3, 4), ints(4, 4)], [(2, 4, 3)], output_type="complex64"),
    Case("SHAPE", "float32", [(2, 3)], [(2,)], {"out_type": "INT32"}, output_type="int32"),
    Case("SIGN", "float32 int32", [(2, 6)], [(2, 6)]),
    Case("SIN", "float32", [(2, 6)], [(2, 6)]),
    Case("SLICE", "float32 int8 int16", [(3, 4), ints(1, 0), ints(-1, 3)], [(2, 3)], same=True),
    Case("SOFTMAX", _ALL, [(2, 5)], [(2, 5)], {"beta": 1.0}, fixed=_UNIT),
    Case(
        "SPACE_TO_BATCH_ND",
        "float32 int8",
        [(1, 3, 5, 2), ints(2, 2), ints(0, 1, 1, 0).reshape(2, 2)],
        [(4, 2, 3, 2)],
        same=True,
    ),
    Case("SPACE_TO_DEPTH", "float32 int8", [(1, 4, 4, 2)], [(1, 2, 2, 8)], {"block_size": 2}),
    Case(
        "SPARSE_TO_DENSE",
        "float32 int8",
        [ints(0, 2, 1, 1).reshape(2, 2), ints(2, 3), (2,), Constant(())],
        [(2, 3)],
        same=True,
    ),
    Case(
        "SPLIT",
        "float32 int8 uint8 int16",
        [np.int32(1), (2, 4)],
        [(2, 2), (2, 2)],
        {"num_splits": 2},
        same=True,
    ),
    Case(
        "SPLIT_V",
        "float32 int8 int16",
        [(2, 4), ints(1, 3), np.int32(1)],
        [(2, 1), (2, 3)],
        {"num_splits": 2},
        same=True,
    ),
    Case("SQRT", "float32", [(2, 6)], [(2, 6)]),
    Case("SQUARE", "float32", [(2, 6)], [(2, 6)]),
    Case("SQUARED_DIFFERENCE", "float32 int8 int32", [(2, 3), (3,)], [(2, 3)], gain=20),
    Case("SQUEEZE", "float32 int8", [(2, 1, 3)], [(2, 3)], {"squeeze_dims": [1]}, same=True),
    Case("STABLEHLO_ADD", "float32 int32", [(2, 3), (2, 3)], [(2, 3)]),
    Case("STABLEHLO_AND", "int32 bool", [(2, 3), (2, 3)], [(2, 3)]),
    Case(
        "STABLEHLO_GATHER",
        "float32 int32",
        [(4, 3), ints(3, -1, 9).reshape(3, 1)],
        [(3, 2)],
        {
            "offset_dims": [1],
            "collapsed_slice_dims": [0],
            "start_index_map": [0],
            "index_vector_dim": 1,
            "slice_sizes": [1, 2],
        },
    ),
    Case("STABLEHLO_MAXIMUM", "float32", [(2, 3), (2, 3)], [(2, 3)]),
    Case("STABLEHLO_MINIMUM", "float32", [(2, 3), (2, 3)], [(2, 3)]),
    Case("STABLEHLO_MULTIPLY", "float32", [(2, 3), (2, 3)], [(2, 3)]),
    Case(
        "STABLEHLO_PAD",
        "float32 int8",
        [(2, 3), Constant(())],
        [(3, 4)],
        {"edge_padding_low": [1, -1], "edge_padding_high": [-1, 2], "interior_padding": [1, 0]},
        same=True,
    ),
    Case(
        "STABLEHLO_REDUCE_WINDOW",
        "float32 int32",
        [(4, 3), ()],
        [(2, 5)],
        {
            "window_dimensions": [2, 1],
            "window_strides": [2, 1],
            "base_dilations": [1, 2],
            "window_dilations": [2, 1],
            "padding": [0, 1, 1, -1],
        },
        body="STABLEHLO_MAXIMUM",
        region="body_subgraph_index",
    ),
    Case(
        "STABLEHLO_RNG_BIT_GENERATOR",
        "uint64",
        [(2,)],
        [(2,), (5,)],
        {"algorithm": "THREEFRY"},
        output_type="uint64 uint32",
    ),
    Case(
        "STABLEHLO_SCATTER",
        "float32 int32",
        [(4, 3), ints(3, 1, 3, 7).reshape(4, 1), (4, 3)],
        [(4, 3)],
        {
            "update_window_dims": [1],
            "inserted_window_dims": [0],
            "scatter_dims_to_operand_dims": [0],
            "index_vector_dim": 1,
        },
        body="STABLEHLO_ADD",
    ),
    Case(
        "STABLEHLO_SHIFT_LEFT", "int32", [(2, 3), ints(0, 3, 31, 1, 30, 8).reshape(2, 3)], [(2, 3)]
    ),
    Case(
        "STRIDED_SLICE",
        "float32 int8 int16",
        [(3, 4), ints(0, -1), ints(3, 0), ints(2, -1)],
        [(2, 3)],
        same=True,
    ),
    Case("SUB", _ALL, [(2, 3), (2, 3)], [(2, 3)]),
    Case("SUM", "float32", [_IMAGE, ints(1, 2)], [(1, 2)]),
    Case("TANH", _ALL, [(2, 6)], [(2, 6)], fixed=_SIGNED),
    Case("TILE", "float32 int8", [(2, 3), ints(2, 2)], [(4, 6)], same=True),
    Case("TOPK_V2", "float32", [(2, 5), ints(3)], [(2, 3), (2, 3)], output_type="float32 int32"),
    Case(
        "TOPK_V2",
        "int8",
        [(2, 5), ints(3)],
        [(2, 3), (2, 3)],
        same=True,
        output_type="int8 int16",
    ),
    Case("TRANSPOSE", _ALL, [(2, 3, 2), ints(2, 0, 1)], [(2, 2, 3)], same=True),
    Case(
        "TRANSPOSE_CONV",
        _ALL,
        [ints(1, 4, 6, 3), Weights((3, 2, 3, 2), 0), (1, 2, 3, 2), Bias(3)],
        [(1, 4, 6, 3)],
        {"padding": "SAME", "stride_w": 2, "stride_h": 2},
        gain=6,
    ),
    Case(
        "UNIQUE",
        "float32",
        [np.float32([2, 1, 2, 0])],
        [(3,), (4,)],
        {"idx_out_type": "INT32"},
        output_type="float32 int32",
    ),
    Case("UNPACK", "float32 int8", [(2, 3)], [(3,), (3,)], {"num": 2, "axis": 0}, same=True),
    Case("UNSORTED_SEGMENT_MAX", "float32", [(3, 2), ints(1, 0, 1), ints(2)], [(2, 2)]),
    Case("UNSORTED_SEGMENT_MIN", "int32", [(3, 2), ints(1, -1, 1), ints(2)], [(2, 2)]),
    Case("UNSORTED_SEGMENT_PROD", "float32", [(3, 2), ints(1, 0, 1), ints(2)], [(2, 2)]),
    Case("UNSORTED_SEGMENT_SUM", "float32", [(3, 2), ints(1, 0, 1), ints(3)], [(3, 2)]),
    Case("WHERE", "bool", [np.array([[True, False], [True, True]])], [(3, 2)], output_type="int64"),
    Case("ZEROS_LIKE", "float32 int32", [(2, 3)], [(2, 3)]),
]


def small_networks() -> list[SmallNetwork]:
    """Every row of CASES in every type, calls, and what has states; the same at each call."""
    built = [_build(case, dtype) for case in CASES for dtype in case.types.split()]
    built += [_build_call(code) for code in CODES]
    return built + [SmallNetwork(*network) for network in recurrent_networks()]


def _build_call(code: str) -> SmallNetwork:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    return SmallNetwork(f"{code} float32", code, *single_call(code, values))


def _build(case: Case, dtype: str) -> SmallNetwork:
    name = f"{case.operator} {dtype}"
    if case.output_type:
        name += f" to {case.output_type}"
    if case.note:
        name += f", {case.note}"
    # One seed a network, so that a new row leaves the others as they are.
    builder = _Builder(case, dtype, np.random.default_rng(list(name.encode())))
    return SmallNetwork(name, case.operator, builder.build(), builder.inputs)


class _Builder:
    def __init__(self, case: Case, dtype: str, random: np.random.Generator) -> None:
        self._case = case
        self._type = dtype
        self._random = random
        self._network = Network(description="")
        self._input_scale = 0.05
        self._weight_scale: npt.NDArray[np.float32] = np.ones(1, np.float32)
        self.inputs: dict[int, Array] = {}

    def build(self) -> bytes:
        net, case = self._network, self._case
        operands = [self._operand(i, operand) for i, operand in enumerate(case.operands)]
        output_types = (case.output_type or self._type).split()
        if len(output_types) == 1:
            output_types *= len(case.outputs)
        outputs = [
            net.tensor(f"y{i}", shape, dtype, **self._output_quantization(dtype))
            for i, (shape, dtype) in enumerate(zip(case.outputs, output_types, strict=True))
        ]
        options = case.options
        if case.body:
            region = net.subgraph("body")
            a, b, c = (region.tensor(name, (), self._type) for name in "abc")
            region.op(case.body, [a, b], [c])
            region.inputs, region.outputs = [a, b], [c]
            options = {**options, case.region: region.index}
        net.op(case.operator, operands, outputs, version=self._version(), **options)
        net.inputs, net.outputs = list(self.inputs), outputs
        return net.build()

    def _operand(self, i: int, operand: Any) -> int:
        net = self._network
        match operand:
            case Weights(shape, axis, is_int4):
                return self._weights(shape, axis, is_int4)
            case Bias(channels):
                dtype = {"float32": "float32", "int16": "int64"}.get(self._type, "int32")
                if dtype == "float32":
                    return net.constant("b", self._values((channels,), "float32"))
                values = self._random.integers(-500, 500, channels).astype(dtype)
                return net.constant("b", values, scale=self._input_scale * self._weight_scale)
            case Constant(shape):
                values = self._values(shape, self._type)
                return net.constant(f"c{i}", values, **self._quantization(self._type, 0))
            case Sparse():
                return self._sparse()
            case Magnitudes(shape):
                x = net.tensor(f"x{i}", shape, self._type)
                self.inputs[x] = np.abs(self._values(shape, self._type))
                return x
            case tuple():
                x = net.tensor(f"x{i}", operand, self._type, **self._quantization(self._type, i))
                self.inputs[x] = self._values(operand, self._type)
                return x
            case _:
                return net.constant(f"c{i}", operand)

    def _weights(self, shape: tuple[int, ...], axis: int, is_int4: bool) -> int:
        if self._type == "float32":
            return self._network.constant("w", self._values(shape, "float32"))
        if self._type == "uint8":
            self._weight_scale = np.array([0.02], np.float32)
            values = self._values(shape, "uint8")
            return self._network.constant("w", values, scale=self._weight_scale, zero_point=121)
        self._weight_scale = self._random.uniform(0.01, 0.03, shape[axis]).astype(np.float32)
        values = np.maximum(self._values(shape, "int8"), -127)
        quantization = {"scale": self._weight_scale, "quantized_dimension": axis}
        if is_int4:
            return self._network.tensor("w", shape, "int4", data=values >> 4, **quantization)
        return self._network.constant("w", values, **quantization)

    def _sparse(self) -> int:
        index = self._network.tensor("w", (2, 3), self._type, data=self._values((3,), self._type))
        way = schema.SparsityParametersT()
        way.traversalOrder, rows, columns = [0, 1], *(schema.DimensionMetadataT() for _ in "rc")
        rows.denseSize, columns.format = 2, schema.DimensionType.SPARSE_CSR
        for part, numbers in (("Segments", [0, 1, 3]), ("Indices", [1, 0, 2])):
            vector = schema.Int32VectorT()
            vector.values = numbers
            setattr(columns, f"array{part}", vector)
            setattr(columns, f"array{part}Type", schema.SparseIndexVector.Int32Vector)
        way.dimMetadata = [rows, columns]
        self._network.model().subgraphs[0].tensors[index].sparsity = way
        return index

    def _values(self, shape: tuple[int, ...], dtype: str) -> Array:
        """Of a quantized type any value and its two extremes; reals between -5 and 5."""
        if dtype not in _INTEGERS:
            return self._random.uniform(-5, 5, shape).astype(dtype)
        limits = np.iinfo(dtype)
        values = self._random.integers(limits.min, limits.max + 1, shape).astype(dtype)
        values.reshape(-1)[:2] = [limits.max, limits.min][: values.size]
        return values

    def _quantization(self, dtype: str, i: int) -> dict[str, Any]:
        if dtype not in _INTEGERS:
            return {}
        # int16 values reach 650 times further.
        scale = self._input_scale * (1 if self._case.same else 1 + 0.3 * i)
        zero = {"int8": -7, "uint8": 123, "int16": 0}[dtype]
        return {"scale": scale / (256 if dtype == "int16" else 1), "zero_point": zero}

    def _output_quantization(self, dtype: str) -> dict[str, Any]:
        if dtype in self._case.fixed:
            scale, zero = self._case.fixed[dtype]
            return {"scale": scale, "zero_point": zero}
        quantization = self._quantization(dtype, 0 if self._case.same else 3)
        if quantization:
            quantization["scale"] *= self._case.gain
        return quantization

    def _version(self) -> int:
        # LiteRT reads one thing from a version: whether TRANSPOSE_CONV has a bias. BROADCAST_TO has
        # no first one.
        return {"TRANSPOSE_CONV": 3, "BROADCAST_TO": 2}.get(self._case.operator, 1)
