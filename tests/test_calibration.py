"""Calibration: statistics over representative data, ranges, files."""

import io
import json
import sys

import numpy as np
import pytest
import shared
from octavo import _core
from octavo.flatbuffer import Network
from octavo.quantizer.calibration import Calibration
from octavo.quantizer.estimators import ESTIMATORS

RNG = np.random.default_rng(5)
SAMPLES = RNG.normal(size=(6, 1, 6, 5, 3)).astype(np.float32)


def small_network(signature=None):
    """A convolution, an activation, a mean and a classifier."""
    net = Network()
    x = net.tensor("x", (1, 6, 5, 3), "float32", shape_signature=signature)
    w = net.constant("w", RNG.normal(size=(4, 3, 3, 3)).astype(np.float32))
    b = net.constant("b", RNG.normal(size=4).astype(np.float32))
    conv = net.tensor("conv", (1, 6, 5, 4), "float32")
    relu = net.tensor("relu", (1, 6, 5, 4), "float32")
    axes = net.constant("axes", np.array([1, 2], np.int32))
    mean = net.tensor("mean", (1, 4), "float32")
    y = net.tensor("softmax", (1, 4), "float32")
    net.op("CONV_2D", [x, w, b], [conv], stride_w=1, stride_h=1)
    net.op("RELU", [conv], [relu])
    net.op("MEAN", [relu, axes], [mean])
    net.op("SOFTMAX", [mean], [y], beta=1.0)
    net.inputs, net.outputs = [x], [y]
    return net.build()


MODEL = small_network()
X, W, CONV, SOFTMAX = 0, 1, 3, 7


def two_signatures():
    net = Network()
    for graph, key in ((net, "first"), (net.subgraph("other"), "second")):
        x, y = (graph.tensor(name, (2,), "float32") for name in "xy")
        graph.op("RELU", [x], [y])
        graph.inputs, graph.outputs = [x], [y]
        graph.signature(key, {"x": x}, {"y": y})
    return net.build()


def test_signatures_share_variables():
    """One reads what the other has assigned."""
    net = Network()
    for graph, key in ((net.subgraph("writer"), "write"), (net, "read")):
        x, handle = graph.tensor("x", (2,), "float32"), graph.tensor("handle", (), "resource")
        y = graph.tensor("y", (2,), "float32")
        graph.op("VAR_HANDLE", [], [handle], shared_name="v")
        if key == "write":
            graph.op("ASSIGN_VARIABLE", [handle, x], [])
            graph.op("NEG", [x], [y])
        else:
            value = graph.tensor("value", (2,), "float32")
            graph.op("READ_VARIABLE", [handle], [value])
            graph.op("ADD", [x, value], [y])
        graph.inputs, graph.outputs = [x], [y]
        graph.signature(key, {"x": x}, {"y": y})
    ones = np.ones(2, np.float32)
    data = [("write", {"x": 3 * ones}), ("read", {"x": ones}), ("write", {"x": -5 * ones})]
    data.append(("read", {"x": ones}))
    calibration = Calibration.collect(net.build(), data, histograms=False)
    assert calibration.range_of(0, y) == (-4, 4)


def values_of_all_tensors(model, samples, x=X):
    """What each float tensor that is no constant was, sample by sample."""
    interpreter = _core.Interpreter(_core.Model.copy(model), 0, keep_all=True)
    details = [interpreter.tensor_details(i) for i in range(interpreter.tensor_count)]
    values = {
        i: [] for i, d in enumerate(details) if d["type"] == "float32" and not d["is_constant"]
    }
    for sample in samples:
        interpreter.resize_input(x, sample.shape)
        interpreter.allocate()
        interpreter.set_tensor(x, sample)
        interpreter.invoke()
        for i in values:
            values[i].append(interpreter.get_tensor(i, copy=True))
    return values


def assert_equal(a, b):
    assert a.names == b.names
    assert a.statistics.keys() == b.statistics.keys()
    for subgraph in a.statistics:
        assert a.statistics[subgraph].keys() == b.statistics[subgraph].keys()
        for tensor, ours in a.statistics[subgraph].items():
            theirs = vars(b.statistics[subgraph][tensor])
            for field, value in vars(ours).items():
                assert type(value) is type(theirs[field])
                np.testing.assert_array_equal(value, theirs[field], strict=True)


