"""Range estimators on distributions whose answers are known."""

from dataclasses import replace

import numpy as np
import pytest
from octavo import _core
from octavo.flatbuffer import Network
from octavo.quantizer.estimators import (
    ESTIMATORS,
    TensorStatistics,
    estimate,
    kl_divergence,
    percentile,
)

BINS = 4096
RNG = np.random.default_rng(20)


def statistics(values):
    """What calibration says of a tensor that takes these values at once."""
    values = np.asarray(values, np.float32)
    net = Network()
    x, y = (net.tensor(name, values.shape, "float32") for name in "xy")
    net.op("RELU", [x], [y])
    net.inputs, net.outputs = [x], [y]
    model = _core.Model.copy(net.build())
    interpreter = _core.Interpreter(model, keep_all=True)
    interpreter.allocate()
    interpreter.set_tensor(x, values)
    calibration = _core.Calibration(model, True)
    interpreter.calibrate(calibration)
    return TensorStatistics(**calibration.statistics()[0][x])


def quantized(values, low, high, *, bits, symmetric):
    """The values as integers of this range represent them."""
    low, high = min(low, 0), max(high, 0)
    if symmetric:
        greatest = 2 ** (bits - 1) - 1
        scale = max(-low, high) / greatest
        return np.clip(np.round(values / scale), -greatest, greatest) * scale
    scale = (high - low) / (2**bits - 1)
    zero_point = np.round(-low / scale)
    return (np.clip(np.round(values / scale) + zero_point, 0, 2**bits - 1) - zero_point) * scale


def error(values, name, **target):
    low, high = estimate(name, statistics(values), **target)
    values = np.asarray(values, np.float64)
    return np.mean((quantized(values, low, high, **target) - values) ** 2)


INT8 = {"bits": 8, "symmetric": False}
INT8_SYMMETRIC = {"bits": 8, "symmetric": True}
INT16 = {"bits": 16, "symmetric": True}
TARGETS = pytest.mark.parametrize("target", [INT8, INT8_SYMMETRIC, INT16])

DISTRIBUTIONS = {
    "normal": RNG.normal(size=50_000),
    "heavy tail": RNG.standard_t(2, 50_000),
    "rectified": np.maximum(RNG.normal(size=50_000), 0),
    "rectified heavy tail": np.maximum(RNG.standard_t(2, 50_000), 0),
    "all positive": RNG.uniform(3, 4, 50_000),
    "all negative": -RNG.exponential(size=50_000),
    "skewed": RNG.exponential(size=50_000) - 0.1,
    "one outlier": np.append(RNG.normal(size=50_000), 300.0),
    "two values": np.repeat([-1.0, 2.0], 100),
    "clamped at 6": np.clip(RNG.normal(3, 3, 50_000), 0, 6),
}
VALUES = pytest.mark.parametrize("values", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys())


def test_minmax_is_the_extremes_and_moving_average_the_averages():
    s = replace(statistics([-3, 0, 5]), average_min=-1.5, average_max=2.5)
    assert estimate("minmax", s) == (-3, 5)
    assert estimate("moving-average", s) == (-1.5, 2.5)


@TARGETS
@VALUES
@pytest.mark.parametrize("name", ["percentile", "mse", "entropy"])
def test_a_range_is_within_the_values_and_zero(name, values, target):
    s = statistics(values)
    low, high = estimate(name, s, **target)
    assert low <= high
    if target["symmetric"]:
        assert low == -high
        assert 0 < high <= max(-s.min, s.max)
    else:
        assert min(s.min, 0) <= low
        assert high <= max(s.max, 0)


@pytest.mark.parametrize("share", [99.99, 99, 90, 60])
def test_percentile_of_a_uniform_distribution(share):
    n = 1_000_000
    s = statistics(np.linspace(-1, 3, n))
    bin_width = 2 * s.limit / BINS
    low, high = percentile(s, percentile=share)
    assert abs(low - np.percentile(np.linspace(-1, 3, n), 100 - share)) < bin_width
    assert abs(high - np.percentile(np.linspace(-1, 3, n), share)) < bin_width
    low, high = percentile(s, percentile=share, symmetric=True)
    assert abs(high - np.percentile(np.abs(np.linspace(-1, 3, n)), share)) < bin_width


