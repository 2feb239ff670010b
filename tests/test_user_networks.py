"""Networks of the kinds that users bring, in float32 and in integers, against LiteRT."""

from __future__ import annotations

import os
from functools import cache
from unittest import mock

import numpy as np
import octavo
import octavo._schema as schema
import oracle
import pytest
import quantized
from octavo import _core, flatbuffer
from quantized import Graph
from user_networks import NETWORKS, SIGNATURES, calls, samples

# Those that are given a stream piece by piece.
STREAMS = [
    *("dtln_mask", "dtln_time", "gru_stream", "lstm_stream", "nsnet", "svdf_keywords"),
    "temporal_convolutions",
]
# All of whose operators LiteRT has on uint8.
LEGACY = [
    *("deep_speech", "deeplab", "ds_cnn", "efficient_det", "face_mesh", "gan_generator", "nsnet"),
    *("posenet", "selfie_segmentation", "shuffle_net", "speech_commands", "ssd"),
    *("super_resolution", "temporal_convolutions", "unet", "yolo"),
]
DATA_COUNT = 20


@cache
def network(name):
    model = NETWORKS[name].small()
    return model, samples(model, DATA_COUNT)


@cache
def quantize(name, mode):
    model, data = network(name)
    return octavo.quantize(model, mode, data, fallback=True)


def feeds(graph, x):
    return {t: graph.to_integers(t, v) for t, v in zip(graph.inputs, x, strict=True)}


@pytest.mark.parametrize("name", NETWORKS)
def test_float(name):
    model, data = network(name)
    for x in data[:3]:
        oracle.assert_equal_to_litert(model, feeds(Graph(model), x))


def test_sentences_of_any_length():
    model = NETWORKS["bert"].small()
    for length in (1, 4, 12):
        ids = np.arange(length, dtype=np.int32)[None] % 9
        oracle.assert_equal_to_litert(model, {0: ids}, resize={0: (1, length)})


def is_mixed(model):
    """Whether integers are computed from floats that other operators have computed: where these
    differ in the last place, so may the integers."""
    graph = Graph(model)
    return any(
        name == "QUANTIZE" and graph.is_float(t) and t in graph.producer
        for n, name in enumerate(graph.names)
        for _, t in graph.operands(n)
    )


# In dB: the least ratio of signal to noise in that output which is best, for what is beside it may
# be the place of a greatest value, or a box that was chosen.
LEAST_SQNR = {"int8": 20, "16x8": 35, "dynamic": 20}
LEAST_SQNR_OF_MIXED = 60  # against LiteRT


@pytest.mark.parametrize("mode", LEAST_SQNR)
@pytest.mark.parametrize("name", NETWORKS)
def test_quantized(name, mode):
    model, data = network(name)
    content = bytes(quantize(name, mode))
    quantized.check_emitted(content)
    ours = outputs_of(content, data[0])
    reference = outputs_of(model, data[0])
    assert max(map(sqnr, ours, reference)) >= LEAST_SQNR[mode]
    if mode == "dynamic":
        return  # LiteRT's own hybrid kernels differ from each other
    if is_mixed(content):
        values, outputs = oracle.run(content, feeds(Graph(content), data[0]))
        theirs = [values[t] for t in outputs]
        assert max(map(sqnr, ours, theirs)) >= LEAST_SQNR_OF_MIXED
        return
    for x in data[:3]:
        oracle.assert_equal_to_litert(content, feeds(Graph(content), x))


def outputs_of(model, x):
    return oracle.act(octavo.Interpreter(model_content=model), [feeds(Graph(model), x)])


def sqnr(result, reference):
    if result.shape != reference.shape or reference.dtype != np.float32:
        return -np.inf
    noise = np.square(result - reference).sum(dtype=float)
    return 10 * np.log10(np.square(reference).sum(dtype=float) / max(noise, 1e-30))


