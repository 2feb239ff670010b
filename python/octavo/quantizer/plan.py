"""What becomes of each operator, and which quantization each of its operands has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from octavo.quantizer.affine import Affine, affine_of_range
from octavo.quantizer.estimators import Range
from octavo.quantizer.needs import Needs, union
from octavo.quantizer.ranges import Ranges
from octavo.quantizer.recurrent import OBSTACLES, has_diagonal
from octavo.quantizer.source import Source
from octavo.quantizer.table import CALLS, OPERATORS, Output, Role, Rule

INTEGER = ("int8", "int16")
"""The modes of an operator that computes on integers; others: "float", "dynamic", "dynamic-int4",
"float16"."""

_LEAST_DYNAMIC_ELEMENTS = 1024  # smaller weights gain nothing: LiteRT's converter leaves them too
_CLAMPING_ACTIVATIONS = (0, 1, 2, 3)  # NONE, RELU, RELU_N1_TO_1, RELU6

# Where all divisors that were seen are within this factor, one half as small still is no 0 in int8.
_MOST_DIVISOR_RATIO = 128

# Numbers picked from among others that are so many times greater would all be one integer.
_MOST_PICKED_RATIO = {"int8": 2.0**8, "int16": 2.0**16}


@dataclass(frozen=True)
class Choice:
    """What becomes of an operator.

    Attributes:
      mode: "int8", "int16", "dynamic", "dynamic-int4" (int4 weights), "float16" or "float".
      reason: why it is not what was asked for; empty where it is.
    """

    mode: str
    reason: str = ""


def choose(source: Source, wanted: Sequence[str]) -> list[Choice]:
    """Decides for each operator, given the mode wanted for it."""
    return [_choose(source, n, mode) for n, mode in enumerate(wanted)]


def _choose(source: Source, n: int, wanted: str) -> Choice:
    if wanted in ("dynamic", "dynamic-int4"):
        return Choice(_dynamic_mode(source, n, wanted))
    if wanted not in INTEGER:
        return Choice(wanted)
    if source.is_custom(n):
        return Choice("float")  # nobody knows what it makes of integers
    tensors = [t for _, t in source.operands(n)] + source.results(n)
    if not any(source.is_float(t) for t in tensors):
        return Choice("float")  # arithmetic on shapes
    reason = _obstacle(source, n, wanted)
    return Choice("float", reason) if reason else Choice(wanted)


def _obstacle(source: Source, n: int, dtype: str) -> str:
    """Why operator n has no integer form; empty if it has one."""
    rule = OPERATORS.get(source.names[n])
    if source.names[n] in CALLS:
        return "hands float32 to the subgraphs that it calls"
    if rule is None:
        return "has no integer form"
    if dtype not in rule.integer:
        return f"has no {dtype} form"
    if rule.recurrent:
        return OBSTACLES[rule.recurrent](source, n)
    activation = getattr(source.operators[n].builtinOptions, "fusedActivationFunction", 0)
    if activation not in _CLAMPING_ACTIVATIONS:
        return "has a fused activation without an integer form"
    for position, t in source.operands(n):
        role = rule.role(position)
        if role is Role.ACTIVATION and not source.is_float(t):
            return f'takes input "{source.name(t)}" of type {source.dtype(t)}'
        if role in (Role.WEIGHT, Role.BIAS) and source.constant(t) is None:
            return f'computes its {role.name.lower()} "{source.name(t)}" while running'
    return ""


def _dynamic_mode(source: Source, n: int, wanted: str) -> str:
    """How operator n's weights are stored: as `wanted`, in int8 where it takes no int4, as float
    where it has none or small ones."""
    rule = OPERATORS.get(source.names[n])
    if rule is None or not rule.dynamic:
        return "float"
    if rule.recurrent == "lstm" and has_diagonal(source, n):
        return "float"
    weights = [source.constant(t) for i, t in source.operands(n) if rule.is_weight(i)]
    known = [w for w in weights if w is not None]
    if len(known) < len(weights) or all(w.size < _LEAST_DYNAMIC_ELEMENTS for w in known):
        return "float"
    return wanted if rule.takes_int4 else "dynamic"


def keep_unseen(source: Source, choices: Sequence[Choice], ranges: Ranges) -> list[Choice]:
    """The choices, but float for operators on tensors that were empty on all data, or that are in
    subgraphs which no operator called: nobody knows their ranges."""

    def checked(n: int, choice: Choice) -> Choice:
        if choice.mode not in INTEGER:
            return choice
        if ranges.never_ran:
            return Choice("float", "is in a subgraph that the data never ran")
        rule = OPERATORS[source.names[n]]
        operands = [t for i, t in source.operands(n) if rule.role(i) is Role.ACTIVATION]
        for t in [*operands, *source.float_results(n)]:
            if source.constant(t) is None and ranges.is_unseen(t):
                name = source.name(t)
                return Choice("float", f'has no range: the data never gave "{name}" a value')
        return choice

    return [checked(n, choice) for n, choice in enumerate(choices)]


def keep_precise(source: Source, choices: Sequence[Choice], ranges: Ranges) -> list[Choice]:
    """The choices, but float for operators on infinite numbers that do not saturate, and for those
    whose integer kernels fail on ranges like theirs."""
    quantizations = Quantizations(source, choices, ranges)

    def bounded(n: int, choice: Choice) -> Choice:
        if choice.mode not in INTEGER:
            return choice
        rule = OPERATORS[source.names[n]]
        operands = [t for i, t in source.operands(n) if rule.role(i) is Role.ACTIVATION]
        for t in [*operands, *source.float_results(n)]:
            if not quantizations.is_bounded(n, t, choice.mode):
                reason = f'has no range: "{source.name(t)}" was NaN or infinite'
                return Choice("float", reason)
        return choice

    found = [bounded(n, choice) for n, choice in enumerate(choices)]
    if found != list(choices):  # then others are asked for more
        return keep_precise(source, found, ranges)

    def checked(n: int, choice: Choice) -> Choice:
        if choice.mode not in INTEGER:
            return choice
        rule = OPERATORS[source.names[n]]
        if rule.divisor is None and not rule.resolution and not rule.picks:
            return choice
        operands = [(i, t) for i, t in source.operands(n) if rule.role(i) is Role.ACTIVATION]
        spans = {i: _span(source, t, choice.mode, quantizations) for i, t in operands}
        if rule.divisor is not None and spans[rule.divisor].may_become_0:
            return Choice("float", f"divides by numbers that {choice.mode} may round to 0")
        if rule.picks:
            picked = _span(source, source.results(n)[0], choice.mode, quantizations)
            greatest = max(span.step for span in spans.values())
            if greatest > _MOST_PICKED_RATIO[choice.mode] * picked.step:
                return Choice("float", "picks small numbers from among far greater ones")
        steps = [span.step for span in spans.values() if span.greatest > 0]  # 0 has any
        if rule.resolution and steps and not rule.resolution <= max(steps) < 1:
            return Choice("float", f"has steps that {choice.mode} kernels cannot compare")
        return choice

    return [checked(n, choice) for n, choice in enumerate(choices)]


@dataclass(frozen=True)
class _Span:
    """What is known of a tensor's numbers."""

    step: float  # of its quantization
    least: float  # magnitude; 0 where both signs are seen
    greatest: float

    @property
    def may_become_0(self) -> bool:
        return _MOST_DIVISOR_RATIO * self.least < self.greatest


