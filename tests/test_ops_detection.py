"""Detections against LiteRT's reference."""

from __future__ import annotations

import contextlib
import re

import numpy as np
import octavo
import oracle
import pytest
from draws import detection as draws
from flatbuffers import flexbuffers
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Network, read

EXAMPLES = settings(max_examples=150, deadline=None)
NAME = "TFLite_Detection_PostProcess"
OPTIONS = {
    "max_detections": 3,
    "max_classes_per_detection": 1,
    "nms_score_threshold": 0.1,
    "nms_iou_threshold": 0.5,
    "num_classes": 2,
    "y_scale": 10.0,
    "x_scale": 10.0,
    "h_scale": 5.0,
    "w_scale": 5.0,
}


@pytest.mark.parametrize("code", ["NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5"])
@EXAMPLES
@given(data=st.data())
def test_non_max_suppression(code, data):
    oracle.assert_equal_to_litert(*draws.suppression(data.draw, code, "float32"))


@pytest.mark.parametrize("regular", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@EXAMPLES
@given(data=st.data())
def test_detection(dtype, regular, data):
    model, inputs = draws.detection(data.draw, dtype, regular)
    expected, outputs = oracle.run(model, inputs)
    ours, _ = oracle.octavo_run(model, inputs)
    count = int(expected[outputs[3]][0])
    assert ours[outputs[3]].tolist() == [count]
    places = ours[outputs[1]].shape[1]
    options = flexbuffers.Loads(bytes(read(model).subgraphs[0].operators[0].customOptions))
    each = 1 if regular else options["max_classes_per_detection"]
    for i in outputs[:3]:
        assert ours[i].shape == expected[i].shape
        oracle.assert_same(ours[i][:, : count * each], expected[i][:, : count * each])
        assert places == count * each or not ours[i][:, count * each :].any()


def head(options=None, shapes=((1, 6, 4), (1, 6, 3), (6, 4)), dtypes=("float32",) * 3, raw=None):
    net = Network()
    operands = [
        net.tensor(f"x{i}", shape, dtype, scale=0.1 if dtype == "uint8" else None)
        for i, (shape, dtype) in enumerate(zip(shapes, dtypes, strict=True))
    ]
    outputs = [net.tensor(f"y{i}", (1,), "float32") for i in range(4)]
    raw = bytes(flexbuffers.Dumps(OPTIONS | (options or {}))) if raw is None else raw
    net.op("CUSTOM", operands, outputs, custom_code=NAME, custom_options=raw)
    net.inputs, net.outputs = operands, outputs
    return net.build()


ERRORS = [
    ({"raw": b""}, "the options are no flexbuffer map, or a damaged one"),
    ({"raw": bytes(flexbuffers.Dumps([1, 2]))}, "the options are no flexbuffer map, or a damaged"),
    ({"options": {"num_classes": "two"}}, "option num_classes is no number"),
    (
        {"options": {"max_detections": 1 << 40}},
        "option max_detections is 1.09951e12, which an int32 does not hold",
    ),
    ({"options": {"max_detections": -1}}, "option max_detections is -1, should be at least 0"),
    (
        {"options": {"max_detections": 0, "use_regular_nms": True}},
        "option max_detections is 0, should be at least 1",
    ),
    (
        {"options": {"max_detections": 1 << 30, "max_classes_per_detection": 2}},
        "has 2147483648 places for detections",
    ),
    (
        {"options": {"max_classes_per_detection": 0}},
        "option max_classes_per_detection is 0, should be at least 1",
    ),
    ({"options": {"num_classes": 0}}, "option num_classes is 0, should be at least 1"),
    (
        {"options": {"num_classes": 1}},
        "class predictions have 3 scores a box, option num_classes is 1",
    ),
    (
        {"options": {"nms_iou_threshold": 0}},
        "option nms_iou_threshold is 0, should be above 0 and at most 1",
    ),
    (
        {"shapes": ((2, 6, 4), (1, 6, 3), (6, 4))},
        "box encodings have shape (2, 6, 4), should have a batch of 1 and 4 or more each",
    ),
    (
        {"shapes": ((1, 6, 4), (1, 5, 3), (6, 4))},
        "class predictions have shape (1, 5, 3), box encodings have (1, 6, 4)",
    ),
    (
        {"shapes": ((1, 6, 4), (1, 6, 3), (5, 4))},
        "anchors have shape (5, 4), should have 6 rows of 4",
    ),
    (
        {"dtypes": ("uint8", "float32", "float32")},
        'box encodings "x0" has type uint8, anchors "x2" has float32',
    ),
    (
        {"dtypes": ("int8", "float32", "int8")},
        'box encodings "x0" has type int8, should have float32 or uint8',
    ),
]


@pytest.mark.parametrize(("arguments", "text"), ERRORS)
def test_errors(arguments, text):
    interpreter = octavo.Interpreter(model_content=head(**arguments))
    with pytest.raises(RuntimeError, match=re.escape(f'{NAME} (node 0 "y0"): {text}')):
        interpreter.allocate_tensors()


def test_an_anchor_of_negative_size():
    anchors = np.float32([[0.5, 0.5, 1, 1]] * 5 + [[0.5, 0.5, -1, 1]])
    net = octavo.load(head())
    with pytest.raises(RuntimeError, match="a box has a negative size: its anchor has"):
        net(np.zeros((1, 6, 4)), np.ones((1, 6, 3)), anchors)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_options_of_any_bytes(data):
    raw = bytearray(flexbuffers.Dumps(OPTIONS))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.integers(0, 255))
    del raw[: data.draw(st.integers(0, 3))]
    interpreter = octavo.Interpreter(model_content=head(raw=bytes(raw)))
    with contextlib.suppress(RuntimeError):
        interpreter.allocate_tensors()


