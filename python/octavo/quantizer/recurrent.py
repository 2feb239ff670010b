"""How operators with a state become integers: LSTM as LiteRT's 8x8_16, SVDF with an int16 state.

Their weights have one scale each, and what is between their products has scales of its own: those
of states, and of the tensors that stand for an LSTM's inside ("intermediates").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from octavo.quantizer import affine as arithmetic
from octavo.quantizer.affine import Affine, affine_of_range
from octavo.quantizer.source import Source

Array = npt.NDArray[np.generic]
RangeOf = Callable[[int, str], tuple[float, float]]

_TANH, _RELU = 4, 1  # fused activations

# The inputs of an LSTM; of gates, which are four, the first.
_WEIGHTS, _RECURRENT, _PEEPHOLES, _BIASES = 1, 5, 9, 12
_PROJECTION, _PROJECTION_BIAS, _STATE, _CELL, _NORMS = 16, 17, 18, 19, 20
_RECURRENTS = range(_RECURRENT, _PEEPHOLES)
FULL_LSTM = (20, 24)  # inputs that an LSTM may have; the basic kernel has 5
_GATES, _HIDDEN = 4, 4  # intermediates: of each gate, and behind the output gate
INTERMEDIATES = 5

# The inputs of an SVDF.
_FEATURES, _TIME, _BIAS, _MEMORY = 1, 2, 3, 4

# A cell is a number of so many integer bits at most.
_MOST_CELL_BITS = 6


@dataclass
class Plan:
    """What becomes of an operator beside its activations.

    Attributes:
      constants: integers and their scale, by position among the inputs.
      states: the quantization of variables, by position.
      intermediates: that of an LSTM's intermediates; None where it has none.
    """

    constants: dict[int, tuple[Array, float]] = field(default_factory=dict)
    states: dict[int, Affine] = field(default_factory=dict)
    intermediates: list[Affine | None] = field(default_factory=list)


def lstm_obstacle(source: Source, n: int) -> str:
    """Why operator n has no integer form; empty if it has one."""
    operands = dict(source.operands(n))
    options = source.operators[n].builtinOptions
    if len(source.operators[n].inputs) not in FULL_LSTM:
        return "is the basic kernel, which has no integer form"
    if getattr(options, "fusedActivationFunction", _TANH) != _TANH:
        return "has a fused activation other than TANH"
    for position, t in operands.items():
        if position in (0, _STATE, _CELL):
            continue
        if source.constant(t) is None:
            return f'computes its operand "{source.name(t)}" while running'
    if has_diagonal(source, n):
        return "has recurrent weights that are a diagonal"
    cells, outputs = _constant(source, operands[_RECURRENT + 1]).shape
    if _PEEPHOLES + 1 in operands and outputs != cells:
        return "has peepholes beside a projection, which LiteRT does not add up"
    return ""


def has_diagonal(source: Source, n: int) -> bool:
    """Whether recurrent weights of the LSTM are a vector: those are floats in all kernels."""
    shapes = [source.graph.tensors[t].shape for i, t in source.operands(n) if i in _RECURRENTS]
    return any(shape is not None and len(shape) == 1 for shape in shapes)


def svdf_obstacle(source: Source, n: int) -> str:
    """The same of an SVDF."""
    if getattr(source.operators[n].builtinOptions, "fusedActivationFunction", 0) != _RELU:
        return "has a fused activation other than RELU"
    for position, t in source.operands(n):
        if position in (_FEATURES, _TIME, _BIAS) and source.constant(t) is None:
            return f'computes its operand "{source.name(t)}" while running'
    return ""


def plan_lstm(source: Source, n: int, inputs: Affine, outputs: Affine, range_of: RangeOf) -> Plan:
    """Of an LSTM whose input and output have these quantizations."""
    plan = Plan()
    operands = dict(source.operands(n))
    inside = [int(t) for t in source.operators[n].intermediates]
    plan.intermediates = [None] * INTERMEDIATES
    for gate in range(_GATES):
        if _WEIGHTS + gate not in operands:
            continue
        bias = _constant(source, operands[_BIASES + gate])
        bias_scale = _plan_norm(source, plan, operands, inside, gate, range_of)
        least = 0.0 if bias_scale is not None else _least(bias, inputs.scale)
        scale = _plan_weights(source, plan, operands, _WEIGHTS + gate, least)
        _plan_weights(source, plan, operands, _RECURRENT + gate)
        if bias_scale is None:
            bias_scale = float(np.float32(inputs.scale) * np.float32(scale))
        plan.constants[_BIASES + gate] = _quantize_bias(bias, bias_scale), bias_scale
    if plan.intermediates[1] is not None:  # LiteRT reads that of an absent gate also
        plan.intermediates[0] = plan.intermediates[0] or plan.intermediates[1]
    for position in range(_PEEPHOLES, _BIASES):
        if position in operands:
            plan.constants[position] = _words(_constant(source, operands[position]))
    hidden = outputs
    if _PROJECTION in operands:
        hidden = affine_of_range(*range_of(inside[_HIDDEN], "int8"), "int8")
        _plan_projection(source, plan, operands, hidden)
    plan.intermediates[_HIDDEN] = hidden
    plan.states[_STATE] = outputs
    low, high = range_of(operands[_CELL], "int16")
    bits = int(np.ceil(np.log2(max(-low, high, 1.0))))
    plan.states[_CELL] = Affine("int16", 2.0 ** (min(bits, _MOST_CELL_BITS) - 15), 0)
    return plan


def plan_svdf(source: Source, n: int, inputs: Affine, outputs: Affine, range_of: RangeOf) -> Plan:
    """Of an SVDF whose input and output have these quantizations."""
    plan = Plan()
    operands = dict(source.operands(n))
    _plan_weights(source, plan, operands, _FEATURES)
    plan.constants[_TIME] = _words(_constant(source, operands[_TIME]))
    state = affine_of_range(*range_of(operands[_MEMORY], "int16"), "int16")
    plan.states[_MEMORY] = state
    if _BIAS in operands:
        scale = float(np.float32(state.scale) * np.float32(plan.constants[_TIME][1]))
        plan.constants[_BIAS] = (
            _quantize_bias(_constant(source, operands[_BIAS]), scale),
            scale,
        )
    return plan


OBSTACLES = {"lstm": lstm_obstacle, "svdf": svdf_obstacle}
PLANS = {"lstm": plan_lstm, "svdf": plan_svdf}


def _constant(source: Source, t: int) -> npt.NDArray[np.float32]:
    value = source.constant(t)
    assert value is not None  # or there is an obstacle
    return value


def _least(bias: Array, input_scale: float) -> float:
    """The weight scale below which the bias would overflow."""
    return float(arithmetic.least_weight_scales(bias, input_scale).max(initial=0.0))


def _quantize_bias(bias: Array, scale: float) -> Array:
    return arithmetic.quantize_bias(bias, np.asarray([scale], np.float32), "int32")


def _words(values: Array) -> tuple[Array, float]:
    """As int16, symmetric."""
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    affine = affine_of_range(low, high, "int16")
    return arithmetic.quantize(values, affine), affine.scale


def _plan_weights(
    source: Source, plan: Plan, operands: Mapping[int, int], position: int, least: float = 0.0
) -> float:
    weights = _constant(source, operands[position])
    q, scales = arithmetic.quantize_weights(weights, None, least)
    plan.constants[position] = q, float(scales[0])
    return float(scales[0])


def _plan_norm(
    source: Source,
    plan: Plan,
    operands: Mapping[int, int],
    inside: list[int],
    gate: int,
    range_of: RangeOf,
) -> float | None:
    """Of a gate's layer normalization, if it has one. Returns the scale of the bias then: 2^-10 of
    the coefficients'."""
    position = _NORMS + gate
    if position not in operands:
        return None
    plan.constants[position] = _words(_constant(source, operands[position]))
    plan.intermediates[gate] = affine_of_range(*range_of(inside[gate], "int16"), "int16")
    return float(np.float32(plan.constants[position][1] * 2.0**-10))


def _plan_projection(
    source: Source, plan: Plan, operands: Mapping[int, int], hidden: Affine
) -> None:
    bias = _PROJECTION_BIAS in operands and _constant(source, operands[_PROJECTION_BIAS])
    least = 0.0 if bias is False else _least(bias, hidden.scale)
    scale = _plan_weights(source, plan, operands, _PROJECTION, least)
    if bias is not False:
        bias_scale = float(np.float32(hidden.scale) * np.float32(scale))
        plan.constants[_PROJECTION_BIAS] = _quantize_bias(bias, bias_scale), bias_scale
