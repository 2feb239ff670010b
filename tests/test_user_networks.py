"""Networks of the kinds that users bring, in float32 and in integers, against LiteRT."""

from __future__ import annotations

import numpy as np
import octavo
import oracle
import pytest
from flatbuffers import flexbuffers
from octavo.flatbuffer import Network

SAME = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
HALF = {"padding": "SAME", "stride_w": 2, "stride_h": 2}


class Builder:
    """A float network, layer by layer, with random weights."""

    def __init__(self, shape):
        self.net = Network()
        self.rng = np.random.default_rng(0)
        self.shapes = {}
        self.x = self._tensor("x", shape)

    def _tensor(self, name, shape, dtype="float32"):
        t = self.net.tensor(name, shape, dtype)
        self.shapes[t] = tuple(shape)
        return t

    def constant(self, array):
        t = self.net.constant("c", array)
        self.shapes[t] = np.shape(array)
        return t

    def normal(self, *shape):
        """Of a size that keeps activations near 1."""
        deviation = 1 / np.sqrt(max(np.prod(shape[1:]), 1))
        return self.constant(self.rng.normal(0, deviation, shape).astype(np.float32))

    def op(self, code, inputs, shape, dtype="float32", **options):
        y = self._tensor(code.lower(), shape, dtype)
        self.net.op(code, inputs, [y], **options)
        return y

    def conv(self, t, channels, size=3, stride=SAME, activation="RELU6"):
        _, h, w, depth = self.shapes[t]
        filters, bias = self.normal(channels, size, size, depth), self.normal(channels)
        h, w = (-(-n // stride["stride_h"]) for n in (h, w))
        options = {**stride, "fused_activation_function": activation}
        return self.op("CONV_2D", [t, filters, bias], (1, h, w, channels), **options)

    def depthwise(self, t, stride=SAME):
        _, h, w, depth = self.shapes[t]
        filters = self.constant(self.rng.normal(0, 0.4, (1, 3, 3, depth)).astype(np.float32))
        h, w = (-(-n // stride["stride_h"]) for n in (h, w))
        options = {**stride, "depth_multiplier": 1, "fused_activation_function": "RELU6"}
        return self.op(
            "DEPTHWISE_CONV_2D", [t, filters, self.normal(depth)], (1, h, w, depth), **options
        )

    def prelu(self, t):
        depth = self.shapes[t][-1]
        alpha = self.constant(self.rng.uniform(0, 0.4, (1, 1, depth)).astype(np.float32))
        return self.op("PRELU", [t, alpha], self.shapes[t])

    def reshape(self, t, shape):
        return self.op("RESHAPE", [t, self.constant(np.int32(shape))], shape, new_shape=shape)

    def dense(self, t, units):
        *rows, depth = self.shapes[t]
        operands = [t, self.normal(units, depth), self.normal(units)]
        return self.op("FULLY_CONNECTED", operands, (*rows, units), keep_num_dims=True)

    def build(self, *outputs):
        self.net.inputs, self.net.outputs = [self.x], list(outputs)
        return self.net.build()


def segmentation():
    """An encoder, a decoder that makes its image large again, and the best class of each pixel."""
    b = Builder((1, 16, 16, 3))
    skip = b.conv(b.x, 8, stride=HALF)
    deep = b.conv(b.depthwise(skip, HALF), 12, size=1)
    up = b.op(
        "RESIZE_BILINEAR", [deep, b.constant(np.int32([8, 8]))], (1, 8, 8, 12),
        half_pixel_centers=True,
    )  # fmt: skip
    joined = b.op("CONCATENATION", [up, skip], (1, 8, 8, 20), axis=3)
    logits = b.conv(joined, 5, size=1, activation="NONE")
    large = b.op(
        "RESIZE_BILINEAR", [logits, b.constant(np.int32([16, 16]))], (1, 16, 16, 5),
        half_pixel_centers=True,
    )  # fmt: skip
    best = b.op(
        "ARG_MAX", [large, b.constant(np.int32(3))], (1, 16, 16), "int32", output_type="INT32"
    )
    return b.build(best, large)


def pose():
    """Heatmaps of joints and offsets of their places."""
    b = Builder((1, 16, 16, 3))
    trunk = b.conv(b.depthwise(b.conv(b.x, 8, stride=HALF), HALF), 16, size=1)
    heat = b.conv(trunk, 17, size=1, activation="NONE")
    heat = b.op("LOGISTIC", [heat], b.shapes[heat])
    return b.build(heat, b.conv(trunk, 34, size=1, activation="NONE"))


def face_mesh():
    """PRELU blocks that add what they began with, padded in channels, and points at the end."""
    b = Builder((1, 16, 16, 3))
    t = b.prelu(b.conv(b.x, 8, stride=HALF, activation="NONE"))
    block = b.conv(b.depthwise(t), 8, size=1, activation="NONE")
    t = b.prelu(b.op("ADD", [block, t], b.shapes[t]))
    pooled = b.op("MAX_POOL_2D", [t], (1, 4, 4, 8), **HALF, filter_width=2, filter_height=2)
    padding = b.constant(np.int32([[0, 0], [0, 0], [0, 0], [0, 8]]))
    wide = b.op("PAD", [pooled, padding], (1, 4, 4, 16))
    block = b.conv(b.depthwise(t, HALF), 16, size=1, activation="NONE")
    t = b.prelu(b.op("ADD", [block, wide], (1, 4, 4, 16)))
    points = b.conv(t, 30, size=4, stride={**HALF, "padding": "SAME"}, activation="NONE")
    return b.build(b.reshape(points, (1, 120)))


def attention():
    """A layer with two heads, and SOFTMAX over what each attends to."""
    b = Builder((1, 6, 16))
    heads = []
    for _ in range(3):
        t = b.reshape(b.dense(b.x, 16), (1, 6, 2, 8))
        order = b.constant(np.int32([0, 2, 1, 3]))
        heads.append(b.op("TRANSPOSE", [t, order], (1, 2, 6, 8)))
    query, key, value = heads
    scores = b.op("BATCH_MATMUL", [query, key], (1, 2, 6, 6), adj_y=True)
    scores = b.op("MUL", [scores, b.constant(np.float32(8**-0.5))], (1, 2, 6, 6))
    shares = b.op("SOFTMAX", [scores], (1, 2, 6, 6), beta=1.0)
    mixed = b.op("BATCH_MATMUL", [shares, value], (1, 2, 6, 8))
    order = b.constant(np.int32([0, 2, 1, 3]))
    joined = b.reshape(b.op("TRANSPOSE", [mixed, order], (1, 6, 2, 8)), (1, 6, 16))
    return b.build(b.op("ADD", [b.x, b.dense(joined, 16)], (1, 6, 16)))


def detection():
    """SSD: heads on two feature maps, joined, and TFLite_Detection_PostProcess."""
    b = Builder((1, 16, 16, 3))
    maps = [b.conv(b.x, 8, stride=HALF)]
    maps.append(b.conv(b.depthwise(maps[0], HALF), 12, size=1))
    boxes, scores = [], []
    for t in maps:
        _, h, w, _ = b.shapes[t]
        boxes.append(b.reshape(b.conv(t, 8, activation="NONE"), (1, h * w * 2, 4)))
        scores.append(b.reshape(b.conv(t, 8, activation="NONE"), (1, h * w * 2, 4)))
    anchors = sum(b.shapes[t][1] for t in boxes)
    encodings = b.op("CONCATENATION", boxes, (1, anchors, 4), axis=1)
    logits = b.op("CONCATENATION", scores, (1, anchors, 4), axis=1)
    classes = b.op("LOGISTIC", [logits], (1, anchors, 4))
    places = b.constant(b.rng.uniform(0.1, 0.9, (anchors, 4)).astype(np.float32))
    outputs = [
        b._tensor(name, shape)
        for name, shape in {
            "boxes": (1, 10, 4),
            "classes": (1, 10),
            "scores": (1, 10),
            "count": (1,),
        }.items()
    ]
    options = {
        "max_detections": 10,
        "max_classes_per_detection": 1,
        "use_regular_nms": True,
        "nms_score_threshold": 0.4,
        "nms_iou_threshold": 0.5,
        "num_classes": 3,
        "y_scale": 10.0,
        "x_scale": 10.0,
        "h_scale": 5.0,
        "w_scale": 5.0,
    }
    b.net.op(
        "CUSTOM",
        [encodings, classes, places],
        outputs,
        custom_code="TFLite_Detection_PostProcess",
        custom_options=bytes(flexbuffers.Dumps(options)),
    )
    return b.build(*outputs)


NETWORKS = [segmentation, pose, face_mesh, attention, detection]


def samples(model, count):
    shape = [1 if d is None else d for d in octavo.load(model).inputs[0].shape]
    rng = np.random.default_rng(7)
    return [rng.normal(0, 1, shape).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("network", NETWORKS)
def test_float(network):
    model = network()
    for x in samples(model, 5):
        oracle.assert_equal_to_litert(model, {0: x})


@pytest.mark.parametrize("mode", ["int8", "16x8", "dynamic"])
@pytest.mark.parametrize("network", NETWORKS)
def test_quantized(network, mode):
    model = network()
    data = samples(model, 20)
    quantized = octavo.quantize(model, mode, [[x] for x in data], fallback=True)
    integers = {o.operator for o in quantized.summary.operators if o.mode != "float"}
    if mode != "dynamic":
        assert {"CONV_2D", "FULLY_CONNECTED"} & integers
        for x in data[:5]:
            oracle.assert_equal_to_litert(bytes(quantized), {0: x})
    # However it is quantized, it computes nearly what the float network does.
    ours, expected = (main_output(octavo.load(m)(data[0])) for m in (bytes(quantized), model))
    assert np.abs(ours - expected).max() < 0.15 * np.abs(expected).max()


def main_output(result):
    """Of several outputs the one of real numbers that says most."""
    if not isinstance(result, dict):
        return result
    names = ("resize_bilinear", "scores", "logistic")
    return next(value for key, value in result.items() if key.startswith(names))
