"""Which part of its range a tensor need represent: the rest may saturate.

What lies far below the greatest element of its row is nothing to a softmax, so that a mask of -1e9
need not be as far away as that: at -20 it masks as well, and the other elements keep their steps.
What is needed of an operator's inputs follows from what is needed of its outputs, so one pass goes
backwards. How far tensors then still reach, before they saturate, is found on the way forward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from octavo.quantizer.affine import affine_of_range
from octavo.quantizer.estimators import Range
from octavo.quantizer.source import Source
from octavo.quantizer.table import OPERATORS, Need, Role, Rule

_ALL: Range = (float("-inf"), float("inf"))


def union(ranges: Iterable[Range]) -> Range:
    """The least range that holds all of them."""
    low, high = zip(*ranges, strict=True)
    return min(low), max(high)


def _clip(range_: Range, need: Range) -> Range:
    low, high = max(range_[0], need[0]), min(range_[1], need[1])
    return (low, high) if low <= high else (min(low, range_[1]), min(low, range_[1]))


class Needs:
    """Of the tensors that a subgraph's integer operators touch.

    Args:
      source: the subgraph.
      modes: what each operator computes on: "int8", "int16", or None for floats.
      range_of: the range of a tensor for activations of a type.
      row_floor_of: see `TensorStatistics.row_floor`.
    """

    def __init__(
        self,
        source: Source,
        modes: Sequence[str | None],
        range_of: Callable[[int, str], Range],
        row_floor_of: Callable[[int], float | None],
    ) -> None:
        self._source = source
        self._range_of = range_of
        self._row_floor_of = row_floor_of
        # Callers quantize inputs by themselves, and need not saturate.
        self._needs = dict.fromkeys((*source.inputs, *source.outputs), _ALL)
        self._constants: dict[tuple[int, int], Range] = {}
        self._reaches: dict[int, Range] = {}  # where it is not the range
        for n in reversed(range(len(modes))):
            self._look_back(n, modes[n])
        for n, mode in enumerate(modes):
            if mode is not None:
                self._look_ahead(n, mode)

    def of(self, tensor: int, dtype: str) -> Range:
        """What a tensor need represent."""
        return _clip(self.reach(tensor, dtype), self._needs.get(tensor, _ALL))

    def of_constant(self, n: int, tensor: int, dtype: str) -> Range:
        """What a constant need represent for operator n alone."""
        need = self._constants.get((n, tensor), _ALL)
        return _clip(self._range_of(tensor, dtype), need)

    def reach(self, tensor: int, dtype: str) -> Range:
        """How far the tensor reaches when what it is computed from has saturated."""
        return self._reaches.get(tensor) or self._range_of(tensor, dtype)

    def _look_back(self, n: int, mode: str | None) -> None:
        rule = OPERATORS.get(self._source.names[n])
        for position, t in self._source.operands(n):
            if not self._source.is_float(t):
                continue
            is_constant = self._source.constant(t) is not None
            if mode is None or rule is None:
                if not is_constant:  # operators on floats have floats of their own
                    self._needs[t] = _ALL
                continue
            if rule.role(position) is not Role.ACTIVATION:
                continue
            need = self._need(n, position, t, rule, mode)
            self._needs[t] = union([self._needs.get(t, need), need])
            if is_constant:
                found = self._constants.get((n, t), need)
                self._constants[n, t] = union([found, need])

    def _need(self, n: int, position: int, t: int, rule: Rule, mode: str) -> Range:
        """What operator n needs of its input t."""
        if rule.need is Need.ROWS:
            floor = self._row_floor_of(t)
            beta = getattr(self._source.operators[n].builtinOptions, "beta", 1.0)
            return _ALL if floor is None or beta != 1 else (floor - rule.depth[mode], _ALL[1])
        results = self._source.float_results(n)
        if rule.need is Need.ALL or not results:
            return _ALL
        outputs = union(self._needs.get(r, _ALL) for r in results)
        if rule.need is Need.SELECTED:
            return _clip(self._range_of(results[0], mode), outputs)
        if outputs == _ALL or rule.need is Need.OUTPUTS:
            return outputs
        if rule.need is Need.FACTOR and self._source.constant(t) is None:
            return _ALL
        others = [r for i, r in self._source.operands(n) if i != position]
        other = self._range_of(others[0], mode)
        if not math.isfinite(other[1] - other[0]):
            return _ALL
        if rule.need is Need.TERM:
            return outputs[0] - other[1], outputs[1] - other[0]
        if rule.need is Need.DIFFERENCE:
            if position == 0:
                return outputs[0] + other[0], outputs[1] + other[1]
            return other[0] - outputs[1], other[1] - outputs[0]
        # A constant factor saturates where already the least other factor that is no 0, one step,
        # makes the output saturate.
        step = affine_of_range(*other, mode).scale
        if other[0] >= 0:
            return outputs[0] / step, outputs[1] / step
        most = max(-outputs[0], outputs[1]) / step
        return -most, most

    def _look_ahead(self, n: int, mode: str) -> None:
        rule = OPERATORS[self._source.names[n]]
        if rule.need in (Need.ALL, Need.ROWS):
            return
        operands = [t for i, t in self._source.operands(n) if rule.role(i) is Role.ACTIVATION]
        if all(self._needs.get(t, _ALL) == _ALL and t not in self._reaches for t in operands):
            return
        inputs = [
            self.of(t, mode) if self._source.constant(t) is None else self.of_constant(n, t, mode)
            for t in operands
        ]
        reach = _combined(rule.need, inputs)
        for result in self._source.float_results(n):
            self._reaches[result] = _clip(self._range_of(result, mode), reach)


def _combined(need: Need, inputs: list[Range]) -> Range:
    """The range of an operator's output for these of its inputs."""
    if need in (Need.OUTPUTS, Need.SELECTED):
        return union(inputs)
    a, b = inputs[0], inputs[-1]
    if not all(map(math.isfinite, (*a, *b))):
        return _ALL
    if need is Need.TERM:
        return a[0] + b[0], a[1] + b[1]
    if need is Need.DIFFERENCE:
        return a[0] - b[1], a[1] - b[0]
    corners = [x * y for x in a for y in b]
    return min(corners), max(corners)
