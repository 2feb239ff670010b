"""Range estimators: which range of real values a quantized tensor should represent.

Each is a function of what calibration saw of one tensor, named in `ESTIMATORS`:

    estimator(statistics, *, bits=8, symmetric=False, **parameters) -> (min, max)

`bits` and `symmetric` say what the range is for: int8 with a zero point, or int16 without
(bits=16, symmetric=True). Beyond minmax and moving-average they clip: values outside the range
become its ends, so that the steps between the others are finer. A range for symmetric integers
that was chosen by magnitude is (-m, m).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Range: TypeAlias = tuple[float, float]


@dataclass(frozen=True, eq=False)
class TensorStatistics:
    """What one tensor was on the data.

    Attributes:
      samples: how many samples gave it a value; the rest means nothing where that is 0.
      min: the least value.
      max: the greatest value.
      average_min: exponential moving average of each sample's least value; the newest weighs 0.1.
      average_max: the same of the greatest value.
      has_minus_infinity: whether that was among the values; it is in nothing else here.
      has_nan_or_infinity: the same of NaN and infinity.
      channel_mean: the mean for each index of the last axis; empty for a scalar.
      limit: the histogram's equal bins cover [-limit, limit].
      histogram: the count of values in each bin; empty if calibration made none.
      zeros: how many of the counted values are exactly zero.
      row_floor: of the rows that a softmax took and whose elements differ, the least of their
        greatest element less the logarithm of their length: all that lies d below weighs at most
        e^-d in any row. None without such rows.
    """

    samples: int
    min: float
    max: float
    average_min: float
    average_max: float
    has_minus_infinity: bool
    has_nan_or_infinity: bool
    channel_mean: Floats
    limit: float
    histogram: npt.NDArray[np.int64]
    zeros: int
    row_floor: float | None = None

    @property
    def has_nonfinite(self) -> bool:
        """Whether not all values were finite."""
        return self.has_minus_infinity or self.has_nan_or_infinity


Estimator: TypeAlias = Callable[..., Range]


def minmax(statistics: TensorStatistics, *, bits: int = 8, symmetric: bool = False) -> Range:
    """The least and the greatest value: nothing is clipped. LiteRT's choice."""
    return statistics.min, statistics.max


def moving_average(
    statistics: TensorStatistics, *, bits: int = 8, symmetric: bool = False
) -> Range:
    """The moving averages of each sample's extremes: a rare outlier moves them little."""
    return statistics.average_min, statistics.average_max


def percentile(
    statistics: TensorStatistics,
    *,
    bits: int = 8,
    symmetric: bool = False,
    percentile: float = 99.99,
) -> Range:
    """Leaves out the values beyond a percentile: on either side, or of magnitudes if symmetric.

    Args:
      percentile: in percent, above 50: this share of the values is at or below the greatest kept,
        and as many are at or above the least.
    """
    if not 50 < percentile <= 100:
        raise ValueError(f"the percentile must be above 50 and at most 100, not {percentile}")
    edges, counts = _bins(statistics)
    share = percentile / 100
    if symmetric:
        half = len(counts) // 2
        magnitudes = counts[half:] + counts[:half][::-1]
        m = min(_quantile(edges[half:], magnitudes, share), _magnitude(statistics))
        return -m, m
    low, high = np.clip(
        [_quantile(edges, counts, 1 - share), _quantile(edges, counts, share)],
        statistics.min,
        statistics.max,
    )
    return float(low), float(high)


def mse(statistics: TensorStatistics, *, bits: int = 8, symmetric: bool = False) -> Range:
    """The range with the least mean squared error.

    The error is taken as step^2/12 for every value inside, the variance of rounding to a grid, and
    the distance to the nearer end for those outside. Exact zeros have none: the grid has a zero.
    """
    values, weights = _values(statistics)
    if symmetric:
        ends = _shrinking(_magnitude(statistics))
        outside, beyond = _clipping_error(np.abs(values), weights, ends)
        error = beyond + (weights.sum() - outside) * _rounding_error(2 * ends, 2**bits - 2)
        m = float(ends[error.argmin()])
        return -m, m
    lows, highs = _shrinking(max(-statistics.min, 0.0)), _shrinking(max(statistics.max, 0.0))
    outside_low, below = _clipping_error(-values, weights, lows)
    outside_high, above = _clipping_error(values, weights, highs)
    inside = weights.sum() - outside_low[:, None] - outside_high
    rounding = _rounding_error(lows[:, None] + highs, 2**bits - 1)
    error = below[:, None] + above + inside * rounding
    row, column = np.unravel_index(error.argmin(), error.shape)
    return -float(lows[row]), float(highs[column])


def entropy(statistics: TensorStatistics, *, bits: int = 8, symmetric: bool = False) -> Range:
    """The range whose quantized histogram tells most of the original: the least Kullback-Leibler
    divergence.

    The full range, symmetric or with zero inside, shrinks towards zero in steps, as long as it has
    more bins than there are quantized values; see `kl_divergence` for what is compared (S. Migacz,
    8-bit inference with TensorRT, GTC 2017). For 16 bits it never has, and the range stays full.
    Exact zeros are left out: they survive any range.
    """
    edges, counts = _bins(statistics)
    zero = len(counts) // 2
    counts[zero] -= statistics.zeros
    low, high = _full_range(statistics, symmetric)
    width = statistics.limit / zero
    below, above = (min(int(np.ceil(end / width)), zero) for end in (-low, high))
    best, least = (low, high), np.inf
    for share in np.linspace(1, 0, 128, endpoint=False):
        first, last = zero - int(np.ceil(share * below)), zero + int(np.ceil(share * above))
        if share < 1 and last - first < 2**bits:
            break
        divergence = kl_divergence(counts, first, last, 2**bits)
        if divergence < least:
            best, least = (max(edges[first], low), min(edges[last], high)), divergence
    return float(best[0]), float(best[1])


