"""Operators that others stand for, where there are no kernels on the integers wanted."""

from __future__ import annotations

import numpy as np
import octavo
import pytest
import quantized
from octavo.flatbuffer import Network
from quantized import Graph

EPSILON = 1e-3


def layer_normalization() -> bytes:
    """As TensorFlow's converter writes it, over the last of 2 x 16 numbers."""
    net = Network()
    shape, one = (2, 16), (2, 1)
    x = net.tensor("x", shape, "float32")
    axis = net.constant("axis", np.int32([1]))
    mean, variance, square = (
        net.tensor(n, s, "float32") for n, s in zip("mvs", [one, one, shape], strict=True)
    )
    net.op("MEAN", [x, axis], [mean], keep_dims=True)
    net.op("SQUARED_DIFFERENCE", [x, mean], [square])
    net.op("MEAN", [square, axis], [variance], keep_dims=True)
    raised, scale = net.tensor("raised", one, "float32"), net.tensor("scale", one, "float32")
    net.op("ADD", [variance, net.constant("epsilon", np.float32(EPSILON))], [raised])
    net.op("RSQRT", [raised], [scale])
    centred, y = net.tensor("centred", shape, "float32"), net.tensor("y", shape, "float32")
    net.op("SUB", [x, mean], [centred])
    net.op("MUL", [centred, scale], [y])
    net.inputs, net.outputs = [x], [y]
    return net.build()


def samples(count: int = 50) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(1, 2, (1, 2, 16)).astype(np.float32)[0] for _ in range(count)]


def test_layer_normalization_is_integer_throughout():
    model = layer_normalization()
    result = octavo.quantize(model, "16x8", [[x] for x in samples()], fallback=False)
    graph = Graph(bytes(result))
    names = ["MEAN", "SUB", "MUL", "MEAN", "ADD", "RSQRT", "SUB", "MUL"]
    assert [n for n in graph.names if n not in ("QUANTIZE", "DEQUANTIZE")] == names
    assert result.summary.counts() == {"int16": 8}
    for x in samples(5):
        quantized.assert_litert_agrees(bytes(result), [x])
        [ours], [expected] = quantized.run(bytes(result), [x]), quantized.run(model, [x])
        np.testing.assert_allclose(ours, expected, atol=5e-3)


def test_int8_has_a_kernel_of_its_own():
    result = octavo.quantize(layer_normalization(), "int8", [[x] for x in samples()])
    assert "SQUARED_DIFFERENCE" in Graph(bytes(result)).names


def test_a_recipe_says_where():
    recipe = [{"operator": "SQUARED_DIFFERENCE", "mode": "16x8"}]
    data = [[x] for x in samples()]
    result = octavo.quantize(layer_normalization(), "int8", data, recipe=recipe)
    assert [o.operator for o in result.summary.operators if o.mode == "int16"] == ["SUB", "MUL"]
    recipe = [{"operator": "SQUARED_DIFFERENCE", "mode": "float"}]
    result = octavo.quantize(layer_normalization(), "16x8", data, recipe=recipe)
    [kept] = [o for o in result.summary.operators if o.mode == "float"]
    assert kept.operator == "SQUARED_DIFFERENCE"


@pytest.mark.parametrize("estimator", ["minmax", "percentile"])
def test_one_calibration_serves_all_modes(estimator):
    """It has not seen the root, whose range follows from that of the square."""
    model, data = layer_normalization(), [[x] for x in samples()]
    first = octavo.quantize(model, "int8", data, estimator=estimator)
    again = octavo.quantize(model, "16x8", calibration=first.calibration, estimator=estimator)
    assert bytes(again) == bytes(octavo.quantize(model, "16x8", data, estimator=estimator))
    graph = Graph(bytes(again))
    [root] = graph.results(graph.names.index("SUB"))
    [square] = graph.results(graph.names.index("MUL"))
    steps = [graph.quantization(t)[1] for t in (root, square)]
    assert (32767 * steps[0]) ** 2 == pytest.approx(32767 * steps[1])


@pytest.mark.parametrize("mode", ["int8-only", "16x8"])
@pytest.mark.parametrize(("operator", "function"), [("NEG", np.negative), ("SQUARE", np.square)])
def test_a_product_stands_for_it(mode, operator, function):
    net = Network()
    x, y = (net.tensor(name, (2, 16), "float32") for name in "xy")
    i, j = (net.tensor(name, (2,), "int32") for name in "ij")
    net.op(operator, [x], [y])
    net.op("NEG", [i], [j])
    net.inputs, net.outputs = [x, i], [y, j]
    data = [[v, np.int32([1, -2])] for v in samples()]
    types = {"input_type": "float32", "output_type": "float32"}
    result = octavo.quantize(net.build(), mode, data, **types)
    assert not result.summary.kept_float()
    content = bytes(result)
    assert Graph(content).names == ["QUANTIZE", "MUL", "NEG", "DEQUANTIZE"]
    quantized.assert_litert_agrees(content, data[0])
    ours, integers = quantized.run(content, data[0])
    expected = function(data[0][0])
    step = np.abs(function(samples())).max() * (2 / 255 if mode == "int8-only" else 2 / 32767)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=4 * step)
    np.testing.assert_array_equal(integers, [-1, 2])