def test_percentile_of_everything_is_minmax():
    s = statistics(DISTRIBUTIONS["heavy tail"])
    assert percentile(s, percentile=100) == (s.min, s.max)


def test_percentile_drops_one_outlier():
    low, high = percentile(statistics(DISTRIBUTIONS["one outlier"]))
    assert -6 < low < -3
    assert 3 < high < 6


@pytest.mark.parametrize("share", [50, 0, -1, 100.1, float("nan")])
def test_percentile_refuses_what_is_none(share):
    with pytest.raises(ValueError, match="must be above 50 and at most 100"):
        percentile(statistics([1, 2]), percentile=share)


@TARGETS
@VALUES
def test_mse_never_errs_more_than_minmax(values, target):
    # The error of rounding is modelled, not measured: where minmax is best both are the same.
    assert error(values, "mse", **target) <= error(values, "minmax", **target) * 1.001


def laplace(n):
    """The n-quantiles of the Laplace distribution of scale 1."""
    p = (np.arange(n) + 0.5) / n - 0.5
    return -np.sign(p) * np.log1p(-2 * np.abs(p))


@pytest.mark.parametrize("bits", [4, 6, 8])
@pytest.mark.parametrize("symmetric", [False, True])
def test_mse_of_a_laplace_distribution(bits, symmetric):
    # Values beyond an end have the error 2 exp(-end) in all, rounding has step^2 / 12 (R. Banner
    # et al., Post-training 4-bit quantization of convolution networks, 2019).
    ends = np.linspace(1, 12, 10_000)
    steps = 2**bits - (2 if symmetric else 1)
    best = ends[np.argmin(2 * np.exp(-ends) + (2 * ends / steps) ** 2 / 12)]
    values = laplace(1_000_000)
    low, high = estimate("mse", statistics(values), bits=bits, symmetric=symmetric)
    assert (-low, high) == pytest.approx((best, best), rel=0.03)
    target = {"bits": bits, "symmetric": symmetric}
    assert error(values, "mse", **target) < 0.75 * error(values, "minmax", **target)


@pytest.mark.parametrize("name", ["normal", "heavy tail", "rectified heavy tail"])
def test_mse_is_near_the_best_range_there_is(name):
    values = DISTRIBUTIONS[name][:20_000]
    low, high = values.min(), values.max()
    shares = 2.0 ** -np.linspace(0, 6, 40)
    best = min(
        np.mean((quantized(values, low * a, high * b, **INT8) - values) ** 2)
        for a in (shares if low < 0 else [1])
        for b in shares
    )
    assert error(values, "mse", **INT8) < best * 1.02


@TARGETS
@pytest.mark.parametrize("name", ["mse", "entropy"])
def test_exact_zeros_change_no_range(name, target):
    values = DISTRIBUTIONS["heavy tail"]
    more = np.append(values, np.zeros(10 * len(values)))
    assert estimate(name, statistics(more), **target) == estimate(
        name, statistics(values), **target
    )


def test_mse_does_not_clip_what_fits_the_grid():
    for values in (np.repeat([-1.0, 2.0], 100), RNG.uniform(-1, 1, 10_000)):
        low, high = estimate("mse", statistics(values))
        np.testing.assert_allclose([low, high], [values.min(), values.max()], rtol=0.03)


