"""The programs in bench/ do what bench/README.md says. How long anything takes is not tested."""

import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import octavo
import pytest
from octavo import demo, kernels
from octavo.inspection import describe
from oracle import assert_same

BENCH = Path(__file__).parents[1] / "bench"


def load(name):
    """A module of bench/, whose names are not on the path."""
    specification = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module


layers = load("layers")


def run(*command, **environment):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    return subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, env=environment
    )


def test_there_are_layers_of_every_network():
    assert set(layers.networks()) == {
        "ds_cnn",
        "efficientnet_lite0",
        "gemm",
        "inception_v3",
        "mobilebert",
        "mobilenet_v1",
        "mobilenet_v2",
        "resnet_v2_101",
        "wav2letter",
    }
    for network in layers.networks():
        assert layers.read(network)


@pytest.mark.parametrize(
    ("network", "millions"),  # as the networks' papers count them
    [
        ("mobilenet_v1", 569),
        ("mobilenet_v2", 301),
        ("inception_v3", 5713),
        ("resnet_v2_101", 7200),
        ("ds_cnn", 2.66),
    ],
)
def test_macs_of_networks(network, millions):
    macs = sum(layer.macs * count for layer, count in layers.read(network).items())
    assert macs / 1e6 == pytest.approx(millions, rel=0.02)


def test_layers_of_a_file():
    found = Counter(layers.layers_of(demo.network("int8")))
    assert [(str(layer), count) for layer, count in found.items()] == [
        ("CONV_2D 8x8x1-3x3-16", 1),
        ("CONV_2D 8x8x16-3x3-32", 1),
        ("FULLY_CONNECTED 1x1x512-1x1-10", 1),
    ]
    assert sum(layer.macs for layer in found) == describe(demo.network("int8"))["macs"]


def test_layers_are_written_and_read(tmp_path, monkeypatch):
    monkeypatch.setattr(layers, "FOLDER", tmp_path)
    found = Counter(list(layers.layers_of(demo.network("int8"))) * 3)
    found[layers.Layer("DEPTHWISE_CONV_2D", 9, 8, 7, 7, 3, 2, 2, 1, 1, 2, "VALID")] = 5
    layers.write("digits", found)
    assert layers.read("digits") == found
    with (tmp_path / "digits.csv").open() as file:
        assert len(list(csv.reader(file))) == 5


@pytest.mark.parametrize("operator", layers.OPERATORS)
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("form", layers.FORMS)
def test_layers_run(operator, padding, form):
    if operator == "FULLY_CONNECTED":
        layer = layers.Layer(operator, 1, 5, 40, 30)
        shape = (5, 30)
    elif operator == "CONV_2D":
        layer = layers.Layer(operator, 9, 8, 7, 6, 3, 2, 2, 1, 1, 2, padding)
        shape = (1, 5, 8, 6) if padding == "SAME" else (1, 4, 6, 6)
    else:
        layer = layers.Layer(operator, 9, 8, 7, 7, 3, 2, 2, 1, 1, 1, padding)
        shape = (1, 5, 8, 7) if padding == "SAME" else (1, 4, 7, 7)
    results = []
    for isa in kernels.tables():
        call = layer.prepare(kernels.table(isa), form, np.random.default_rng(0))
        call.run()
        results.append(call.outputs()[0])
    assert results[0].shape == shape
    for result in results[1:]:
        assert_same(result, results[0])
    depth = {"FULLY_CONNECTED": 40, "CONV_2D": 3 * 2 * 7, "DEPTHWISE_CONV_2D": 3 * 2}[operator]
    assert layer.macs == results[0].size * depth
    # Most outputs are neither clamped nor all the same.
    most = {"int8": 127, "16x8": 32767}.get(form, np.inf)
    assert 0.25 < np.mean((results[0] > 0) & (results[0] < most)) < 0.75


def test_the_layers_benchmark(tmp_path):
    pytest.importorskip("pytest_benchmark")
    if len(kernels.tables()) == 1:
        pytest.skip("a portable table has no peak to measure against")
    file = tmp_path / "results.json"
    options = ["-p", "no:cacheprovider", "-q", f"--benchmark-json={file}"]
    done = run("-m", "pytest", BENCH, "-k", "ds_cnn and FULLY_CONNECTED and int8", *options)
    assert done.returncode == 0, done.stdout
    assert "share" in done.stdout
    results = json.loads(file.read_text())["benchmarks"]
    assert [result["extra_info"]["isa"] for result in results] == kernels.tables()[:-1]
    for result in results:
        info = result["extra_info"]
        assert info["macs"] == 64 * 12
        assert info["kernels"][-1] == "gemm_s8"
        assert 0 < info["share_of_peak"] < 1
        assert info["gmacs_per_second"] > 0