def _span(source: Source, t: int, dtype: str, quantizations: Quantizations) -> _Span:
    value = source.constant(t)
    if value is not None:
        low, high = float(value.min(initial=0.0)), float(value.max(initial=0.0))
        least = float(np.abs(value).min(initial=np.inf))
    else:
        low, high = quantizations.learned_range(t, dtype) or quantizations.needed(t, dtype)
        least = min(abs(low), abs(high)) if low * high > 0 else 0.0
    step = affine_of_range(low, high, dtype).scale
    return _Span(step, least, max(abs(low), abs(high)))


# By how much steps of a tensor that saturates may be coarser than those that it is saturated to. An
# operator's output may lie so far outside its range that the fixed point of its kernels overflows:
# from 2^14 times an int16 range on, and of int8 where a multiplier is 2^12 or more.
_FARTHEST = {"int8": 2.0**11, "int16": 2.0**10}
_MOST_STEPS = 2.0**30  # that QUANTIZE may count, in 32 bits


class Quantizations:
    """The quantization of every tensor that an integer operator touches.

    A tensor has one for each activation type that operators use it in. Operators that only move
    values tie their activations together: a tie's members share the union of what is needed of
    them.
    """

    def __init__(self, source: Source, choices: Sequence[Choice], ranges: Ranges) -> None:
        self._source = source
        self._ranges = ranges
        self._parent: dict[tuple[int, str], tuple[int, str]] = {}
        self._fixed: dict[tuple[int, str], Affine] = {}
        self._affine: dict[tuple[int, str], Affine] = {}
        self._least: dict[tuple[int, str], float] = {}  # the least scale of a tie
        self._tied: list[tuple[int, str, Rule]] = []
        self._tied_constants: list[tuple[int, int, str]] = []  # operator, constant, type
        for n, choice in enumerate(choices):
            if choice.mode in INTEGER:
                self._add(n, choice.mode, OPERATORS[source.names[n]])
        self._tie_fixed()
        self._members: dict[tuple[int, str], list[int]] = {}
        for key in list(self._parent):
            self._members.setdefault(self._find(key), []).append(key[0])
        self._constants: dict[tuple[int, str], list[tuple[int, int]]] = {}  # of a tie's operators
        for n, t, dtype in self._tied_constants:
            root = self._find((source.results(n)[0], dtype))
            self._constants.setdefault(root, []).append((n, t))
        self._modes = [c.mode if c.mode in INTEGER else None for c in choices]
        self._needs = Needs(source, self._modes, self._whole_range, ranges.row_floor)
        for n, choice in enumerate(choices):
            if choice.mode in INTEGER:
                self._coarsen(n, choice.mode, OPERATORS[source.names[n]])

    def of(self, tensor: int, dtype: str) -> Affine:
        """The quantization that integer operators of this type give or want the tensor in."""
        root = self._find((tensor, dtype))
        if root in self._fixed:
            return self._fixed[root]
        if root not in self._affine:
            low, high = self._finite(tensor, self._tie_range(root))
            members = self._members.get(root, [tensor])
            least = max(self._least.get(root, 0.0), self._least_saturated(members, dtype))
            self._affine[root] = affine_of_range(low, high, dtype, least)
        return self._affine[root]

    def _tie_range(self, root: tuple[int, str]) -> Range:
        """What is needed of all members of a tie."""
        tensor, dtype = root
        return self.learned_range(tensor, dtype) or union(
            [self._needs.of(t, dtype) for t in self._members.get(root, [tensor])]
            + [self._needs.of_constant(n, t, dtype) for n, t in self._constants.get(root, [])]
        )

    def _is_finite(self, root: tuple[int, str]) -> bool:
        if root in self._fixed:
            return True
        low, high = self._tie_range(root)
        return math.isfinite(high - low)

    def _finite(self, tensor: int, found: Range) -> Range:
        if math.isfinite(found[1] - found[0]):
            return found
        raise ValueError(
            f'tensor "{self._source.name(tensor)}" was NaN or infinite on the representative data: '
            "no integers stand for it"
        )

    def _least_saturated(self, members: list[int], dtype: str) -> float:
        """The least scale of a tie into which what computes its members can still saturate."""
        least = 0.0
        for t in members:
            producer = self._source.producer.get(t)
            if producer is None:
                continue
            reach = self._needs.reach(t, dtype)
            if self._modes[producer] is None:
                least = max(least, max(-reach[0], reach[1]) / _MOST_STEPS)
            else:
                least = max(least, affine_of_range(*reach, dtype).scale / _FARTHEST[dtype])
        return least

    def is_bounded(self, n: int, tensor: int, dtype: str) -> bool:
        """Whether a constant is finite as far as operator n needs it, or any other tensor as far as
        it reaches: infinities have no defined integers to saturate to."""
        if self._find((tensor, dtype)) in self._fixed or self.learned_range(tensor, dtype):
            return True
        if self._ranges.calibration is None:
            return True  # training learns finite ranges
        if self._source.constant(tensor) is not None:
            low, high = self._needs.of_constant(n, tensor, dtype)
        else:
            low, high = self._needs.reach(tensor, dtype)
        return math.isfinite(high - low)

    def needed(self, tensor: int, dtype: str) -> Range:
        """The part of a tensor's range that operators need, of those that compute it inside too."""
        return self._finite(tensor, self._needs.of(tensor, dtype))

    def learned_range(self, tensor: int, dtype: str) -> Range | None:
        """What training has found for the tensor, or for those that it shares a scale with: in a
        tie that holds for all."""
        members = self._members.get(self._find((tensor, dtype)), [tensor])
        learned = self._ranges.learned
        found = [learned[t] for t in members if t in learned]
        return union(found) if found else None

    def _range_of(self, tensor: int, dtype: str) -> Range:
        """The range that was seen, or that the operator's definition gives."""
        fixed = self._fixed.get(self._find((tensor, dtype)))
        if fixed is not None and not self._ranges.was_seen(tensor):
            return fixed.range
        square = self._ranges.squares.get(tensor)
        if square is None:
            return self._ranges.seen(tensor, dtype)
        _, high = self.learned_range(square, dtype) or self._range_of(square, dtype)
        greatest = math.sqrt(max(high, 0.0))
        return -greatest, greatest

    def wanted(self, n: int, tensor: int, dtype: str) -> Affine:
        """The quantization in which integer operator n takes one of its activations."""
        rule = OPERATORS[self._source.names[n]]
        if rule.output is Output.TIED:
            return self.of(self._source.results(n)[0], dtype)
        return self.of(tensor, dtype)

    def _whole_range(self, tensor: int, dtype: str) -> Range:
        value = self._source.constant(tensor)
        if value is None:
            learned = None if self._ranges.was_seen(tensor) else self.learned_range(tensor, dtype)
            return learned or self._range_of(tensor, dtype)
        return float(value.min(initial=0.0)), float(value.max(initial=0.0))

    def _find(self, key: tuple[int, str]) -> tuple[int, str]:
        while self._parent.setdefault(key, key) != key:
            key = self._parent[key]
        return key

    def _unite(self, a: tuple[int, str], b: tuple[int, str]) -> None:
        self._parent[self._find(a)] = self._find(b)

    def _activations(self, n: int, rule: Rule) -> list[int]:
        return [t for i, t in self._source.operands(n) if rule.role(i) is Role.ACTIVATION]

    def _add(self, n: int, dtype: str, rule: Rule) -> None:
        results = self._source.float_results(n)
        is_tied = rule.output is Output.TIED
        for t in self._activations(n, rule):
            if is_tied and self._source.constant(t) is not None:
                self._tied_constants.append((n, t, dtype))
            else:
                self._find((t, dtype))
        if rule.output is Output.FIXED:
            self._fixed[(results[0], dtype)] = rule.fixed[dtype]
        if rule.output is not Output.INDEX:
            for t in results:
                self._find((t, dtype))
        if is_tied:
            for t in results[1:]:
                self._unite((t, dtype), (results[0], dtype))
            for t in self._activations(n, rule):
                if (t, dtype) not in self._fixed and self._source.constant(t) is None:
                    self._unite((t, dtype), (results[0], dtype))
            self._tied.append((n, dtype, rule))

    def _coarsen(self, n: int, dtype: str, rule: Rule) -> None:
        """Keeps the output's scale within what the operator's kernels can make of its inputs'.
        Called in the order of the operators: inputs have their scale by then."""
        if dtype not in rule.finest:
            return
        root = self._find((self._source.results(n)[0], dtype))
        roots = {self._find((t, dtype)) for t in self._activations(n, rule)} - {root}
        if not all(self._is_finite(r) for r in {root, *roots}):
            return  # the operator will be float
        least = max((self.of(*r).scale for r in roots), default=0.0) / rule.finest[dtype]
        if least > self.of(root[0], dtype).scale:
            self._least[root] = least
            self._affine.pop(root, None)

    def _tie_fixed(self) -> None:
        """Lets fixed quantizations through operators that move nothing else.

        Where such an operator also moves values of another origin, its input in the fixed
        quantization is requantized instead.
        """
        moved = {(t, d) for n, d, _ in self._tied for t in self._source.float_results(n)}
        for n, dtype, rule in self._tied:
            out = self._find((self._source.results(n)[0], dtype))
            members = [key for key in list(self._parent) if self._find(key) == out]
            fixed = {self._fixed.get(self._find((t, dtype))) for t in self._activations(n, rule)}
            only = fixed.pop() if len(fixed) == 1 else None
            if only is not None and out not in self._fixed and all(k in moved for k in members):
                self._fixed[out] = only
