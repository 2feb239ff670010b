"""Networks trained for quantization become integer networks with the ranges that they learned."""

from __future__ import annotations

import numpy as np
import octavo
import oracle
import pytest
from octavo.flatbuffer import Network
from octavo.quantizer.source import scales_of
from quantized import Graph

RANGES = {"x": (-1.5, 2.25), "c": (0.0, 3.5), "f": (-6.25, 4.0)}


class Training:
    """A small image classifier as training leaves it: weights on grids, FAKE_QUANT behind each
    weight and activation."""

    def __init__(self, folded: bool = False, without: tuple[str, ...] = ()) -> None:
        rng = np.random.default_rng(0)
        self.net = Network()
        self.folded, self.without = folded, without
        net = self.net
        x = net.tensor("x", (1, 6, 6, 2), "float32", shape_signature=(-1, 6, 6, 2))
        conv = self.weights("cw", rng.normal(0, 0.3, (4, 3, 3, 2)), 0.75)
        dense = self.weights("fw", rng.normal(0, 0.2, (3, 64)), 0.5)
        b = net.constant("cb", rng.normal(0, 0.2, 4).astype(np.float32))
        e = net.constant("fb", rng.normal(0, 0.2, 3).astype(np.float32))
        c = self.op("CONV_2D", "c", [self.fake(x, "x"), conv, b], (1, 4, 4, 4), padding="VALID",
                    stride_w=1, stride_h=1, fused_activation_function="RELU")  # fmt: skip
        shape = net.constant("shape", np.int32([-1, 64]))
        r = net.tensor("r", (1, 64), "float32", shape_signature=(-1, 64))
        net.op("RESHAPE", [c, shape], [r])
        f = self.op("FULLY_CONNECTED", "f", [r, dense, e], (1, 3))
        y = net.tensor("y", (1, 3), "float32", shape_signature=(-1, 3))
        net.op("SOFTMAX", [f], [y], beta=1.0)
        net.inputs, net.outputs = [x], [y]

    def weights(self, name, values, limit):
        step = np.float32(limit / 127)
        grid = np.clip(np.round(values / step), -127, 127)
        on_grid = (grid * step).astype(np.float32)
        if self.folded:
            return self.net.constant(name, on_grid)
        w = self.net.constant(f"{name} float", (on_grid + step * 0.3).astype(np.float32))
        fake = self.net.tensor(name, values.shape, "float32")
        options = {"min": -limit, "max": limit, "num_bits": 8, "narrow_range": True}
        self.net.op("FAKE_QUANT", [w], [fake], **options)
        return fake

    def fake(self, t, name):
        if name in self.without:
            return t
        shape = self.net.model().subgraphs[0].tensors[t].shape
        out = self.net.tensor(
            f"{name} quantized", shape, "float32", shape_signature=[-1, *shape[1:]]
        )
        low, high = RANGES[name]
        self.net.op("FAKE_QUANT", [t], [out], min=low, max=high, num_bits=8)
        return out

    def op(self, code, name, inputs, shape, **options):
        out = self.net.tensor(name, shape, "float32", shape_signature=(-1, *shape[1:]))
        self.net.op(code, inputs, [out], **options)
        return self.fake(out, name)


IMAGES = np.random.default_rng(1).normal(0, 0.7, (40, 6, 6, 2)).astype(np.float32)


@pytest.mark.parametrize("mode", ["int8", "int8-only", "16x8"])
def test_learned_ranges_are_those_of_the_integer_network(mode):
    quantized = octavo.quantize(Training().net.build(), mode)
    assert quantized.calibration is None
    graph = Graph(bytes(quantized))
    assert "FAKE_QUANT" not in graph.names
    dtype = "int16" if mode == "16x8" else "int8"
    for operator, name in (("CONV_2D", "c"), ("FULLY_CONNECTED", "f")):
        [n] = [i for i, o in enumerate(graph.names) if o == operator]
        low, high = RANGES[name]
        exact = max(-low, high) / 32767 if dtype == "int16" else (high - low) / 255
        found, scale, zero = graph.quantization(graph.results(n)[0])
        assert (found, scale) == (dtype, float(np.float32(exact)))
        assert zero == (0 if dtype == "int16" else int(np.floor(-128 - low / scale + 0.5)))
        weights = graph.operands(n)[1][1]
        limit = 0.75 if operator == "CONV_2D" else 0.5
        scales = scales_of(graph.graph.tensors[weights])
        np.testing.assert_array_equal(scales, np.float32(limit / 127))