def test_the_operators_benchmark():
    pytest.importorskip("pytest_benchmark")
    options = ["-p", "no:cacheprovider", "-q", "--benchmark-min-rounds=1"]
    done = run("-m", "pytest", BENCH, "-k", "portable and (ADD or LOGISTIC)", *options)
    assert done.returncode == 0, done.stdout
    assert "GB/s" in done.stdout
    assert re.search(r"LOGISTIC int8 1x1x1x960-portable +lookup_8\n", done.stdout)


def test_networks_side_by_side(tmp_path):
    pytest.importorskip("ai_edge_litert")
    figures, document = tmp_path / "results.json", tmp_path / "results.md"
    model = demo.network("int8")
    done = run(
        BENCH / "networks.py",
        model.parent,
        "--network",
        model.stem,
        "--rounds",
        2,
        "--level",
        "portable",
        "--json",
        figures,
        "--results",
        document,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(figures.read_text())
    assert report["versions"]["octavo"] == octavo.__version__
    assert report["levels"] == ["portable"]
    assert [(r["network"], r["threads"]) for r in report["results"]] == [
        (model.stem, 1),
        (model.stem, 2),
    ]
    for result in report["results"]:
        assert set(result["milliseconds"]) | set(result["missing"]) == {
            "octavo portable",
            "LiteRT",
            "OpenVINO",
            "ONNX Runtime",
        }
        assert all(time > 0 for time in result["milliseconds"].values())
        assert result["cores"].keys() == result["milliseconds"].keys()
        assert result["ratios"]["portable"].keys() | {"octavo portable"} == set(
            result["milliseconds"]
        )
        assert result["best_peer"] in result["milliseconds"]
        assert result["differences"]["octavo portable"] == 0
        assert max(result["differences"].values()) <= 3
        reasons = ("digits_int8.onnx is not beside", "No module named 'onnxruntime'")
        assert result["missing"]["ONNX Runtime"].startswith(reasons)
    text = document.read_text()
    assert f"| {model.stem} |" in text
    assert "## 1 thread\n" in text
    assert "## 2 threads\n" in text
    assert "ONNX Runtime does not run digits_int8: " in text


def test_single_operators_side_by_side(tmp_path):
    pytest.importorskip("ai_edge_litert")
    document = tmp_path / "results.md"
    options = ("--operator", "LOGICAL_NOT", "--operator", "SVDF", "--rounds", 1)
    done = run(BENCH / "operators.py", *options, "--results", document)
    assert done.returncode == 0, done.stderr
    assert "LOGICAL_NOT" in done.stdout
    text = document.read_text()
    row = r"\| [\d.]+ \| [\d.]+ \| [\d.]+ \|\n"
    assert re.search(rf"\| LOGICAL_NOT \| bool \| 1x56x56x64 {row}", text)
    assert len(re.findall(rf"\| SVDF \| \w+ \| \w+ .*{row}", text)) == 6
    assert "Of 7 ratios of octavo's time to LiteRT's the geometric mean is " in text


def test_networks_in_all_element_types(tmp_path):
    pytest.importorskip("ai_edge_litert")
    for kind, mode in (("int8", "int8"), ("16x8", "16x8"), ("fp16", "float16")):
        made = octavo.quantize(demo.network("float"), mode=mode, data=demo.calibration())
        made.save(tmp_path / f"net_{kind}.tflite")
    options = ("--network", "net", "--rounds", 2, "--threads", 1)
    done = run(BENCH / "element_types.py", tmp_path, *options)
    assert done.returncode == 0, done.stderr
    row = r"\| net \| [\d.]+ \| [\d.]+ \| [\d.]+ "
    assert re.search(rf"## int8, 1 thread\n\n.*\n.*\n{row}\|\n", done.stdout)
    assert re.search(rf"## 16x8, 1 thread\n\n.*\n.*\n{row}\| [\d.]+ \|\n", done.stdout)
    # Neither of the float networks that it is compared with is there.
    assert re.search(r"\| net \| [\d.]+ \| [\d.]+ \| nan \| nan \|\n", done.stdout)


def test_a_network_that_is_not_there(tmp_path):
    pytest.importorskip("ai_edge_litert")
    done = run(BENCH / "networks.py", tmp_path, "--network", "no", OCTAVO_SHARED=str(tmp_path))
    assert "no.tflite is in none of the folders" in done.stderr