def test_ranges_and_means_of_every_tensor_are_numpys():
    calibration = Calibration.collect(MODEL, SAMPLES, histograms=True)
    expected = values_of_all_tensors(MODEL, SAMPLES)
    assert set(expected) == {X, CONV, 4, 6, SOFTMAX}
    assert calibration.ranges() == {
        0: {i: (np.min(seen), np.max(seen)) for i, seen in expected.items()}
    }
    for i, seen in expected.items():
        statistics = calibration.of(0, i)
        assert statistics.samples == len(SAMPLES)
        assert statistics.histogram.sum() == np.size(seen)
        mean = np.mean([v.reshape(-1, v.shape[-1]) for v in seen], (0, 1), np.float64)
        np.testing.assert_allclose(statistics.channel_mean, mean, rtol=1e-12)


def test_samples_may_differ_in_shape():
    model = small_network((-1, -1, -1, 3))
    samples = [
        RNG.normal(size=(n, h, 5, 3)).astype(np.float32) for n, h in ((1, 6), (2, 4), (2, 4))
    ]
    calibration = Calibration.collect(model, [[s] for s in samples], histograms=True)
    for i, seen in values_of_all_tensors(model, samples).items():
        rows = np.concatenate([v.reshape(-1, v.shape[-1]) for v in seen])
        assert calibration.range_of(0, i) == (rows.min(), rows.max())
        np.testing.assert_allclose(
            calibration.of(0, i).channel_mean, rows.mean(0, np.float64), rtol=1e-12
        )


def test_each_signature_has_its_ranges():
    data = [("first", {"x": [1, 2]}), ("second", {"x": [3, 4]}), ("first", {"x": [-1, 1]})]
    calibration = Calibration.collect(two_signatures(), data, histograms=False)
    assert calibration.ranges() == {0: {0: (-1, 2), 1: (0, 2)}, 1: {0: (3, 4), 1: (3, 4)}}


def test_what_was_never_seen_is_an_error_when_asked_for():
    calibration = Calibration.collect(two_signatures(), [[[1, 2]]], histograms=False)
    with pytest.raises(ValueError, match=r"never ran subgraph 1: .* samples for its signature"):
        calibration.range_of(1, 0)
    calibration = Calibration.collect(MODEL, SAMPLES, histograms=False)
    with pytest.raises(ValueError, match='never saw tensor 1 "w" of subgraph 0'):
        calibration.range_of(0, W)


def test_a_tensor_that_was_not_finite_is_an_error_when_asked_for():
    net = Network()
    x, y = (net.tensor(name, (2,), "float32") for name in "xy")
    infinite = net.constant("infinite", np.array([1, np.inf], np.float32))
    floor = net.tensor("floor", (2,), "float32")
    net.op("FLOOR", [infinite], [floor])
    net.op("MINIMUM", [x, floor], [y])
    net.inputs, net.outputs = [x], [y]
    calibration = Calibration.collect(net.build(), [[[3, 2]], [[5, 4]]], histograms=True)
    with pytest.raises(ValueError, match='tensor 3 "floor" of subgraph 0 was NaN or infinite'):
        calibration.range_of(0, floor)
    assert calibration.range_of(0, y) == (1, 4)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_every_estimator_gives_every_range(estimator, dtype):
    calibration = Calibration.collect(MODEL, SAMPLES, histograms=True)
    for tensor, (low, high) in calibration.ranges(estimator, dtype=dtype)[0].items():
        least, greatest = calibration.range_of(0, tensor)
        m = max(-least, greatest)
        assert -m <= low <= high <= m
        if dtype == "int16" and estimator in ("percentile", "mse", "entropy"):
            assert low == -high
        if dtype == "int8":
            assert min(least, 0) <= low <= high <= greatest


def test_an_estimators_parameter_arrives():
    calibration = Calibration.collect(MODEL, SAMPLES, histograms=True)
    wide, narrow = (calibration.range_of(0, X, "percentile", percentile=p) for p in (100, 90))
    assert narrow[1] < wide[1]


def test_histograms_are_missed_by_name():
    calibration = Calibration.collect(MODEL, SAMPLES, histograms=False)
    with pytest.raises(ValueError, match="histograms=True"):
        calibration.ranges("mse")
    assert calibration.ranges("moving-average").keys() == {0}


