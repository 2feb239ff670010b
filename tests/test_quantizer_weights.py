"""The modes that make integers or halves of weights alone: dynamic range, int4, float16."""

from __future__ import annotations

import numpy as np
import octavo
import pytest
import quantized
from octavo import flatbuffer
from quantized import SHAPE, Builder, Graph, check, samples

pytest.importorskip("ai_edge_litert")


def large(weights_shape=(128, 8)):
    """Two weights of 1,024 and 1,016 elements."""
    b = Builder()
    y = b.op("FULLY_CONNECTED", b.input(), b.weights(*weights_shape), None, shape=(2, 128))
    return b.build(b.op("FULLY_CONNECTED", y, b.weights(7, 128), None, shape=(2, 7), name="small"))


@pytest.mark.parametrize("per_channel", [True, False])
def test_dynamic_range(per_channel):
    model = large()
    content = bytes(octavo.quantize(model, "dynamic", per_channel=per_channel))
    graph = Graph(content)
    first, second = (dict(graph.operands(n))[1] for n in graph.of("FULLY_CONNECTED"))
    assert [graph.dtype(first), graph.dtype(second)] == ["int8", "float32"]
    assert len(set(graph.graph.tensors[first].quantization.scale)) == (128 if per_channel else 1)
    x = samples(model)[0]
    quantized.assert_litert_agrees(content, x, keep_all=False)
    np.testing.assert_allclose(quantized.run(content, x)[0], quantized.run(model, x)[0], atol=0.2)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("units", [128, 127])
def test_int4_weights(per_channel, units):
    """Of FULLY_CONNECTED, in half the bytes; other operators' are int8."""
    b = Builder()
    x = b.input(shape=(1, 1, 1, 33))
    y = b.op(
        *("CONV_2D", x, b.weights(33, 1, 1, 33), b.weights(33)),
        **{"shape": (1, 1, 1, 33), "padding": "SAME", "stride_w": 1, "stride_h": 1},
    )
    y = b.op("FULLY_CONNECTED", y, b.weights(units, 33), b.weights(units), shape=(1, units))
    model = b.build(y)
    result = octavo.quantize(model, "dynamic-int4", per_channel=per_channel)
    assert result.summary.counts() == {"dynamic": 1, "dynamic-int4": 1}
    graph = Graph(bytes(result))
    filters = [dict(graph.operands(n))[1] for n in (0, 1)]
    assert [graph.dtype(f) for f in filters] == ["int8", "int4"]
    weights = graph.graph.tensors[filters[1]]
    assert len(weights.quantization.scale) == units  # LiteRT reads one for each regardless
    assert len(set(weights.quantization.scale)) == (units if per_channel else 1)
    stored = graph.model.buffers[weights.buffer].data
    assert len(stored) == (units * 33 + 1) // 2
    assert np.abs(flatbuffer.unpack_bits(stored, (units, 33), bits=4)).max() == 7

    x = samples(model)[0]
    expected = quantized.run(model, x)[0]
    peak = np.abs(expected).max()
    found = quantized.run(bytes(result), x)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.15 * peak)
    inputs = dict(zip(graph.inputs, x, strict=True))
    for resolver in ("BUILTIN_REF", "AUTO"):  # the other one is XNNPACK
        litert, outputs = quantized.oracle.run(bytes(result), inputs, resolver=resolver)
        np.testing.assert_allclose(litert[outputs[0]], found, rtol=0, atol=0.02 * peak)
    # And back: the float network that it stands for.
    restored = bytes(octavo.quantize(bytes(result), "float"))
    np.testing.assert_allclose(quantized.run(restored, x)[0], found, rtol=0, atol=0.02 * peak)


