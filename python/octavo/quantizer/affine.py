"""Arithmetic of quantization: ranges to scales, reals to integers.

real = (q - zero_point) * scale. What is emitted follows LiteRT's 8-bit quantization specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# A scale above that of the greatest weight costs precision, but may suit the other weights better.
# Of 4 bits there are so few steps that clipping the greatest weights pays.
_SCALE_FACTORS = {8: 1 + np.arange(16) / 128, 4: 1 - np.arange(20) / 40}

# A bias beyond this would leave no room in the int32 accumulator for the products.
_GREATEST_BIAS = 2.0**30


@dataclass(frozen=True)
class Affine:
    """A quantization of a whole tensor: its integer type ("int8", "uint8", "int16"), scale and
    zero point. The scale is a float32's value, as files store it."""

    dtype: str
    scale: float
    zero_point: int

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest real that it has."""
        info = np.iinfo(self.dtype)
        low, high = (self.scale * (int(q) - self.zero_point) for q in (info.min, info.max))
        return low, high

    def as_uint8(self) -> Affine:
        """The same reals in uint8 (of an int8 quantization)."""
        return Affine("uint8", self.scale, self.zero_point + 128)


def affine_of_range(low: float, high: float, dtype: str, least: float = 0.0) -> Affine:
    """The quantization of "int8" or "int16" that covers [low, high], widened to include 0.

    int8 uses its whole range with the zero point nearest to where 0 falls; int16 is symmetric,
    with zero point 0 and [-32767, 32767]. The scale is at least `least`.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    exact = max(-low, high) / 32767 if dtype == "int16" else (high - low) / 255
    scale = float(np.float32(max(exact, least)))
    if scale < np.finfo(np.float32).tiny:  # only zeros, or too small for a float32 scale
        return Affine(dtype, 2.0**-8, 0)  # no operator's kernel finds it too coarse or too fine
    if dtype == "int16":
        return Affine(dtype, scale, 0)
    zero_point = int(round_away(np.float64(-128 - low / scale)))
    return Affine(dtype, scale, min(max(zero_point, -128), 127))


def round_away(x: Array | np.float64) -> Array:
    """To the nearest integer, half away from zero."""
    return np.asarray(np.trunc(x + np.copysign(0.5, x)))


def quantize(x: Array, affine: Affine) -> Array:
    """Reals of any shape as integers of the affine's type, saturating."""
    info = np.iinfo(affine.dtype)
    q = round_away(np.asarray(x, np.float64) / affine.scale) + affine.zero_point
    return np.asarray(np.clip(q, info.min, info.max), affine.dtype)


def quantize_weights(
    weights: Array, axis: int | None, least: Array | float = 0.0, bits: int = 8
) -> tuple[Array, Array]:
    """Reals as int8 in [-127, 127], or in [-7, 7] for 4 bits, with zero point 0, and the scales
    (float32): one a slice along `axis`, or one for all. Zero stays zero, and what is equal in a
    slice stays equal.

    A slice's scale is that of its greatest magnitude, or another near it if that makes the error
    smaller; but not where the weights are clustered: slices of the same reals are then the same
    integers, and compress as well as the reals. A scale is at least `least` (broadcast to the
    scales). A slice of zeros takes the smallest of the other slices' scales: with its own its bias
    could not be expressed.
    """
    slices = weights[None] if axis is None else np.moveaxis(weights, axis, 0)
    rows = slices.reshape(slices.shape[0], -1).astype(np.float32)
    greatest = 2 ** (bits - 1) - 1
    scales = _least_scales(rows, least, greatest)
    found, quantized = scales.copy(), np.zeros(rows.shape, np.int8)
    smallest = np.full(scales.shape, np.inf)
    factors = _SCALE_FACTORS[bits]
    for factor in factors[:1] if _are_clustered(weights) else factors:
        tried = (scales * factor).astype(np.float32)
        q = np.clip(round_away(rows / tried[:, None]), -greatest, greatest)
        error = _row_errors(q * tried[:, None] - rows)
        better = error < smallest
        found[better], quantized[better], smallest[better] = tried[better], q[better], error[better]
    restored: Array = quantized.reshape(slices.shape)
    return (restored[0] if axis is None else np.moveaxis(restored, 0, axis)), found


def _are_clustered(weights: Array) -> bool:
    """Whether there are so few distinct reals that int8 could count them, each several times."""
    return np.unique(weights).size <= min(256, weights.size // 4)


def _least_scales(rows: Array, least: Array | float, greatest: int) -> Array:
    """The scales with which no row is clipped."""
    peaks = np.abs(rows).max(axis=1, initial=0.0).astype(np.float64)
    scales: Array = np.maximum(peaks / greatest, least)
    tiny = scales <= np.finfo(np.float32).tiny
    scales[tiny] = scales[~tiny].min() if not tiny.all() else 1.0
    return np.asarray(scales, np.float32)


def _row_errors(errors: Array) -> Array:
    """How bad a row's rounding errors are: their squares, and the square of their sum.

    Inputs are often all positive (after a RELU), so that errors of one sign add up in the output's
    mean. The weight of the sum was found on EfficientNet-Lite0, where 0.05 to 1 all help.
    """
    return np.asarray(np.square(errors).sum(axis=1) + 0.2 * np.square(errors.sum(axis=1)))


def least_weight_scales(bias: Array, input_scale: float) -> Array:
    """The weight scales below which a bias would overflow its 32 bits."""
    return np.asarray(np.abs(bias.astype(np.float64)) / (input_scale * _GREATEST_BIAS))


def quantize_bias(bias: Array, scales: Array, dtype: str) -> Array:
    """Reals as "int32" or "int64" with zero point 0."""
    info = np.iinfo(dtype)
    q = round_away(bias.astype(np.float64) / scales.astype(np.float64))
    # float64 has no 2^63 - 1; the next number below does.
    return np.asarray(np.clip(q, float(info.min), np.nextafter(float(info.max), 0)), dtype)


def mean_output_error(
    weights: Array, quantized: Array, scales: Array, axis: int, mean: Array
) -> Array:
    """By how much quantized weights move each output channel's mean, given the mean of each input
    channel: correcting the bias by it takes out the systematic part of the error (Nagel et al.,
    "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019).

    Args:
      weights: the real weights, input channels last; in a depthwise filter (axis 3) each output
        channel has one input channel.
      quantized: the same as int8.
      scales: of the int8 weights: along `axis`, or one.
      axis: the dimension of the output channels.
      mean: of the input's channels. More than the weights have are those of several groups; fewer
        recur, as where an image is taken as a vector.

    Returns:
      one number an output channel; zeros where the means do not fit the weights.
    """
    channels = weights.shape[axis]
    shape = [1] * weights.ndim
    shape[axis] = -1
    error = quantized * scales.astype(np.float64).reshape(shape) - weights.astype(np.float64)
    if axis == weights.ndim - 1:
        error = np.moveaxis(error, axis, 0)[..., None]
    depth = error.shape[-1]
    groups = max(mean.size // depth, 1)
    width = mean.size // groups
    if width == 0 or depth % width or mean.size % groups or channels % groups:
        return np.zeros(channels)
    by_input = error.reshape(groups, channels // groups, -1, width).sum(axis=2)
    return np.asarray((by_input * mean.reshape(groups, 1, width)).sum(axis=2).reshape(channels))
