"""Detections: boxes of which those that overlap a better one are left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from flatbuffers import flexbuffers
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from single_op import Array

from draws import generator

# Of few values, so that there are equals, or of many.
STEPS = st.sampled_from([4, 1000])


def boxes(rng: np.random.Generator, count: int, steps: int) -> Array:
    """Corners (y, x) of boxes that overlap; opposite ones in any order."""
    corner = rng.integers(0, steps, (count, 2)) / steps
    size = rng.integers(1, steps, (count, 2)) / steps
    pair = np.stack([corner, corner + size], 1)
    swapped = rng.random((count, 1, 2)) < 0.2
    return np.where(swapped, pair[:, ::-1], pair).reshape(count, 4).astype(np.float32)


@generator("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5")
def suppression(draw: st.DrawFn, code: str, dtype: str) -> tuple[bytes, dict[int, Array]]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, steps = draw(st.integers(0, 40)), draw(STEPS)
    most = np.int32(draw(st.integers(0, 50)))
    scores = rng.integers(-1, steps, count) / steps
    numpy_type = "int8" if dtype == "int4" else dtype
    net = Network()
    values = {
        net.tensor("boxes", (count, 4), dtype): boxes(rng, count, steps).astype(numpy_type),
        net.tensor("scores", (count,), dtype): scores.astype(numpy_type),
    }
    operands = [*values, net.constant("most", most)]
    overlap, score = st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.sampled_from([-1.0, 0.0, 0.5])
    thresholds = [draw(overlap), draw(score)]
    if code.endswith("V5"):
        thresholds.append(draw(st.sampled_from([0.0, 0.5])))
    for i, value in enumerate(thresholds):
        scalar = net.tensor(f"t{i}", (), "float32")
        operands.append(scalar)
        values[scalar] = np.array(value, np.float32)
    outputs = [net.tensor("selected", (most,), "int32")]
    if code.endswith("V5"):
        outputs.append(net.tensor("kept", (most,), "float32"))
    outputs.append(net.tensor("count", (), "int32"))
    net.op(code, operands, outputs)
    net.inputs, net.outputs = list(values), outputs
    return net.build(), values


def detection(
    draw: st.DrawFn, dtype: str, regular: bool, **options: Any
) -> tuple[bytes, dict[int, Array]]:
    """TFLite_Detection_PostProcess. What is behind the detections LiteRT leaves as it was."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, classes, steps = draw(st.integers(1, 30)), draw(st.integers(1, 9)), draw(STEPS)
    background, more = draw(st.integers(0, 1)), draw(st.integers(0, 3))
    most = draw(st.integers(1, 40))
    options = {
        "max_detections": most,
        "max_classes_per_detection": draw(st.integers(1, classes)),
        "nms_score_threshold": draw(st.sampled_from([-1.0, 0.0, 0.3, 0.9])),
        "nms_iou_threshold": draw(st.sampled_from([0.1, 0.5, 1.0])),
        "num_classes": classes,
        **{f"{c}_scale": float(draw(st.sampled_from([1, 5, 10]))) for c in "yxhw"},
        **options,
    }
    if regular or draw(st.booleans()):
        options["use_regular_nms"] = regular
    if draw(st.booleans()):
        options["detections_per_class"] = draw(st.integers(1, 20))
    net = Network()
    values = {}

    def operand(name: str, array: Array) -> int:
        quantization = {}
        if dtype == "uint8":
            scale = float(np.float32(np.abs(array).max() / 100 + 0.01))
            low = min(float(array.min()), 0.0)
            quantization = {"scale": scale, "zero_point": int(np.clip(-low / scale, 0, 255))}
            array = np.clip(np.round(array / scale) + quantization["zero_point"], 0, 255)
        index = net.tensor(name, array.shape, dtype, **quantization)
        values[index] = array.astype(dtype)
        return index

    encodings = rng.integers(-steps, steps, (1, count, 4 + more)) / steps
    scores = rng.integers(0, steps, (1, count, classes + background)) / steps
    anchors = rng.integers(1, steps + 1, (count, 4)) / steps
    operands = [operand("boxes", encodings), operand("scores", scores), operand("anchors", anchors)]
    places = most * options["max_classes_per_detection"]
    shapes = [(1, places, 4), (1, places), (1, places), (1,)]
    outputs = [net.tensor(f"y{i}", shape, "float32") for i, shape in enumerate(shapes)]
    net.op(
        "CUSTOM",
        operands,
        outputs,
        custom_code="TFLite_Detection_PostProcess",
        custom_options=bytes(flexbuffers.Dumps(options)),
    )
    net.inputs, net.outputs = operands, outputs
    return net.build(), values
