"""Networks of several operators: which share a scale, what is converted where."""

from __future__ import annotations

import numpy as np
import octavo
import pytest
import quantized
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo import flatbuffer
from octavo.flatbuffer import Network
from quantized import SHAPE, Builder, Graph, check, samples

pytest.importorskip("ai_edge_litert")

MODES = [("int8", "int8"), ("int8-only", "int8"), ("16x8", "int16")]


both = pytest.mark.parametrize(("mode", "dtype"), MODES)


# ---- Shared scales ------------------------------------------------------------------------------


@both
def test_concatenation_of_a_fixed_and_a_free_scale(mode, dtype):
    b = Builder()
    x = b.input()
    parts = [b.op("LOGISTIC", x), b.dense(x)]
    y = b.op("CONCATENATION", *parts, shape=(2, 16), axis=1)
    graph = check(b.build(y), mode)
    logistic, concatenation = graph.of("LOGISTIC")[0], graph.of("CONCATENATION")[0]
    fixed = graph.quantization(graph.results(logistic)[0])[1:]
    assert fixed == quantized.FIXED["LOGISTIC"][dtype]
    # The dense layer writes in the common scale, the logistic is converted to it.
    makers = [graph.names[graph.producer[t]] for _, t in graph.operands(concatenation)]
    assert makers == ["QUANTIZE", "FULLY_CONNECTED"]


@both
def test_moving_keeps_a_fixed_scale(mode, dtype):
    b = Builder()
    y = b.op("SOFTMAX", b.input(), beta=1.0)
    y = b.op("RESHAPE", y, b.net.constant("s", np.int32([16])), shape=(16,), new_shape=[16])
    y = b.op("RESHAPE", y, b.net.constant("s", np.int32([4, 4])), shape=(4, 4), new_shape=[4, 4])
    graph = check(b.build(y), mode)
    for n in graph.of("RESHAPE"):
        fixed = graph.quantization(graph.results(n)[0])[1:]
        assert fixed == quantized.FIXED["SOFTMAX"][dtype]


@both
def test_a_branch_between_tied_and_untied(mode, dtype):
    b = Builder()
    x, z = b.input(), b.input("z")
    shared = b.dense(x)
    wide = b.op("MUL", z, b.net.constant("c", np.float32([3])), name="wide")
    joined = b.op("MAXIMUM", shared, wide, name="joined")
    # A quarter of the common scale's range is left for the narrow one.
    graph = check(b.build(b.op("TANH", shared), joined), mode, limit=0.06)
    assert graph.quantization(graph.results(graph.of("TANH")[0])[0])[0] == dtype


def scale_of(graph, code):
    return graph.quantization(graph.results(graph.of(code)[0])[0])[1]


@both
@pytest.mark.parametrize(("code", "bound"), [("MINIMUM", 1e12), ("MAXIMUM", -1e9)])
def test_a_bound_that_nothing_reaches_widens_nothing(mode, dtype, code, bound):
    b = Builder()
    y = b.op(code, b.dense(b.input()), b.net.constant("bound", np.float32([bound])), name="bounded")
    graph = check(b.build(b.op("TANH", y)), mode)
    assert scale_of(graph, code) < 0.1