def brute_force_divergence(counts, first, last, levels):
    """The definition, bin by bin."""
    n = last - first
    clipped = [counts[i] for i in range(first, last)]
    clipped[0] += sum(counts[:first])
    clipped[-1] += sum(counts[last:])
    merged = [0.0] * n
    for group in range(min(levels, n)):
        members = [i for i in range(n) if i * min(levels, n) // n == group]
        occupied = [i for i in members if clipped[i] > 0]
        for i in occupied:
            merged[i] = sum(counts[first + j] for j in members) / len(occupied)
    total, divergence = sum(merged), 0.0
    for p, q in zip(clipped, merged, strict=True):
        if p > 0:
            if q == 0:
                return np.inf
            divergence += p / sum(clipped) * np.log(p / sum(clipped) / (q / total))
    return divergence


@pytest.mark.parametrize("levels", [4, 7, 16, 64])
def test_divergence_is_that_of_brute_force(levels):
    for _ in range(50):
        counts = RNG.poisson(RNG.choice([0.1, 1, 5]), 64).astype(float)
        first, last = sorted(RNG.choice(65, 2, replace=False))
        expected = brute_force_divergence(counts, first, last, levels)
        if counts.sum() > 0:
            np.testing.assert_allclose(
                kl_divergence(counts, first, last, levels), expected, rtol=1e-9, atol=1e-12
            )


@pytest.mark.parametrize("name", ["normal", "rectified heavy tail", "one outlier", "skewed"])
@pytest.mark.parametrize("target", [INT8, INT8_SYMMETRIC])
def test_entropy_has_the_least_divergence(name, target):
    s = statistics(DISTRIBUTIONS[name])
    counts = s.histogram.astype(float)
    counts[BINS // 2] -= s.zeros
    width = 2 * s.limit / BINS

    def divergence(low, high):
        first, last = BINS // 2 + round(low / width), BINS // 2 + round(high / width)
        return kl_divergence(counts, first, last, 256)

    def snapped(end):  # outwards
        return np.sign(end) * np.ceil(abs(end) / width) * width

    low, high = (snapped(end) for end in estimate("entropy", s, **target))
    m = max(-s.min, s.max)
    full = (-m, m) if target["symmetric"] else (min(s.min, 0), max(s.max, 0))
    for share in np.linspace(1, 0, 128, endpoint=False):
        candidate = [snapped(share * snapped(end)) for end in full]
        if candidate[1] - candidate[0] < 256 * width:
            break
        assert divergence(low, high) <= divergence(*candidate) + 1e-12


def test_entropy_drops_one_outlier_and_keeps_a_uniform_distribution():
    high = estimate("entropy", statistics([*DISTRIBUTIONS["normal"], 30]))[1]
    assert 3 < high < 10
    s = statistics(RNG.uniform(-1, 1, 100_000))
    assert estimate("entropy", s) == pytest.approx((s.min, s.max), rel=0.02)


@VALUES
def test_entropy_has_nothing_to_choose_for_16_bits(values):
    s = statistics(values)
    m = max(-s.min, s.max)
    assert estimate("entropy", s, **INT16) == (-m, m)


@TARGETS
@pytest.mark.parametrize("name", ["minmax", "percentile", "mse", "entropy"])
@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 0.3, -1e-30, 1e-45, 3e38])
def test_a_tensor_of_one_value_keeps_it(name, value, target):
    low, high = estimate(name, statistics([value] * 7), **target)
    value = np.float32(value)
    within_a_bin = 1 / (BINS // 4) if name == "percentile" else 0
    assert max(abs(low), abs(high)) == pytest.approx(abs(value), rel=within_a_bin, abs=0)
    assert low <= high


def test_histograms_are_asked_for():
    s = statistics([1, 2])
    bare = replace(s, histogram=np.zeros(0, np.int64))
    for name in ("percentile", "mse", "entropy"):
        with pytest.raises(ValueError, match="histograms=True"):
            estimate(name, bare)
    assert estimate("minmax", bare) == (1, 2)


def test_an_unknown_estimator_lists_the_others():
    with pytest.raises(ValueError, match=r"'magic' is no range estimator: minmax, .*entropy"):
        estimate("magic", statistics([1]))
    assert set(ESTIMATORS) == {"minmax", "moving-average", "percentile", "mse", "entropy"}
