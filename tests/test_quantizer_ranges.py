"""Ranges that integer networks take: where they come from when data alone do not say."""

from __future__ import annotations

import numpy as np
import octavo
import pytest
import quantized
from octavo.flatbuffer import Network
from quantized import Builder, Graph

pytest.importorskip("ai_edge_litert")


# ---- Tensors that the data never gave a value ---------------------------------------------------


def emptied(b: Builder, x: int) -> int:
    """The first no rows of x: a tensor of shape (0, 8)."""
    begin, size = (b.net.constant(n, np.int32(v)) for n, v in (("b", [0, 0]), ("s", [0, 8])))
    return b.op("SLICE", x, begin, size, name="none", shape=(0, 8))


def test_what_was_always_empty_stays_float():
    b = Builder()
    x = b.input()
    y = b.op("TANH", b.dense(x), name="full")
    empty = b.op("TANH", emptied(b, x), name="empty", shape=(0, 8))
    joined = b.op("CONCATENATION", y, empty, name="joined", axis=0)
    model = b.build(joined, empty)
    data = quantized.samples(model)
    result = octavo.quantize(model, "int8", data)
    kept = {o.tensor: o.reason for o in result.summary.kept_float()}
    assert kept == {
        "none": 'has no range: the data never gave "none" a value',
        "empty": 'has no range: the data never gave "none" a value',
        "joined": 'has no range: the data never gave "empty" a value',
    }
    assert result.summary.counts() == {"int8": 2, "float": 3}
    [full, none] = quantized.run(bytes(result), data[0])
    assert none.shape == (0, 8)
    np.testing.assert_allclose(full, quantized.run(model, data[0])[0], atol=0.05)
    with pytest.raises(ValueError, match=r'cannot quantize.*TANH "empty" has no range: the data'):
        octavo.quantize(model, "int8-only", data)
    with pytest.raises(ValueError, match=r'never saw tensor .* "empty"'):
        octavo.quantize(model, "int8", data, output_type="int8")


# ---- Ranges that training has learned -----------------------------------------------------------


@pytest.mark.parametrize("with_data", [False, True])
def test_the_root_of_a_learned_square_has_its_range(with_data):
    """SQUARED_DIFFERENCE becomes SUB and MUL in 16x8. Its range was learned behind a RESHAPE."""
    net = Network()
    x, z, square = (net.tensor(name, (2, 3), "float32") for name in ("x", "z", "square"))
    flat, fake = (net.tensor(name, (6,), "float32") for name in ("flat", "fake"))
    inputs = []
    for t in (x, z):
        inputs.append(net.tensor("learned", (2, 3), "float32"))
        net.op("FAKE_QUANT", [t], [inputs[-1]], min=-2.0, max=2.0, num_bits=8)
    net.op("SQUARED_DIFFERENCE", inputs, [square])
    net.op("RESHAPE", [square, net.constant("shape", np.int32([6]))], [flat])
    net.op("FAKE_QUANT", [flat], [fake], min=0.0, max=9.0, num_bits=8)
    y = net.tensor("y", (6,), "float32")
    net.op("TANH", [fake], [y])
    net.inputs, net.outputs = [x, z], [y]
    model = net.build()
    data = [[np.float32([[1, 2, 1], [0, 1, 2]]), np.float32([[1, 0, 0], [1, 1, 1]])]]
    content = bytes(octavo.quantize(model, "16x8", data if with_data else None))
    graph = Graph(content)
    [difference] = graph.of("SUB")
    root = graph.results(difference)[0]
    assert graph.quantization(root) == ("int16", float(np.float32(3 / 32767)), 0)
    expected = np.tanh(np.square(data[0][0] - data[0][1]).reshape(-1))
    np.testing.assert_allclose(quantized.run(content, data[0])[0], expected, atol=1e-3)
