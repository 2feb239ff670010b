"""Calibration: what the tensors of a float network are on representative data.

>>> calibration = Calibration.collect(model, samples, histograms=True)
>>> calibration.range_of(0, 12, "percentile", percentile=99.9)
>>> calibration.save("net.json")

One calibration serves every mode and, with histograms, every estimator.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo import _core
from octavo.custom_ops import CoreOp, CustomOps, core_ops
from octavo.quantizer.data import RepresentativeData, Sample
from octavo.quantizer.estimators import Range, TensorStatistics, estimate

# What a range is for: an activation type -> its bits, and whether its zero point is always 0.
_TARGETS = {"int8": (8, False), "int16": (16, True)}

_FORMAT = "octavo calibration 2"


@dataclass(frozen=True, eq=False)
class Calibration:
    """The statistics of all tensors of the subgraphs that the data ran, called ones among them.

    Attributes:
      names: for each subgraph that ran and has such tensors, the names of all its tensors.
      statistics: for each of these, the tensors that took values, by number.
    """

    names: Mapping[int, tuple[str, ...]]
    statistics: Mapping[int, Mapping[int, TensorStatistics]]

    @classmethod
    def collect(
        cls,
        model: bytes,
        data: Any,
        *,
        histograms: bool,
        progress: bool | None = None,
        custom_ops: CustomOps | None = None,
    ) -> Calibration:
        """Runs the network on data. State that it keeps lasts from one sample to the next.

        Args:
          model: the bytes of a float .tflite file.
          data: in any form that `octavo.quantizer.data` describes.
          histograms: whether to count values in bins, which all estimators but "minmax" and
            "moving-average" need.
          progress: whether to show a bar, on a terminal and if the package rich is there; None for
            yes.
          custom_ops: operators that the file calls by name, see `octavo.CustomOp`.

        Raises:
          ValueError: data do not fit the network, hold NaN or an infinity, or there are none.
        """
        shared, custom = _core.Model.copy(model), core_ops(custom_ops)
        samples = RepresentativeData(shared, data)
        calibration = _core.Calibration(shared, histograms)
        runners: dict[int, _Runner] = {}
        session = _core.Session()  # what one signature assigns to a variable the others read
        for subgraph, inputs in _with_progress(samples, samples.count, progress is not False):
            if subgraph not in runners:
                runners[subgraph] = _Runner(shared, subgraph, calibration, custom, session)
            runners[subgraph].run(inputs)
        seen = {i: _seen(tensors) for i, tensors in enumerate(calibration.statistics())}
        ran = [i for i, statistics in seen.items() if statistics or i in runners]
        return cls(
            {i: _tensor_names(_core.Interpreter(shared, i)) for i in ran},
            {i: seen[i] for i in ran},
        )

    def of(self, subgraph: int, tensor: int) -> TensorStatistics:
        """What a tensor was.

        Raises:
          ValueError: the data never gave it a value.
        """
        if subgraph not in self.names:
            raise ValueError(
                f"calibration never ran subgraph {subgraph}: the representative data need samples "
                "for its signature"
            )
        if tensor not in self.statistics[subgraph]:
            raise ValueError(
                f"calibration never saw {self._label(subgraph, tensor)}: it has no float values "
                "on the representative data"
            )
        return self.statistics[subgraph][tensor]

    def range_of(
        self,
        subgraph: int,
        tensor: int,
        estimator: str = "minmax",
        *,
        dtype: str = "int8",
        only_finite: bool = False,
        **parameters: Any,
    ) -> Range:
        """The range that a tensor should represent.

        Args:
          subgraph: number of the subgraph.
          tensor: number of the tensor.
          estimator: a name of `octavo.quantizer.estimators.ESTIMATORS`.
          dtype: the activations that the range is for: "int8", or "int16", which is symmetric.
          only_finite: whether to take the range of the finite values where others are among them;
            (0, 0) where there are none.
          **parameters: of the estimator.

        Raises:
          ValueError: the data never gave the tensor a value, or one that is not finite, or the
            estimator does not exist or needs histograms.
        """
        statistics = self.of(subgraph, tensor)
        if statistics.has_nonfinite and not only_finite:
            raise ValueError(
                f"{self._label(subgraph, tensor)} was NaN or infinite on the representative data: "
                "no range has these; keep the operator that computes it float"
            )
        if statistics.samples == 0:
            return 0.0, 0.0
        bits, symmetric = _TARGETS[dtype]
        return estimate(estimator, statistics, bits=bits, symmetric=symmetric, **parameters)

    def ranges(
        self, estimator: str = "minmax", *, dtype: str = "int8", **parameters: Any
    ) -> dict[int, dict[int, Range]]:
        """`range_of` for every tensor seen: by subgraph, then by tensor."""
        return {
            subgraph: {
                t: self.range_of(subgraph, t, estimator, dtype=dtype, **parameters) for t in seen
            }
            for subgraph, seen in self.statistics.items()
        }

    def check(self, model: bytes) -> None:
        """Raises ValueError unless the tensors of a network are those that were calibrated."""
        shared = _core.Model.copy(model)
        for subgraph, names in self.names.items():
            if subgraph >= shared.subgraph_count:
                raise ValueError(
                    f"the calibration is of another network: it has subgraph {subgraph}, the "
                    f"network has {shared.subgraph_count}"
                )
            actual = _tensor_names(_core.Interpreter(shared, subgraph))
            if len(actual) != len(names):
                raise ValueError(
                    f"the calibration is of another network: its subgraph {subgraph} has "
                    f"{len(names)} tensors, the network's {len(actual)}"
                )
            for i, (ours, theirs) in enumerate(zip(names, actual, strict=True)):
                if ours != theirs:
                    raise ValueError(
                        f'the calibration is of another network: tensor {i} is "{ours}" there and '
                        f'"{theirs}" here'
                    )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a JSON file."""
        subgraphs = [
            {
                "subgraph": subgraph,
                "names": names,
                "statistics": [
                    {"tensor": t, **_to_json(s)} for t, s in self.statistics[subgraph].items()
                ],
            }
            for subgraph, names in self.names.items()
        ]
        content = {"format": _FORMAT, "subgraphs": subgraphs}
        Path(path).write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Calibration:
        """Reads what `save` has written.

        Raises:
          ValueError: it is no such file.
          OSError: the file cannot be read.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                raise ValueError(f'format "{content["format"]}" instead of "{_FORMAT}"')
            return cls(
                {g["subgraph"]: tuple(g["names"]) for g in content["subgraphs"]},
                {
                    g["subgraph"]: {s.pop("tensor"): _from_json(s) for s in g["statistics"]}
                    for g in content["subgraphs"]
                },
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{os.fspath(path)} is no calibration: {error}") from error

    def _label(self, subgraph: int, tensor: int) -> str:
        return f'tensor {tensor} "{self.names[subgraph][tensor]}" of subgraph {subgraph}'


class _Runner:
    """One subgraph in calibration."""

    def __init__(
        self,
        model: _core.Model,
        subgraph: int,
        calibration: _core.Calibration,
        custom_ops: list[CoreOp],
        session: _core.Session,
    ) -> None:
        # With keep_all nothing that makes running faster leaves a tensor out.
        self._interpreter = _core.Interpreter(
            model, subgraph, keep_all=True, custom_ops=custom_ops, session=session
        )
        self._calibration = calibration
        self._shapes: dict[int, tuple[int, ...]] = {}

    def run(self, inputs: Mapping[int, npt.NDArray[Any]]) -> None:
        for tensor, value in inputs.items():
            if self._shapes.get(tensor) != value.shape:
                self._interpreter.resize_input(tensor, value.shape)
                self._shapes[tensor] = value.shape
        self._interpreter.allocate()
        for tensor, value in inputs.items():
            self._interpreter.set_tensor(tensor, value)
        self._interpreter.calibrate(self._calibration)


def _seen(tensors: list[dict[str, Any]]) -> dict[int, TensorStatistics]:
    """Of the tensors that took values."""
    return {
        tensor: TensorStatistics(**statistics)
        for tensor, statistics in enumerate(tensors)
        if statistics["samples"] > 0
        or statistics["has_minus_infinity"]
        or statistics["has_nan_or_infinity"]
    }


def _tensor_names(interpreter: _core.Interpreter) -> tuple[str, ...]:
    return tuple(interpreter.tensor_details(i)["name"] for i in range(interpreter.tensor_count))


def _with_progress(samples: Iterable[Sample], count: int | None, wanted: bool) -> Iterable[Sample]:
    if not wanted or not sys.stderr.isatty():
        return samples
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        return samples
    return track(samples, "Calibrating", total=count, console=Console(stderr=True), transient=True)


def _to_json(statistics: TensorStatistics) -> dict[str, Any]:
    """The fields as JSON has them; a histogram without its empty ends."""
    content = {f.name: getattr(statistics, f.name) for f in fields(statistics)}
    content["channel_mean"] = statistics.channel_mean.tolist()
    occupied = np.flatnonzero(statistics.histogram)
    first, end = (int(occupied[0]), int(occupied[-1]) + 1) if occupied.size else (0, 0)
    content["histogram"] = {
        "bins": statistics.histogram.size,
        "first": first,
        "counts": statistics.histogram[first:end].tolist(),
    }
    return content


def _from_json(content: dict[str, Any]) -> TensorStatistics:
    trimmed = content["histogram"]
    counts = np.asarray(trimmed["counts"], np.int64)
    first, end = trimmed["first"], trimmed["first"] + counts.size
    if not 0 <= first <= end <= trimmed["bins"]:
        raise ValueError(f"counts of bins {first} to {end} in a histogram of {trimmed['bins']}")
    histogram = np.zeros(trimmed["bins"], np.int64)
    histogram[first:end] = counts
    channel_mean = np.asarray(content["channel_mean"], np.float64)
    return TensorStatistics(**content | {"histogram": histogram, "channel_mean": channel_mean})