@both
def test_what_a_maximum_leaves_out_saturates(mode, dtype):
    b = Builder()
    away = b.net.constant("away", np.float32([0, -1e3] * (SHAPE[-1] // 2)))
    axis = b.net.constant("axis", np.int32([-1]))
    y = b.op(
        "REDUCE_MAX", b.op("ADD", b.dense(b.input()), away), axis, shape=(2, 1), keep_dims=True
    )
    graph = check(b.build(b.op("TANH", y)), mode)
    assert scale_of(graph, "REDUCE_MAX") < 0.05


@pytest.mark.parametrize("mode", ["int8", "16x8"])
@pytest.mark.parametrize("factor", [1e3, 1e5, 1e7, 1e9])
def test_what_saturates_far_out_keeps_its_sign(mode, factor):
    """Kernels' fixed point would overflow, if the scale followed the bounds alone."""
    b = Builder()
    y = b.op("MUL", b.input(), b.net.constant("factor", np.float32([factor])), name="far")
    y = b.op("MAXIMUM", y, b.net.constant("low", np.float32([-1])), name="above")
    model = b.build(b.op("MINIMUM", y, b.net.constant("high", np.float32([1])), name="between"))
    data = samples(model)
    small = bytes(octavo.quantize(model, mode, data))
    [expected], [clipped] = quantized.run(model, data[0]), quantized.run(small, data[0])
    assert not np.any(np.sign(expected) * np.sign(clipped) < 0)
    assert factor > 1e3 or np.any(clipped)


@both
def test_inputs_keep_their_range(mode, dtype):
    """Whoever calls the network quantizes them, perhaps without saturating."""
    b = Builder()
    y = b.op("MAXIMUM", b.input(), b.net.constant("low", np.float32([0])), name="above")
    y = b.op("MINIMUM", y, b.net.constant("high", np.float32([0.5])), name="between")
    graph = check(b.build(b.op("TANH", y)), mode)
    assert scale_of(graph, "MAXIMUM") * {"int8": 255, "int16": 65534}[dtype] > 1


@both
def test_what_others_read_keeps_its_range(mode, dtype):
    b = Builder()
    x = b.dense(b.input())
    y = b.op("MINIMUM", x, b.net.constant("bound", np.float32([0.01])), name="bounded")
    graph = check(b.build(b.op("TANH", x), y), mode)
    steps = {"int8": 255, "int16": 65534}[dtype]
    assert scale_of(graph, "MINIMUM") * steps > 1


@both
def test_outputs_of_a_split_share_a_scale_and_need_no_reader(mode, dtype):
    b = Builder()
    x = b.input()
    parts = [b.net.tensor(f"part{i}", (2, 4), "float32") for i in range(2)]
    b.net.op("SPLIT", [b.net.constant("axis", np.int32(1)), x], parts, num_splits=2)
    graph = check(b.build(b.op("TANH", parts[0], shape=(2, 4))), mode)
    assert graph.names.count("SPLIT") == 1


@both
@pytest.mark.parametrize(("other", "options"), [("SOFTMAX", {"beta": 1.0}), ("TANH", {})])
def test_a_tie_of_two_fixed_scales(mode, dtype, other, options):
    b = Builder()
    x = b.input()
    parts = [b.op("LOGISTIC", x), b.op(other, x, name="other", **options)]
    graph = check(b.build(b.op("CONCATENATION", *parts, shape=(2, 16), axis=1)), mode)
    # Conversions of the input and the output aside, there is one where the scales differ.
    differ = quantized.FIXED["LOGISTIC"][dtype] != quantized.FIXED[other][dtype]
    n = graph.of("CONCATENATION")[0]
    makers = [graph.names[graph.producer[t]] for _, t in graph.operands(n)]
    assert ("QUANTIZE" in makers) == differ


# ---- Inputs and outputs -------------------------------------------------------------------------

BOUNDARIES = [
    *[("int8", i, o) for i in ("float32", "int8", "uint8") for o in ("float32", "int8", "uint8")],
    *[("16x8", i, o) for i in ("float32", "int16") for o in ("float32", "int16")],
]


@pytest.mark.parametrize(("mode", "input_type", "output_type"), BOUNDARIES)
def test_types_of_inputs_and_outputs(mode, input_type, output_type):
    b = Builder()
    x = b.input()
    types = {"input_type": input_type, "output_type": np.dtype(output_type)}
    hidden = b.dense(x, "hidden")
    # One output is a branch, one the input, one is there twice.
    y = b.op("TANH", hidden)
    graph = check(b.build(y, hidden, x, y), mode, **types)
    assert [graph.dtype(t) for t in graph.inputs] == [input_type]
    assert [graph.dtype(t) for t in graph.outputs] == [output_type] * 4
    assert graph.outputs[0] == graph.outputs[3]
    assert [graph.name(t) for t in graph.outputs[:2]] == ["tanh", "hidden"]


@pytest.mark.parametrize("name", ["uint8", "int16"])
def test_types_that_a_mode_does_not_have(name):
    b = Builder()
    mode, types = ("16x8", "float32 or") if name == "uint8" else ("int8-only", "int8 or uint8 or")
    with pytest.raises(ValueError, match=f'input type {name}: with mode "{mode}" it is {types}'):
        octavo.quantize(b.build(b.op("TANH", b.input())), mode, input_type=name)


def test_boundary_types_of_a_network_that_stays_float():
    b = Builder()
    model = b.build(b.op("FLOOR", b.input()))
    types = {"input_type": "int8", "output_type": "uint8"}
    content = bytes(octavo.quantize(model, "int8", samples(model), **types))
    assert Graph(content).names == ["DEQUANTIZE", "FLOOR", "QUANTIZE"]
    quantized.assert_litert_agrees(content, samples(model)[0])


def test_integers_and_booleans_stay():
    b = Builder()
    x, n, flag = b.input(), b.input("n", "int32"), b.input("flag", "bool")
    y = b.op("CAST", flag, name="cast", dtype="int32")
    model = b.build(b.op("TANH", x), b.op("ADD", n, y, dtype="int32"))
    graph = check(model, "int8-only", fallback=True)
    assert [graph.dtype(t) for t in graph.inputs] == ["int8", "int32", "bool"]
    assert [graph.dtype(t) for t in graph.outputs] == ["int8", "int32"]


@both
def test_a_constant_output(mode, dtype):
    b = Builder()
    c = b.net.constant("c", np.float32([[1, -2], [0, 3]]))
    check(b.build(b.op("TANH", b.input()), c), mode)


# ---- Weights and biases -------------------------------------------------------------------------


@both
def test_weights_and_biases_of_several_operators(mode, dtype):
    b = Builder()
    x, z = b.input(), b.input("z")
    wide = b.op("MUL", z, b.net.constant("c", np.float32([9])), name="wide")
    weights, bias = b.weights(8, 8), b.weights(8)
    y = [b.dense(t, f"dense{i}", weights, bias) for i, t in enumerate((x, wide, wide))]
    graph = check(b.build(*y), mode)
    first, second, third = (dict(graph.operands(n)) for n in graph.of("FULLY_CONNECTED"))
    assert second == third
    assert first[2] != second[2]
    buffers = {graph.graph.tensors[o[1]].buffer for o in (first, second)}
    assert len(buffers) == 1  # the same integers are stored once


@both
@pytest.mark.parametrize("bias", [False, True])
def test_channels_of_zeros(mode, dtype, bias):
    b = Builder()
    values = np.zeros((8, 8), np.float32)
    values[::2] = b.rng.normal(0, 0.5, (4, 8))
    weights = b.net.constant("w", values)
    constant = b.net.constant("b", np.float32([1e6, 3, 0, -4, 5, 0, 1, 2])) if bias else None
    check(b.build(b.dense(b.input(), weights=weights, bias=constant)), mode)
    all_zero = Builder()
    weights = all_zero.net.constant("w", np.zeros((8, 8), np.float32))
    constant = all_zero.weights(8) if bias else None
    check(all_zero.build(all_zero.dense(all_zero.input(), weights=weights, bias=constant)), mode)


@both
@pytest.mark.parametrize("scale", [0.0, 1e-42, 1e-30, 1e-3, 1e30])
def test_ranges_of_any_size(mode, dtype, scale):
    b = Builder()
    model = b.build(b.op("RELU", b.dense(b.input())))
    expressible = scale == 0 or scale > np.finfo(np.float32).tiny
    check(model, mode, data=samples(model, scale=scale), limit=0.03 if expressible else 1)


@both
@pytest.mark.parametrize(("operator", "sign"), [("ADD", -1), ("SUB", 1)])
def test_sums_that_nearly_vanish(mode, dtype, operator, sign):
    b = Builder()
    model = b.build(b.op(operator, b.input(), b.input("z")))
    data = [[x, sign * x * np.float32(1 + 1e-6)] for x, _ in samples(model, scale=100)]
    content = bytes(octavo.quantize(model, mode, data))
    quantized.assert_litert_agrees(content, data[0])


def test_weights_computed_while_running():
    b = Builder()
    x, weights = b.input(), b.input("w", shape=(8, 8))
    model = b.build(b.op("TANH", b.dense(x, weights=weights)))
    graph = check(model, "int8")
    assert graph.names == ["FULLY_CONNECTED", "QUANTIZE", "TANH", "DEQUANTIZE"]
    with pytest.raises(ValueError, match=r'FULLY_CONNECTED "dense" computes its weight "w" while'):
        octavo.quantize(model, "int8-only", samples(model))


# ---- The rest of the file -----------------------------------------------------------------------


def test_what_a_file_says_of_itself_is_kept():
    net = Network(description="of two parts")
    keys = ["forward", "backward"]
    for graph, key in zip([net, net.subgraph("second")], keys, strict=True):
        x = graph.tensor(f"{key}_x", (1, 8), "float32", shape_signature=(-1, 8))
        graph.constant("unused", np.ones(4, np.float32))
        weights = graph.constant("w", np.eye(8, dtype=np.float32))
        y = graph.tensor(f"{key}_y", (1, 8), "float32", shape_signature=(-1, 8))
        graph.op("FULLY_CONNECTED", [x, weights, None], [y])
        graph.inputs, graph.outputs = [x], [y]
        graph.signature(key, {"value": x}, {"result": y})
    tree = net.model()
    metadata = flatbuffer.schema.MetadataT()
    metadata.name, metadata.buffer = b"about", len(tree.buffers)
    buffer = flatbuffer.schema.BufferT()
    buffer.data = np.frombuffer(b"text", np.uint8)
    tree.buffers.append(buffer)
    tree.metadata = [metadata]
    model = flatbuffer.write(tree)
    rng = np.random.default_rng(3)
    data = [(key, {"value": rng.normal(0, 1, (3, 8))}) for key in keys for _ in range(4)]
    for mode in ("int8", "int8-only", "16x8", "dynamic", "float16", "float"):
        content = bytes(octavo.quantize(model, mode, data))
        after = flatbuffer.read(content)
        assert after.description == b"of two parts"
        assert [m.name for m in after.metadata] == [b"about"]
        assert bytes(after.buffers[after.metadata[0].buffer].data) == b"text"
        names = [t.name for g in after.subgraphs for t in g.tensors]
        assert b"unused" not in names
        runners = octavo.Interpreter(model_content=content)
        for index, key in enumerate(keys):
            graph = Graph(content, index)
            assert [graph.name(t) for t in graph.outputs] == [f"{key}_y"]
            for t in (*graph.inputs, *graph.outputs):
                assert list(graph.graph.tensors[t].shapeSignature) == [-1, 8]
            runner = runners.get_signature_runner(key)
            sample = next(values["value"] for k, values in data if k == key)
            value = graph.to_integers(graph.inputs[0], np.float32(sample))
            result = graph.to_reals(graph.outputs[0], runner(value=value)["result"])
            np.testing.assert_allclose(result, sample, atol=0.05)


def test_samples_for_one_of_two_signatures_are_too_few():
    b = Builder()
    model = b.net
    x = b.input()
    model.inputs, model.outputs = [x], [b.op("TANH", x)]
    other = model.subgraph("other")
    a = other.tensor("a", SHAPE, "float32")
    c = other.tensor("c", SHAPE, "float32")
    other.op("TANH", [a], [c])
    other.inputs, other.outputs = [a], [c]
    other.signature("other", {"a": a}, {"c": c})
    content = model.build()
    with pytest.raises(ValueError, match="calibration never ran subgraph 1"):
        octavo.quantize(content, "int8", samples(content))


# ---- Anything -----------------------------------------------------------------------------------

UNARY = ["FLOOR", "LOGISTIC", "RELU", "RESHAPE", "SOFTMAX", "TANH", "dense", "halves"]
BINARY = ["ADD", "MAXIMUM", "MINIMUM", "MUL"]


def grow(b, operator, x, y):
    """A (2, 8) tensor computed from others."""
    if operator == "dense":
        return b.dense(x, bias=b.weights(8))
    if operator == "halves":  # put together the other way round
        parts = [b.net.tensor("half", (2, 4), "float32") for _ in range(2)]
        b.net.op("SPLIT", [b.net.constant("axis", np.int32(1)), x], parts, num_splits=2)
        return b.op("CONCATENATION", *parts[::-1], axis=1)
    if operator == "RESHAPE":
        return b.op(operator, x, b.net.constant("s", np.int32(SHAPE)), new_shape=SHAPE)
    options = {"beta": 1.0} if operator == "SOFTMAX" else {}
    return b.op(operator, *([x, y] if operator in BINARY else [x]), **options)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_random_networks(data):
    b = Builder()
    tensors = [b.input(), b.input("z"), b.weights(*SHAPE)]
    for _ in range(data.draw(st.integers(1, 8))):
        operator = data.draw(st.sampled_from(UNARY + BINARY))
        x, y = (data.draw(st.sampled_from(tensors)) for _ in "xy")
        tensors.append(grow(b, operator, x, y))
    outputs = data.draw(st.lists(st.sampled_from(tensors), min_size=1, max_size=3))
    model = b.build(*outputs, tensors[-1])
    mode, *types = data.draw(st.sampled_from(BOUNDARIES))
    recipe = [
        {"operator": operator, "mode": data.draw(st.sampled_from(["float", "int8", "16x8"]))}
        for operator in data.draw(st.lists(st.sampled_from([*BINARY, "TANH", "SPLIT"]), max_size=2))
    ]
    arguments = {"input_type": types[0], "output_type": types[1], "fallback": True}
    x = samples(model)
    content = bytes(octavo.quantize(model, mode, x, recipe=recipe, **arguments))
    quantized.check_emitted(content)
    quantized.assert_litert_agrees(content, x[0])
    graph = Graph(content)
    assert [graph.dtype(t) for t in graph.inputs] == [types[0]] * 2
    assert [graph.dtype(t) for t in graph.outputs] == [types[1]] * (len(outputs) + 1)