@pytest.mark.parametrize(
    ("mode", "images", "kept_real", "tolerance"),
    [
        # A logit's step is 0.04, a probability's 1/256.
        ("int8", IMAGES, (), 0.015),
        ("int8-only", IMAGES, (), 0.015),
        # Of far smaller steps, and ranges that reach as far to both sides.
        ("16x8", IMAGES * 0.3, tuple(RANGES), 0.002),
    ],
)
def test_integers_compute_what_was_trained(mode, images, kept_real, tolerance):
    model = bytes(octavo.quantize(Training().net.build(), mode))
    trained = octavo.load(Training(folded=True, without=kept_real).net.build())(images)
    graph = Graph(model)
    [x] = graph.inputs
    for image, expected in zip(images, trained, strict=True):
        given = image[None]
        if mode == "int8-only":
            _, scale, zero = graph.quantization(x)
            given = np.clip(np.round(given / scale) + zero, -128, 127).astype(np.int8)
        oracle.assert_equal_to_litert(model, {x: given})
        ours = octavo.load(model)(image[None])[0]
        np.testing.assert_allclose(ours, expected, atol=tolerance)


def test_data_fills_what_is_missing():
    content = Training(without=("f",)).net.build()
    with pytest.raises(ValueError, match='tensor "f" has no range that training has learned: give'):
        octavo.quantize(content, "int8")
    quantized = octavo.quantize(content, "int8", [[image[None]] for image in IMAGES])
    assert quantized.calibration is not None
    graph = Graph(bytes(quantized))
    [n] = [i for i, o in enumerate(graph.names) if o == "CONV_2D"]
    assert graph.quantization(graph.results(n)[0])[1] == float(np.float32(3.5 / 255))


def test_other_modes_keep_what_was_trained():
    content = Training(folded=True).net.build()
    for mode in ("float", "float16"):
        assert "FAKE_QUANT" in Graph(bytes(octavo.quantize(content, mode))).names


@pytest.mark.parametrize("operator", ["GATHER", "DIV"])
def test_what_definitions_say_needs_no_data(operator):
    """A LOGISTIC is at most 1, which decides what becomes of what reads it."""
    net = Network()
    x, fake, y, z, last = (
        net.tensor(name, (3,), "float32") for name in ("x", "fake", "y", "z", "last")
    )
    net.op("FAKE_QUANT", [x], [fake], min=-4.0, max=4.0, num_bits=8)
    net.op("LOGISTIC", [fake], [y])
    other = net.constant("c", np.int32([2, 0, 1]) if operator == "GATHER" else np.ones(3, "f4"))
    net.op(operator, [y, other], [z])
    net.op("FAKE_QUANT", [z], [last], min=0.0, max=1.0, num_bits=8)
    net.inputs, net.outputs = [x], [last]
    result = octavo.quantize(net.build(), "int8")
    assert {o.operator: o.mode for o in result.summary.operators}[operator] == "int8"
    assert result.calibration is None


@pytest.mark.parametrize(("operator", "mode"), [("LESS", "int8"), ("DIV", "float")])
def test_a_range_reaches_what_decides_by_it(operator, mode):
    """Through a RESHAPE, whose result has none of its own: no data is asked for."""
    net = Network()
    x, flat = net.tensor("x", (2, 3), "float32"), net.tensor("flat", (6,), "float32")
    fake, last = net.tensor("fake", (2, 3), "float32"), net.tensor("last", (6,), "float32")
    net.op("FAKE_QUANT", [x], [fake], min=0.0, max=4.0, num_bits=8)
    net.op("RESHAPE", [fake, net.constant("shape", np.int32([6]))], [flat])
    y = net.tensor("y", (6,), "bool" if operator == "LESS" else "float32")
    limit = net.constant("limit", np.full(6, 2.0, np.float32))
    net.op(operator, [limit, flat], [y])
    net.op("RESHAPE", [flat, net.constant("same", np.int32([6]))], [last])
    net.inputs, net.outputs = [x], [y, last]
    result = octavo.quantize(net.build(), "int8")
    modes = {o.operator: o.mode for o in result.summary.operators}
    assert modes == {"RESHAPE": "int8", operator: mode}
    value = np.float32([[0.5, 1, 1.5], [2.5, 3, 4]])
    found = octavo.load(bytes(result))(value)["y"]
    expected = value > 2 if operator == "LESS" else 2 / value
    np.testing.assert_allclose(found, expected.ravel(), rtol=0.02)
