"""Which range each tensor of a subgraph has: what training has learned, what calibration saw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from octavo.quantizer.calibration import Calibration
from octavo.quantizer.estimators import Range, TensorStatistics
from octavo.quantizer.source import Source, entry_points


@dataclass(frozen=True)
class Ranges:
    """Of one subgraph.

    Attributes:
      source: the subgraph.
      calibration: what was seen; None where there is only what training has learned.
      estimator: how a range follows from what was seen.
      learned: the ranges that training has found, by tensor.
      squares: by tensor that calibration has not seen, the one that is its square.
    """

    source: Source
    calibration: Calibration | None = None
    estimator: str = "minmax"
    learned: Mapping[int, Range] = field(default_factory=dict)
    squares: Mapping[int, int] = field(default_factory=dict)

    def seen(self, tensor: int, dtype: str) -> Range:
        """The range that calibration saw, for activations of this type: infinite where values
        were.

        Raises:
          ValueError: it saw none.
        """
        if self.calibration is None:
            raise ValueError(
                f'tensor "{self.source.name(tensor)}" has no range that training has learned: give '
                "representative data"
            )
        index = self.source.index
        low, high = self.calibration.range_of(
            index, tensor, self.estimator, dtype=dtype, only_finite=True
        )
        statistics = self.calibration.of(index, tensor)
        if statistics.has_nan_or_infinity:
            return -math.inf, math.inf
        return (-math.inf if statistics.has_minus_infinity else low), high

    @property
    def never_ran(self) -> bool:
        """Whether it is a subgraph that operators call, and on the data none did."""
        return (
            self.calibration is not None
            and self.source.index not in self.calibration.names
            and self.source.index not in entry_points(self.source.model)
        )

    def row_floor(self, tensor: int) -> float | None:
        """See `TensorStatistics`."""
        seen = self._statistics()
        return seen[tensor].row_floor if tensor in seen else None

    def was_seen(self, tensor: int) -> bool:
        """Whether the data gave the tensor a value."""
        return tensor in self._statistics()

    def is_unseen(self, tensor: int) -> bool:
        """Whether the data never gave the tensor an element, in a subgraph that they ran."""
        tensor = self.squares.get(tensor, tensor)
        if self.calibration is None or self.source.index not in self.calibration.names:
            return False
        return not (tensor in self.learned or self.was_seen(tensor))

    def _statistics(self) -> Mapping[int, TensorStatistics]:
        if self.calibration is None:
            return {}
        return self.calibration.statistics.get(self.source.index, {})
