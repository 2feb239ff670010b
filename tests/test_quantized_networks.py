"""Real float networks, quantized in every mode: in LiteRT, in octavo, and in TFLM."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import octavo
import pytest
import quantized
import shared
from quantized import Graph

pytest.importorskip("ai_edge_litert")
pytestmark = shared.needs_shared

NETWORKS = [
    *("pretrainedResnet", "kws_ref_model_float32", "vww_96_float", "ad01_fp32", "mnist_float"),
    "face_detection_front",  # its constants are float16
]
MODES = ["float", "dynamic", "float16", "int8", "int8-only", "16x8"]

# mnist_float as LiteRT's converter quantizes it, in bytes; integers at both ends.
MNIST = {"float": 85080, "dynamic": 24432, "int8-only": 24624, "float16": 44736, "16x8": 25048}

# The least ratio of signal to noise in the outputs, in dB.
LEAST_SQNR = {"dynamic": 20, "float16": 60, "int8": 20, "int8-only": 20, "16x8": 35}


def real_data(name):
    """What the network is made for, where there is such data; else random numbers."""
    folder = shared.FOLDER / "data"
    rng = np.random.default_rng(0)
    if name == "pretrainedResnet":
        with np.load(folder / "cifar10_calib.npz") as data:
            return [x[None].astype(np.float32) for x in data["x"]]
    if name == "kws_ref_model_float32":
        with np.load(folder / "kws.npz") as data:
            x = (data["x"].astype(np.float32) - 83) * 0.5847029
        return list(x.reshape(-1, 1, 49, 10, 1))
    graph = Graph(shared.network(name).read_bytes())
    shape = tuple(graph.graph.tensors[graph.inputs[0]].shape)
    return [rng.uniform(0, 1, shape).astype(np.float32) for _ in range(40)]


@cache
def samples(name):
    return [[x] for x in real_data(name)[:20]]


@cache
def calibration(name):
    model = shared.network(name).read_bytes()
    return octavo.quantize(model, "int8", samples(name)).calibration


@cache
def quantize(name, mode, **arguments):
    model = shared.network(name).read_bytes()
    return bytes(octavo.quantize(model, mode, calibration=calibration(name), **arguments))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NETWORKS)
def test_runs_as_in_litert(name, mode):
    content = quantize(name, mode)
    quantized.check_emitted(content)
    x = samples(name)[0]
    if mode != "dynamic":  # LiteRT's own hybrid kernels differ from each other
        quantized.assert_litert_agrees(content, x)
    graph = Graph(content)
    inputs = {t: graph.to_integers(t, v) for t, v in zip(graph.inputs, x, strict=True)}
    values, outputs = quantized.oracle.run(content, inputs)
    litert = [graph.to_reals(t, values[t]) for t in outputs]
    source = octavo.quantize(shared.network(name), "float")
    reference = quantized.run(bytes(source), x)
    for results in (litert, quantized.run(content, x)):
        if mode == "float":
            for ours, theirs in zip(results, reference, strict=True):
                quantized.oracle.assert_same(ours, theirs)
        else:
            assert sqnr(results, reference) >= LEAST_SQNR[mode]


def sqnr(results, reference):
    """In dB, over all outputs."""
    signal = sum(float(np.square(r).sum()) for r in reference)
    noise = sum(float(np.square(y - r).sum()) for y, r in zip(results, reference, strict=True))
    return 10 * np.log10(signal / max(noise, 1e-30))


@pytest.mark.parametrize("mode", MNIST)
def test_sizes_of_litert(mode):
    types = {"input_type": "int16", "output_type": "int16"} if mode == "16x8" else {}
    size = len(quantize("mnist_float", mode, **types))
    assert abs(size - MNIST[mode]) <= 0.02 * MNIST[mode]


# TFLM's operators print and may abort, so they run in a child.
TFLM = """
import sys
import numpy as np
from tflite_micro import runtime

model, inputs, outputs = sys.argv[1:]
interpreter = runtime.Interpreter.from_file(model, arena_size=8 << 20)
with np.load(inputs) as arrays:
    for i in range(len(arrays)):
        interpreter.set_input(arrays[f"arr_{i}"], i)
    interpreter.invoke()
results = [interpreter.get_output(i) for i in range(int(outputs))]
np.savez(inputs, *results)
"""


@pytest.mark.parametrize("name", NETWORKS)
def test_runs_in_tflm(name, tmp_path):
    pytest.importorskip("tflite_micro", reason="tflite-micro has no wheel here")
    content = quantize(name, "int8-only")
    graph, x = Graph(content), samples(name)[0]
    inputs = {t: graph.to_integers(t, v) for t, v in zip(graph.inputs, x, strict=True)}
    model, arrays = tmp_path / "model.tflite", tmp_path / "arrays.npz"
    model.write_bytes(content)
    np.savez(arrays, *inputs.values())
    command = [sys.executable, "-c", TFLM, str(model), str(arrays), str(len(graph.outputs))]
    child = subprocess.run(command, capture_output=True, check=False, env=os.environ)
    assert child.returncode == 0, child.stderr.decode(errors="replace")[-2000:]
    ours, outputs = quantized.oracle.octavo_run(content, inputs)
    with np.load(arrays) as theirs:
        for i, t in enumerate(outputs):
            difference = np.abs(ours[t].astype(int) - theirs[f"arr_{i}"])
            # TFLM rounds sums of FULLY_CONNECTED in fixed point, LiteRT and octavo in double.
            # ad01_fp32 has ten of them in a row.
            assert difference.max() <= (4 if "FULLY_CONNECTED" in graph.names else 0)


def test_photographs_keep_their_class():
    """pretrainedResnet on labelled images: no mode costs more than a few of them."""
    with np.load(shared.FOLDER / "data" / "cifar10_eval.npz") as data:
        x, y = data["x"][:200].astype(np.float32), data["y"][:200]

    def correct(model):
        net = octavo.load(model)
        return sum(np.argmax(net(x[i : i + 1])) == y[i] for i in range(len(x)))

    reference = correct(shared.network("pretrainedResnet").read_bytes())
    assert reference > 150
    for mode in ("dynamic", "float16", "int8", "16x8"):
        assert abs(correct(quantize("pretrainedResnet", mode)) - reference) <= 4, mode


def test_dynamic_range_source():
    """kws_ref_model_float32 has int8 weights; what they stand for is quantized anew."""
    path: Path = shared.network("kws_ref_model_float32")
    assert "int8" in {Graph(path.read_bytes()).dtype(t) for t in range(5, 35)}
    graph = Graph(bytes(octavo.quantize(path, "float")))
    assert {graph.dtype(t) for t in range(len(graph.graph.tensors))} == {"float32", "int32"}
