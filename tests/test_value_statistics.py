"""What the core learns of tensors while a float network runs, against numpy."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo import _core
from octavo.flatbuffer import Network

BINS = 4096


def relu(shape, signature=None):
    net = Network()
    x = net.tensor("x", shape, "float32", shape_signature=signature)
    y = net.tensor("y", shape, "float32", shape_signature=signature)
    net.op("RELU", [x], [y])
    net.inputs, net.outputs = [x], [y]
    return _core.Model.copy(net.build())


def calibrate(values, histograms=True):
    """The statistics of RELU's input and output after running on each of `values`."""
    model = relu(values[0].shape)
    interpreter = _core.Interpreter(model, keep_all=True)
    calibration = _core.Calibration(model, histograms)
    for value in values:
        value = np.asarray(value, np.float32)
        interpreter.resize_input(0, value.shape)
        interpreter.allocate()
        interpreter.set_tensor(0, value)
        interpreter.calibrate(calibration)
    return calibration.statistics()[0]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_statistics_are_numpys(data):
    shape = tuple(data.draw(st.lists(st.integers(0, 9), min_size=0, max_size=4)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    scales = data.draw(st.lists(st.floats(-6, 6).map(lambda e: 10**e), min_size=1, max_size=5))
    values = [(s * rng.standard_normal(shape)).astype(np.float32) for s in scales]
    x, y = calibrate(values)
    if 0 in shape:
        assert x["samples"] == y["samples"] == 0
        assert x["histogram"].size == 0
        return
    for statistics, seen in ((x, np.array(values)), (y, np.maximum(values, 0))):
        assert statistics["samples"] == len(values)
        assert statistics["min"] == seen.min()
        assert statistics["max"] == seen.max()
        assert not statistics["has_nan_or_infinity"]
        assert statistics["zeros"] == (seen == 0).sum()
        limit = statistics["limit"]
        assert np.abs(seen).max() <= limit
        assert np.log2(limit) % 1 == 0
        # Bins that merge give the counts of one pass over everything, but for values that round to
        # another bin's edge.
        at = np.clip(np.float32(seen) * np.float32(BINS / 2 / limit) + BINS / 2, 0, BINS - 1)
        expected = np.bincount(at.astype(int).ravel(), minlength=BINS)
        moved = np.abs(np.cumsum(statistics["histogram"] - expected))
        assert moved.max() <= np.sum(np.abs(at - np.round(at)) < 1e-3)
        assert statistics["histogram"].sum() == seen.size
        low, high = np.float64(seen[0].min()), np.float64(seen[0].max())
        for sample in seen[1:].astype(np.float64):
            low = 0.9 * low + 0.1 * sample.min()
            high = 0.9 * high + 0.1 * sample.max()
        np.testing.assert_allclose(statistics["average_min"], low, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(statistics["average_max"], high, rtol=1e-9, atol=1e-12)
        if shape:
            mean = seen.mean(tuple(range(seen.ndim - 1)), dtype=np.float64)
            np.testing.assert_allclose(statistics["channel_mean"], mean, rtol=1e-9, atol=1e-12)
        else:
            assert statistics["channel_mean"].size == 0


def test_values_that_are_not_finite_are_left_out_and_told():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 5, 40)).astype(np.float32)
    second[[0, 1, 4], [3, 39, 0]] = np.nan, np.inf, -np.inf
    statistics = calibrate([first, second])[0]
    finite = np.concatenate([first.ravel(), second[np.isfinite(second)]])
    assert statistics["has_nan_or_infinity"]
    assert statistics["has_minus_infinity"]
    assert (statistics["min"], statistics["max"]) == (finite.min(), finite.max())
    assert statistics["histogram"].sum() == finite.size
    np.testing.assert_allclose(statistics["channel_mean"], first.mean(0, dtype=np.float64))
    nothing = calibrate([np.full((3,), np.nan, np.float32)])[0]
    assert nothing["samples"] == 0
    assert nothing["has_nan_or_infinity"]
    assert not nothing["has_minus_infinity"]
    low = calibrate([np.float32([1, -np.inf])])[0]
    assert low["has_minus_infinity"]
    assert not low["has_nan_or_infinity"]


def test_values_at_the_end_of_the_range_stay_in_the_histogram():
    greatest = np.finfo(np.float32).max
    for value in (greatest, -greatest, np.float32(1e-45), np.float32(0), np.float32(2.0**-120)):
        histogram = calibrate([np.array([value, 0], np.float32)])[0]["histogram"]
        assert histogram.sum() == 2
    histogram = calibrate([np.array([greatest, -greatest, 0], np.float32)])[0]["histogram"]
    assert list(np.flatnonzero(histogram)) == [0, BINS // 2, BINS - 1]


def test_without_histograms_there_are_none():
    statistics = calibrate([np.ones((2, 3), np.float32)], histograms=False)[0]
    assert statistics["histogram"].size == 0
    assert statistics["max"] == 1
    assert list(statistics["channel_mean"]) == [1, 1, 1]


def test_channels_that_change_in_number_have_no_mean():
    values = [np.ones((2, n), np.float32) for n in (3, 3, 4, 3)]
    statistics = calibrate(values)[0]
    assert statistics["channel_mean"].size == 0
    assert statistics["histogram"].sum() == 26


def test_what_is_computed_while_preparing_is_seen_too():
    net = Network()
    c = net.constant("c", np.array([-2, 3], np.float32))
    known = net.tensor("known", (2,), "float32")
    x = net.tensor("x", (2,), "float32")
    y = net.tensor("y", (2,), "float32")
    net.op("RELU", [c], [known])
    net.op("ADD", [x, known], [y])
    net.inputs, net.outputs = [x], [y]
    model = _core.Model.copy(net.build())
    interpreter = _core.Interpreter(model, keep_all=True)
    interpreter.allocate()
    interpreter.set_tensor(x, np.array([1, -1], np.float32))
    calibration = _core.Calibration(model, True)
    interpreter.calibrate(calibration)
    seen = [(s["samples"], s["min"], s["max"]) for s in calibration.statistics()[0]]
    assert seen == [(0, 0, 0), (1, 0, 3), (1, -1, 1), (1, 1, 2)]


def test_variables_that_an_operator_takes_are_seen():
    net = Network()
    x, y = (net.tensor(name, (2,), "float32") for name in "xy")
    state = net.tensor("state", (2,), "float32", is_variable=True)
    net.op("ADD", [x, state], [y])
    net.inputs, net.outputs = [x], [y]
    model = _core.Model.copy(net.build())
    interpreter = _core.Interpreter(model, keep_all=True)
    interpreter.allocate()
    interpreter.set_tensor(x, np.array([1, -1], np.float32))
    calibration = _core.Calibration(model, True)
    interpreter.calibrate(calibration)
    assert [s["samples"] for s in calibration.statistics()[0]] == [1, 1, 1]
    assert calibration.statistics()[0][state]["zeros"] == 2


def test_only_floats_are_measured():
    net = Network()
    x = net.tensor("x", (2,), "int32")
    y = net.tensor("y", (2,), "float32")
    net.op("CAST", [x], [y], in_data_type="INT32", out_data_type="FLOAT32")
    net.inputs, net.outputs = [x], [y]
    model = _core.Model.copy(net.build())
    interpreter = _core.Interpreter(model, keep_all=True)
    interpreter.allocate()
    interpreter.set_tensor(x, np.array([5, -7], np.int32))
    calibration = _core.Calibration(model, True)
    interpreter.calibrate(calibration)
    assert [s["samples"] for s in calibration.statistics()[0]] == [0, 1]
    assert calibration.statistics()[0][1]["min"] == -7


def test_a_calibration_of_another_network_is_refused():
    interpreter = _core.Interpreter(relu((2,)), keep_all=True)
    interpreter.allocate()
    with pytest.raises(ValueError, match="the calibration is of another network"):
        interpreter.calibrate(_core.Calibration(relu((2,)), True))


def test_threads_share_a_calibration():
    # Long sums into one number: without a lock, threads overwrite each other's.
    shape, runs = (20_000, 1), 200
    model = relu(shape)
    calibration = _core.Calibration(model, True)
    barrier = threading.Barrier(2)

    def run(value):
        interpreter = _core.Interpreter(model, keep_all=True)
        interpreter.allocate()
        interpreter.set_tensor(0, np.full(shape, value, np.float32))
        barrier.wait()
        for _ in range(runs):
            interpreter.calibrate(calibration)

    threads = [threading.Thread(target=run, args=(value,)) for value in (-1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statistics = calibration.statistics()[0][0]
    assert statistics["samples"] == 2 * runs
    assert statistics["histogram"].sum() == 2 * runs * shape[0]
    assert list(statistics["channel_mean"]) == [1]


def softmax_floor(operator, *values):
    net = Network()
    x, y = (net.tensor(name, values[0].shape, "float32") for name in "xy")
    net.op(operator, [x], [y], **({"beta": 1.0} if operator == "SOFTMAX" else {}))
    net.inputs, net.outputs = [x], [y]
    model = _core.Model.copy(net.build())
    interpreter = _core.Interpreter(model, keep_all=True)
    calibration = _core.Calibration(model, False)
    interpreter.allocate()
    for value in values:
        interpreter.set_tensor(x, value)
        interpreter.calibrate(calibration)
    assert calibration.statistics()[0][y]["row_floor"] is None
    return calibration.statistics()[0][x]["row_floor"]


@pytest.mark.parametrize("operator", ["SOFTMAX", "LOG_SOFTMAX"])
def test_the_floor_of_a_softmaxs_rows(operator):
    rng = np.random.default_rng(0)
    values = [rng.normal(0, 3, (4, 5)).astype(np.float32) for _ in range(3)]
    expected = min(row.max() for value in values for row in value) - np.log(5)
    # Rows of equal elements have none that are less than others.
    flat = np.full((4, 5), -1e9, np.float32)
    for seen in (values, [*values, flat]):
        assert softmax_floor(operator, *seen) == pytest.approx(expected, rel=1e-6)
    assert softmax_floor(operator, flat) is None
    assert softmax_floor(operator, np.float32([[3], [4]])) is None
    assert softmax_floor(operator, np.float32([[-np.inf, 3], [2, 1]])) == 2 - np.float32(np.log(2))
    assert softmax_floor(operator, np.full((2, 2), np.nan, np.float32)) is None
    assert softmax_floor("TANH", values[0]) is None