@pytest.mark.parametrize(
    ("mode", "stored"),
    [
        ("dynamic", "int8"),
        ("dynamic-int4", "int4"),
        ("float16", "float16"),
        ("int8", "int8"),
        ("16x8", "int8"),
    ],
)
def test_weights_of_a_loop(mode, stored):
    rng = np.random.default_rng(0)
    net = flatbuffer.Network()
    condition, body = net.subgraph("condition"), net.subgraph("body")
    for g in (net, condition, body):
        g.inputs = [g.tensor("times", (1,), "int32"), g.tensor("x", (1, 32), "float32")]
        g.outputs = [g.tensor("left", (1,), "int32"), g.tensor("y", (1, 32), "float32")]
    truth = condition.tensor("truth", (1,), "bool")
    condition.op("GREATER", [condition.inputs[0], condition.constant("0", np.int32([0]))], [truth])
    condition.outputs = [truth]
    body.op("SUB", [body.inputs[0], body.constant("1", np.int32([1]))], body.outputs[:1])
    w = body.constant("w", rng.normal(0, 0.2, (32, 32)).astype(np.float32))
    body.op("FULLY_CONNECTED", [body.inputs[1], w], body.outputs[1:])
    net.op("WHILE", net.inputs, net.outputs, cond_subgraph_index=1, body_subgraph_index=2)
    model, x = net.build(), [np.int32([3]), rng.normal(size=(1, 32)).astype(np.float32)]
    result = octavo.quantize(model, mode, [x], fallback=True)
    graph = Graph(bytes(result), subgraph=2)
    weights = graph.operands(graph.of("FULLY_CONNECTED")[0])[1][1]
    assert graph.dtype(weights) == stored or stored == "float16"  # which a DEQUANTIZE widens
    assert stored in {graph.dtype(t) for t in range(len(graph.graph.tensors))}
    expected = quantized.run(model, x)[1]
    found = quantized.run(bytes(result), x)[1]
    bound = {"int8": 0.02, "int4": 0.3, "float16": 1e-3}[stored]
    np.testing.assert_allclose(found, expected, rtol=0, atol=bound * np.abs(expected).max())


@pytest.mark.parametrize(("dtype", "least", "most"), [("int2", -2, 1), ("uint8", -128, 127)])
def test_weights_of_other_writers(dtype, least, most):
    """The float network that they stand for; uint8 holds int8, as the first converters wrote it."""
    rng = np.random.default_rng(0)
    values = rng.integers(least, most, (5, 16), np.int8, endpoint=True)
    net = flatbuffer.Network()
    x, y = net.tensor("x", (3, 16), "float32"), net.tensor("y", (3, 5), "float32")
    stored = values.view(np.uint8) if dtype == "uint8" else values
    w = net.tensor("w", (5, 16), dtype, data=stored, scale=0.25)
    net.op("FULLY_CONNECTED", [x, w], [y], asymmetric_quantize_inputs=True)
    net.inputs, net.outputs = [x], [y]
    restored = bytes(octavo.quantize(net.build(), "float"))
    given = rng.normal(size=(3, 16)).astype(np.float32)
    expected = given @ (0.25 * values.T.astype(np.float32))
    np.testing.assert_allclose(quantized.run(restored, [given])[0], expected, rtol=1e-4, atol=1e-4)