@pytest.mark.parametrize("width", [np.int8, np.int16, np.int32, np.int64])
def test_options_of_any_width(width):
    """A larger number makes all of a map wider."""
    filler = {"unused": int(np.iinfo(width).max)}
    interpreter = octavo.Interpreter(model_content=head(filler))
    interpreter.allocate_tensors()
    shapes = [d["shape"].tolist() for d in interpreter.get_output_details()]
    assert shapes == [[1, 3, 4], [1, 3], [1, 3], [1]]


def test_a_box_is_selected_once():
    """LiteRT selects a box without area again and again: nothing overlaps it."""
    net = Network()
    x, s = net.tensor("boxes", (3, 4), "float32"), net.tensor("scores", (3,), "float32")
    constants = [
        net.constant(f"c{i}", v)
        for i, v in enumerate([np.int32(3), np.float32(0.5), np.float32(0)])
    ]
    outputs = [net.tensor("selected", (3,), "int32"), net.tensor("count", (), "int32")]
    net.op("NON_MAX_SUPPRESSION_V4", [x, s, *constants], outputs)
    net.inputs, net.outputs = [x, s], outputs
    boxes = np.float32([[0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5], [2, 2, 3, 3]])
    inputs = {x: boxes, s: np.float32([0.5, 0.9, 0.7])}
    litert, _ = oracle.run(net.build(), inputs)
    assert litert[outputs[0]].tolist() == [1, 1, 1]
    ours, _ = oracle.octavo_run(net.build(), inputs)
    assert ours[outputs[0]].tolist() == [1, 2, 0]
    assert ours[outputs[1]] == 3


NMS_ERRORS = [
    ({"sigma": -1.0}, "soft_nms_sigma is -1, should not be below 0"),
    ({"most": -1}, "max_output_size is -1, should not be below 0"),
    ({"shape": (3, 5)}, "boxes have shape (3, 5), should have 4 columns"),
    ({"shape": (4, 4)}, "boxes have shape (4, 4), scores have (3)"),
]


@pytest.mark.parametrize(("arguments", "text"), NMS_ERRORS)
def test_suppression_errors(arguments, text):
    given = {"sigma": 0.0, "most": 2, "shape": (3, 4)} | arguments
    net = Network()
    x, s = net.tensor("boxes", given["shape"], "float32"), net.tensor("scores", (3,), "float32")
    values = [np.int32(given["most"]), np.float32(0.5), np.float32(0), np.float32(given["sigma"])]
    constants = [net.constant(f"c{i}", v) for i, v in enumerate(values)]
    outputs = [net.tensor(n, (2,), t) for n, t in [("i", "int32"), ("s", "float32")]]
    outputs.append(net.tensor("n", (), "int32"))
    net.op("NON_MAX_SUPPRESSION_V5", [x, s, *constants], outputs)
    net.inputs, net.outputs = [x, s], outputs
    with pytest.raises(RuntimeError, match=re.escape(f'_V5 (node 0 "i"): {text}')):
        oracle.octavo_run(net.build(), {})