def kl_divergence(counts: Floats, first: int, last: int, levels: int) -> float:
    """The Kullback-Leibler divergence of a histogram clipped and merged from the one clipped.

    Args:
      counts: the histogram.
      first, last: bins [first, last) remain. The clipped histogram has all others on the
        outermost of these.
      levels: groups of neighbouring bins that are merged. Within a group what the remaining bins
        hold, which is without the others, is spread evenly over the bins that are not empty.

    Returns:
      The divergence in nats; infinity where a group lost all it had.
    """
    inside = counts[first:last]
    if inside.size == 0 or counts.sum() == 0:
        return 0.0
    clipped = inside.copy()
    clipped[0] += counts[:first].sum()
    clipped[-1] += counts[last:].sum()
    occupied = clipped > 0
    groups = np.arange(len(inside)) * min(levels, len(inside)) // len(inside)
    mean = np.bincount(groups, inside) / np.maximum(np.bincount(groups, occupied), 1)
    p = clipped[occupied] / clipped.sum()
    merged = mean[groups][occupied]
    if np.any(merged == 0):
        return float("inf")
    return float(np.sum(p * np.log(p / (merged / merged.sum()))))


ESTIMATORS: Mapping[str, Estimator] = {
    "minmax": minmax,
    "moving-average": moving_average,
    "percentile": percentile,
    "mse": mse,
    "entropy": entropy,
}


def estimate(
    name: str,
    statistics: TensorStatistics,
    *,
    bits: int = 8,
    symmetric: bool = False,
    **parameters: Any,
) -> Range:
    """The range of one tensor by the named estimator.

    Raises:
      ValueError: the name is not in `ESTIMATORS`, or the statistics have no histogram and the
        estimator needs one.
    """
    check_name(name)
    return ESTIMATORS[name](statistics, bits=bits, symmetric=symmetric, **parameters)


def check_name(name: str) -> None:
    """Raises ValueError if there is no such estimator."""
    if name not in ESTIMATORS:
        raise ValueError(f"{name!r} is no range estimator: {', '.join(ESTIMATORS)}")


def _magnitude(statistics: TensorStatistics) -> float:
    return max(abs(statistics.min), abs(statistics.max))


def _full_range(statistics: TensorStatistics, symmetric: bool) -> Range:
    """The extremes with zero among them, as integers represent them."""
    if symmetric:
        return -_magnitude(statistics), _magnitude(statistics)
    return min(statistics.min, 0.0), max(statistics.max, 0.0)


def _bins(statistics: TensorStatistics) -> tuple[Floats, Floats]:
    """The edges of the histogram's bins, and their counts."""
    if statistics.histogram.size == 0:
        raise ValueError(
            "the estimator needs histograms, which the calibration lacks: quantize on data with "
            "this estimator, or collect with histograms=True"
        )
    edges = np.linspace(-statistics.limit, statistics.limit, len(statistics.histogram) + 1)
    # The outermost bins hold what exceeds the greatest limit, 2^127.
    edges[0], edges[-1] = min(edges[0], statistics.min), max(edges[-1], statistics.max)
    return edges, statistics.histogram.astype(np.float64)


def _values(statistics: TensorStatistics) -> tuple[Floats, Floats]:
    """A value that stands for each occupied bin, and how often it counts; exact zeros do not."""
    edges, counts = _bins(statistics)
    counts[len(counts) // 2] -= statistics.zeros
    occupied = counts > 0
    centers = np.clip((edges[:-1] + edges[1:]) / 2, statistics.min, statistics.max)
    return centers[occupied], counts[occupied]


def _quantile(edges: Floats, counts: Floats, share: float) -> float:
    """Below which the given share of the values lies, by interpolation within a bin."""
    cumulative = np.concatenate([[0.0], np.cumsum(counts)])
    return float(np.interp(share * cumulative[-1], cumulative, edges))


def _shrinking(end: float) -> Floats:
    """Candidates for the end of a range: 24 an octave down to a bin's order, and zero."""
    return end * np.append(2.0 ** (-np.arange(265) / 24), 0.0)


def _clipping_error(values: Floats, weights: Floats, ends: Floats) -> tuple[Floats, Floats]:
    """How many values exceed each end, and the sum of their squared distances from it."""
    order = np.argsort(values)[::-1]
    values, weights = values[order], weights[order]
    moments = [np.cumsum(weights * values**k) for k in range(3)]
    s0, s1, s2 = (np.concatenate([[0.0], moment]) for moment in moments)
    n = len(values) - np.searchsorted(values[::-1], ends, side="right")
    return s0[n], s2[n] - 2 * ends * s1[n] + ends**2 * s0[n]


def _rounding_error(width: Floats, steps: int) -> Floats:
    """The mean squared error of rounding to `steps` equal steps over a range of this width."""
    return np.asarray((width / steps) ** 2 / 12)