@pytest.mark.parametrize("histograms", [False, True])
def test_a_file_holds_everything(tmp_path, histograms):
    data = [("first", {"x": [1, 2]}), ("second", {"x": [-3e30, 1e-30]})]
    for model, samples in ((MODEL, SAMPLES), (two_signatures(), data)):
        saved = Calibration.collect(model, samples, histograms=histograms)
        saved.save(tmp_path / "c.json")
        loaded = Calibration.load(tmp_path / "c.json")
        assert_equal(saved, loaded)
        loaded.check(model)
        if histograms:
            for estimator in ESTIMATORS:
                assert saved.ranges(estimator) == loaded.ranges(estimator)


def test_a_file_of_another_network_is_refused():
    calibration = Calibration.collect(MODEL, SAMPLES, histograms=False)
    calibration.check(MODEL)
    with pytest.raises(ValueError, match="its subgraph 0 has 8 tensors, the network's 2"):
        calibration.check(two_signatures())
    net = Network()
    for i in range(8):
        net.tensor(f"t{i}" if i else "x", (1,), "float32")
    net.inputs = net.outputs = [X]
    with pytest.raises(ValueError, match='tensor 1 is "w" there and "t1" here'):
        calibration.check(net.build())
    calibration = Calibration.collect(
        two_signatures(), [("second", {"x": [1, 2]})], histograms=False
    )
    with pytest.raises(ValueError, match="it has subgraph 1, the network has 1"):
        calibration.check(MODEL)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "x"}', "\0", "nan"])
def test_a_file_that_is_no_calibration_is_refused(tmp_path, content):
    path = tmp_path / "c.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"c\.json is no calibration"):
        Calibration.load(path)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "c.json"
    Calibration.collect(MODEL, SAMPLES, histograms=True).save(path)
    for damage in (
        {"bins": 7},
        {"first": 5000},
        {"first": -5},
        {"counts": "a"},
        {"bins": -1},
    ):
        content = json.loads(path.read_text())
        content["subgraphs"][0]["statistics"][1]["histogram"] |= damage
        damaged = tmp_path / "damaged.json"
        damaged.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=r"damaged\.json is no calibration"):
            Calibration.load(damaged)


def test_memory_does_not_grow_with_samples(tmp_path):
    sizes = []
    for count in (10, 500):
        data = (RNG.normal(size=(6, 5, 3)) for _ in range(count))
        calibration = Calibration.collect(MODEL, data, histograms=True)
        sizes.append(
            [
                (i, s.histogram.nbytes, s.channel_mean.nbytes)
                for i, s in calibration.statistics[0].items()
            ]
        )
        assert calibration.of(0, X).samples == count
    assert sizes[0] == sizes[1]


def test_data_are_checked_while_they_come():
    def data():
        yield from SAMPLES
        yield SAMPLES[0] * np.nan

    with pytest.raises(ValueError, match='sample 6, input "x" has the value nan'):
        Calibration.collect(MODEL, data, histograms=False)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_shows_on_a_terminal_only(monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm")
    shown = {}
    for name, stream, progress in (
        ("terminal", Terminal(), None),
        ("told not to", Terminal(), False),
        ("file", io.StringIO(), None),
        ("file, told to", io.StringIO(), True),
    ):
        monkeypatch.setattr(sys, "stderr", stream)
        Calibration.collect(MODEL, SAMPLES, histograms=False, progress=progress)
        shown[name] = "Calibrating" in stream.getvalue()
    assert shown == {"terminal": True, "told not to": False, "file": False, "file, told to": False}
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    Calibration.collect(MODEL, SAMPLES, histograms=False)
    assert stream.getvalue() == ""


FLOAT_NETWORKS = [
    "mnist_float",
    "ad01_fp32",
    "kws_ref_model_float32",
    "pretrainedResnet",
    "vww_96_float",
]


@pytest.mark.parametrize("file", shared.networks(only=FLOAT_NETWORKS))
def test_ranges_of_a_real_network_are_numpys(file):
    model = file.read_bytes()
    [x] = _core.Interpreter(_core.Model.copy(model)).inputs
    shape = _core.Interpreter(_core.Model.copy(model)).tensor_details(x)["shape"]
    samples = [RNG.uniform(-1, 1, shape).astype(np.float32) for _ in range(2)]
    ranges = Calibration.collect(model, samples, histograms=True).ranges()[0]
    seen = values_of_all_tensors(model, samples, x)
    assert ranges == {i: (np.min(values), np.max(values)) for i, values in seen.items()}