def test_uint8_weights_with_a_zero_point():
    """Those are no int8: they stand for the numbers that their quantization says."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 256, (5, 16)).astype(np.uint8)
    net = flatbuffer.Network()
    x, y = net.tensor("x", (3, 16), "float32"), net.tensor("y", (3, 5), "float32")
    w = net.tensor("w", (5, 16), "uint8", data=values, scale=0.25, zero_point=128)
    net.op("FULLY_CONNECTED", [x, w], [y])
    net.inputs, net.outputs = [x], [y]
    restored = bytes(octavo.quantize(net.build(), "float"))
    given = rng.normal(size=(3, 16)).astype(np.float32)
    expected = given @ (0.25 * (values.T.astype(np.float32) - 128))
    np.testing.assert_allclose(quantized.run(restored, [given])[0], expected, rtol=1e-4, atol=1e-3)


def test_int4_weights_by_recipe():
    model = large((128, 8))
    entry = {"operator": "FULLY_CONNECTED", "mode": "dynamic-int4"}
    by_recipe = octavo.quantize(model, "float", recipe=[entry])
    assert bytes(by_recipe) == bytes(octavo.quantize(model, "dynamic-int4"))
    assert by_recipe.summary.counts() == {"dynamic-int4": 1, "float": 1}


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("operator", ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"])
def test_dynamic_range_of_convolutions(operator, per_channel):
    b = Builder()
    x = b.input(shape=(1, 6, 6, 128))
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    if operator == "DEPTHWISE_CONV_2D":
        operands = [x, b.weights(1, 3, 3, 128), b.weights(128)]
        options["depth_multiplier"] = 1
    elif operator == "CONV_2D":
        operands = [x, b.weights(128, 1, 1, 128), b.weights(128)]
    else:
        shape = b.net.constant("s", np.int32([1, 6, 6, 128]))
        operands = [shape, b.weights(128, 1, 1, 128), x]
    model = b.build(b.op(operator, *operands, shape=(1, 6, 6, 128), **options))
    content = bytes(octavo.quantize(model, "dynamic", per_channel=per_channel))
    graph = Graph(content)
    expected = ["DEQUANTIZE", operator] if operator == "TRANSPOSE_CONV" else [operator]
    assert graph.names == expected
    x = samples(model)[0]
    reference = quantized.run(model, x)[0]
    graph_inputs = dict(zip(graph.inputs, x, strict=True))
    litert, outputs = quantized.oracle.run(content, graph_inputs)
    limit = 0.02 * np.abs(reference).max()  # LiteRT's hybrid kernels differ by as much
    np.testing.assert_allclose(litert[outputs[0]], reference, rtol=0, atol=limit)
    np.testing.assert_allclose(quantized.run(content, x)[0], reference, rtol=0, atol=limit)


def test_float16():
    model = large()
    content = bytes(octavo.quantize(model, "float16"))
    graph = Graph(content)
    assert graph.names == ["DEQUANTIZE"] * 2 + ["FULLY_CONNECTED"] * 2
    assert [graph.dtype(graph.operands(n)[0][1]) for n in (0, 1)] == ["float16"] * 2
    x = samples(model)[0]
    quantized.assert_litert_agrees(content, x)
    # And back: float16 is a source like any other.
    restored = bytes(octavo.quantize(content, "float"))
    assert Graph(restored).names == ["FULLY_CONNECTED"] * 2
    np.testing.assert_array_equal(quantized.run(restored, x)[0], quantized.run(content, x)[0])
    check(content, "int8")


def test_float16_saturates():
    b = Builder()
    c = b.net.constant("c", np.float32([1e6, -1e6, 1, 0, 1, 1, 1, 1]))
    content = bytes(octavo.quantize(b.build(b.op("MUL", b.input(), c)), "float16"))
    ones = [np.ones(SHAPE, np.float32)]
    np.testing.assert_array_equal(quantized.run(content, ones)[0][0, :3], [65504, -65504, 1])


@pytest.mark.parametrize("per_channel", [True, False])
def test_dynamic_range_is_a_source(per_channel):
    model = large()
    dynamic = bytes(octavo.quantize(model, "dynamic", per_channel=per_channel))
    restored = bytes(octavo.quantize(dynamic, "float"))
    graph = Graph(restored)
    weights = [graph.constant(dict(graph.operands(n))[1]) for n in graph.of("FULLY_CONNECTED")]
    original = Graph(model)
    for n, ours in zip(original.of("FULLY_CONNECTED"), weights, strict=True):
        theirs = original.constant(dict(original.operands(n))[1])
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.01)
    check(dynamic, "int8-only")


def test_per_tensor_weights():
    b = Builder()
    model = b.build(b.dense(b.input(), bias=b.weights(8)))
    content = bytes(octavo.quantize(model, "int8", samples(model), per_channel=False))
    graph = Graph(content)
    weights = dict(graph.operands(graph.of("FULLY_CONNECTED")[0]))[1]
    assert len(graph.graph.tensors[weights].quantization.scale) == 1
    quantized.assert_litert_agrees(content, samples(model)[0])


@pytest.mark.parametrize("mode", ["int8", "16x8"])
def test_a_bias_of_several_dimensions_becomes_a_vector(mode):
    b = Builder()
    bias = b.net.constant("bias", b.rng.normal(0, 1, (1, 1, 8)).astype(np.float32))
    graph = check(b.build(b.dense(b.input(), bias=bias)), mode)
    [dense] = graph.of("FULLY_CONNECTED")
    assert graph.graph.tensors[dict(graph.operands(dense))[2]].shape.tolist() == [8]