def test_integer_detection():
    """Integers from the image on, but for the boxes that are chosen: those are floats."""
    model, data = network("ssd")
    types = {"input_type": "uint8", "output_type": "float32"}
    content = bytes(octavo.quantize(model, "int8-only", data, **types))
    graph = Graph(content)
    assert graph.dtype(graph.inputs[0]) == "uint8"
    assert [graph.dtype(t) for t in graph.outputs] == ["float32"] * 4
    assert graph.names[-3:] == ["DEQUANTIZE", "DEQUANTIZE", "TFLite_Detection_PostProcess"]
    for x in data[:3]:
        oracle.assert_equal_to_litert(content, feeds(graph, x))


def stream(model, count):
    """Inputs of as many runs; where states are one of them, those that the run before has given."""
    net = octavo.load(model)
    names = [spec.name for spec in net.inputs]
    states = None
    for x in samples(model, count, seed=3):
        if "states" in names:
            place = names.index("states")
            x[place] = np.zeros_like(x[place]) if states is None else states
            states = list(net(*x).values())[-1]
        yield dict(zip(Graph(model).inputs, x, strict=True))


@pytest.mark.parametrize("mode", ["float", "int8"])
@pytest.mark.parametrize("name", STREAMS)
def test_streams(name, mode):
    """Ten runs after each other, a new beginning, and five more; on every table of kernels."""
    content = network(name)[0] if mode == "float" else bytes(quantize(name, mode))
    runs = list(stream(content, 10))
    assert_same_on_every_table(content, [*runs, "reset", *runs[:5]])


def assert_same_on_every_table(content, actions):
    for isa in _core.available_isas():
        if isa != "neon_fp16":
            with mock.patch.dict(os.environ, OCTAVO_ISA=isa):
                oracle.assert_same_actions(content, actions)


@pytest.mark.parametrize("mode", ["float", *LEAST_SQNR])
@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_that_share_variables(name, mode):
    """What one signature remembers the others see."""
    model = SIGNATURES[name].small()
    runs = calls(model, DATA_COUNT)
    if mode == "float":
        assert_same_on_every_table(model, runs)
        return
    content = bytes(octavo.quantize(model, mode, runs, fallback=True))
    ours, reference = (
        oracle.act(octavo.Interpreter(model_content=m), runs) for m in (content, model)
    )
    few = 6  # what has been learned with errors goes its own way
    assert min(map(sqnr, ours[:few], reference)) >= LEAST_SQNR[mode]
    if mode != "dynamic":
        assert min(map(sqnr, ours, oracle.run_actions(content, runs))) >= LEAST_SQNR_OF_MIXED


def test_int16_attention():
    """All of it: LayerNorm, products of matrices, SOFTMAX and GELU."""
    graph = Graph(bytes(quantize("vit", "16x8")))
    computed = {name for name in graph.names if name not in ("QUANTIZE", "DEQUANTIZE")}
    assert {"BATCH_MATMUL", "GELU", "MEAN", "RSQRT", "SOFTMAX"} <= computed
    assert graph.names.count("QUANTIZE") == graph.names.count("DEQUANTIZE") == 1


def as_uint8(model):
    """The network as older converters wrote it: every int8 is a uint8 128 above."""
    tree = flatbuffer.read(model)
    flipped = set()
    for tensor in tree.subgraphs[0].tensors:
        if tensor.type != schema.TensorType.INT8:
            continue
        tensor.type = schema.TensorType.UINT8
        tensor.quantization.zeroPoint = np.asarray(tensor.quantization.zeroPoint) + 128
        buffer = tree.buffers[tensor.buffer]
        if tensor.buffer not in flipped and buffer.data is not None:
            buffer.data = np.asarray(buffer.data) ^ np.uint8(128)
            flipped.add(tensor.buffer)
    return flatbuffer.write(tree)


@pytest.mark.parametrize("name", LEGACY)
def test_uint8(name):
    model, data = network(name)
    content = as_uint8(bytes(octavo.quantize(model, "int8", data, per_channel=False)))
    graph = Graph(content)
    assert "int8" not in {graph.dtype(t) for t in range(len(graph.graph.tensors))}
    for x in data[:3]:
        oracle.assert_equal_to_litert(content, feeds(graph, x))
