"""How each operator is quantized, as data. Nothing else in the quantizer knows operators by name.

Source: LiteRT's 8-bit quantization specification, and what its converter emits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from octavo.quantizer.affine import Affine


class Role(Enum):
    """What an input is to its operator."""

    ACTIVATION = auto()  # data: quantized over the whole tensor; may be a constant
    WEIGHT = auto()  # a constant: int8, symmetric, a scale for each output channel
    BIAS = auto()  # a constant: int32 or int64, scale = input scale * weight scale
    INDEX = auto()  # axes, shapes: left alone
    ANY = auto()  # taken in whatever type it has: only its shape is read
    INNER = auto()  # constants and states that `octavo.quantizer.recurrent` knows


class Output(Enum):
    """Where the quantization of an operator's outputs comes from."""

    RANGE = auto()  # the range that calibration saw
    TIED = auto()  # that of the activations: all of them share one; indices beside them have none
    FIXED = auto()  # the operator's definition
    INDEX = auto()  # not quantized: the outputs are indices


class Need(Enum):
    """What is needed of an operator's activations, beyond which they may saturate."""

    ALL = auto()  # everything
    OUTPUTS = auto()  # what is needed of the outputs, which are some of the inputs' elements
    SELECTED = (
        auto()
    )  # the same, but no more than the outputs' range: they are the greatest or least
    TERM = auto()  # of each of two terms, so much that their sum may be what is needed
    DIFFERENCE = auto()  # the same of a subtraction
    FACTOR = auto()  # the same of a constant times something
    ROWS = auto()  # elements down to a depth below the greatest of their row


@dataclass(frozen=True)
class Rule:
    """How one operator is quantized.

    Attributes:
      inputs: the role of each input; the last is that of all further ones.
      output: where the outputs' quantization comes from.
      integer: the activation types for which integer kernels exist.
      fixed: the outputs' quantization by activation type, where `output` is FIXED.
      weight_axis: the dimension of the weights that has a scale for each index.
      sees_every_tap: whether each output sees every element of its channel's weights, so that the
        mean of its error follows from the means of its inputs.
      dynamic: how the weights are stored in dynamic range: "hybrid" (the operator takes int8
        weights with float activations), "dequantized" (behind a DEQUANTIZE) or "" (not at all).
      takes_int4: whether dynamic range may store the weights as int4.
      inner_weights: where `dynamic` is "hybrid", the inputs that are weights of no such role: they
        have one scale each, and all are stored alike.
      need: what is needed of the activations.
      depth: by activation type, how far below the greatest element of a row those that are needed
        lie, where `need` is ROWS; for rows of one element, longer ones add the logarithm.
      picks: whether outputs are those elements that indices name: others may lie far outside.
      divisor: the input by whose numbers others are divided: none may become 0.
      resolution: the least step of the inputs that integer kernels tell apart.
      finest: by activation type, how many times finer than the coarsest input's scale the output's
        may be; absent where the kernels do not care.
      versions: operator versions by what it computes on: "int8", "int16", "dynamic".
      options: option fields to set, by the same keys.
      square_of: the operator of the same inputs that it is the square of: where the kernels of
        some integers are wanting, that and a MUL stand for it.
      times: what its input is multiplied by, by a MUL that stands for it on all integers: a number,
        or "itself".
      recurrent: for operators with a state, the key of `octavo.quantizer.recurrent.PLANS`.
    """

    inputs: tuple[Role, ...]
    output: Output = Output.RANGE
    integer: frozenset[str] = frozenset({"int8", "int16"})
    fixed: Mapping[str, Affine] = field(default_factory=dict)
    weight_axis: int = 0
    sees_every_tap: bool = True
    dynamic: str = ""
    takes_int4: bool = False
    inner_weights: frozenset[int] = frozenset()
    need: Need = Need.ALL
    depth: Mapping[str, float] = field(default_factory=dict)
    picks: bool = False
    divisor: int | None = None
    resolution: float = 0.0
    finest: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    square_of: str = ""
    times: float | str | None = None
    recurrent: str = ""

    def role(self, position: int) -> Role:
        return self.inputs[min(position, len(self.inputs) - 1)]

    def is_weight(self, position: int) -> bool:
        """Whether dynamic range stores this input as integers."""
        return self.role(position) is Role.WEIGHT or position in self.inner_weights


_A, _W, _B, _I = Role.ACTIVATION, Role.WEIGHT, Role.BIAS, Role.INDEX
_INT8 = frozenset({"int8"})
# Of an LSTM: of gates, of its state, of peepholes, of the projection.
_LSTM_WEIGHTS = (*range(1, 12), 16)
_ASYMMETRIC = {"dynamic": {"asymmetricQuantizeInputs": True}}
_INT64_BIAS = {"int16": {"quantizedBiasType": 4}}
# Where all elements beyond weigh less, together, than half a step of the output; and where they are
# beyond the output's range.
_SOFTMAX_DEPTHS = {"int8": 9 * math.log(2), "int16": 16 * math.log(2)}
_LOG_SOFTMAX_DEPTHS = {"int8": 16.0}


def _fixed(scale8: float, zero8: int, scale16: float) -> dict[str, Affine]:
    return {"int8": Affine("int8", scale8, zero8), "int16": Affine("int16", scale16, 0)}


def _computes(*inputs: Role, int8: int = 1, int16: int = 1, need: Need = Need.ALL) -> Rule:
    return Rule(inputs, versions={"int8": int8, "int16": int16}, need=need)


def _fixes(fixed: Mapping[str, Affine], depth: Mapping[str, float] | None = None) -> Rule:
    need = Need.ROWS if depth else Need.ALL
    versions = {"int8": 2, "int16": 3}
    integer = frozenset(fixed)
    return Rule(
        (_A,), Output.FIXED, integer, fixed, versions=versions, need=need, depth=depth or {}
    )


def _adds(int16: int, need: Need) -> Rule:
    # The older way of int16, for scales that are powers of two, cannot broadcast.
    options = {"int16": {"potScaleInt16": False}}
    # The kernels shift inputs by 20 and by 15 bits, and have no room beyond half of these.
    finest = {"int8": 2.0**18, "int16": 2.0**13}
    versions = {"int8": 2, "int16": int16}
    return Rule((_A, _A), finest=finest, versions=versions, options=options, need=need)


def _remembers(recurrent: str, weights: Iterable[int], dynamic: int, int8: int = 0) -> Rule:
    """`int8`: the version, 0 where LiteRT has no integers for it."""
    return Rule(
        (_A, Role.INNER),
        integer=_INT8 if int8 else frozenset(),
        dynamic="hybrid",
        inner_weights=frozenset(weights),
        versions={"int8": int8, "dynamic": dynamic},
        options=_ASYMMETRIC,
        recurrent=recurrent,
    )


def _compares() -> Rule:
    # The kernels compare multiples of 2^-8, and LiteRT's take no steps of 1 and more.
    return Rule((_A, _A), Output.INDEX, _INT8, versions={"int8": 2}, resolution=2.0**-8)


def _moves(*inputs: Role, int8: int = 1, int16: int = 1, need: Need = Need.OUTPUTS) -> Rule:
    return Rule(inputs, Output.TIED, versions={"int8": int8, "int16": int16}, need=need)


def _selects(*inputs: Role, int16: int) -> Rule:
    return _moves(*inputs, int8=2, int16=int16, need=Need.SELECTED)


def _picks(int8: int, int16: int) -> Rule:
    rule = _moves(_A, _I, int8=int8, int16=int16)
    return replace(rule, picks=True)


def _moves_int8(*inputs: Role) -> Rule:
    return Rule(inputs, Output.TIED, _INT8, versions={"int8": 2}, need=Need.OUTPUTS)


CALLS = frozenset({"CALL_ONCE", "IF", "STABLEHLO_CASE", "STABLEHLO_COMPOSITE", "WHILE"})
"""Operators that run other subgraphs, whose operators are quantized one by one. They themselves are
not: as LiteRT's converter does it, float32 goes in and out."""

OPERATORS: Mapping[str, Rule] = {
    "ABS": _computes(_A, int8=2, int16=3),
    "ADD": _adds(int16=3, need=Need.TERM),
    "ARG_MAX": Rule((_A, _I), Output.INDEX, _INT8, versions={"int8": 2}),
    "ARG_MIN": Rule((_A, _I), Output.INDEX, _INT8, versions={"int8": 2}),
    "AVERAGE_POOL_2D": _moves(_A, int8=2, int16=3, need=Need.ALL),
    "BATCH_MATMUL": _computes(_A, _A, int8=2, int16=3),
    "BATCH_TO_SPACE_ND": _moves(_A, _I, int8=2, int16=4),
    "BIDIRECTIONAL_SEQUENCE_LSTM": _remembers(
        "", [*_LSTM_WEIGHTS, *(17 + i for i in _LSTM_WEIGHTS), *range(40, 48)], dynamic=3
    ),
    "BIDIRECTIONAL_SEQUENCE_RNN": _remembers("", [1, 2, 5, 6, 10, 11], dynamic=3),
    "BROADCAST_TO": _moves(_A, _I, int8=3, int16=3),
    "CONCATENATION": _moves(_A, int8=2, int16=3),
    "CONV_2D": Rule(
        (_A, _W, _B),
        dynamic="hybrid",
        versions={"int8": 3, "int16": 4, "dynamic": 5},
        options=_INT64_BIAS,
    ),
    "DEPTHWISE_CONV_2D": Rule(
        (_A, _W, _B),
        weight_axis=3,
        dynamic="hybrid",
        versions={"int8": 3, "int16": 5, "dynamic": 6},
    ),
    "DEPTH_TO_SPACE": _moves_int8(_A),
    "DIV": Rule((_A, _A), integer=_INT8, divisor=1),
    "DYNAMIC_UPDATE_SLICE": _moves(_A, _A, _I, int16=4),
    "ELU": Rule((_A,), integer=_INT8),
    "EMBEDDING_LOOKUP": Rule(
        (_I, _A),
        Output.TIED,
        dynamic="hybrid",
        inner_weights=frozenset({1}),
        versions={"dynamic": 3},
    ),
    "EQUAL": _compares(),
    "EXP": _computes(_A, int8=2, int16=2),
    "EXPAND_DIMS": _moves(_A, _I),
    "FILL": _moves(_I, _A, int8=3, int16=3),
    "FULLY_CONNECTED": Rule(
        (_A, _W, _B),
        dynamic="hybrid",
        takes_int4=True,
        versions={"int8": 4, "int16": 7, "dynamic": 12},
        options={**_INT64_BIAS, **_ASYMMETRIC},
    ),
    "GATHER": _picks(int8=2, int16=4),
    "GATHER_ND": _picks(int8=1, int16=3),
    "GELU": _computes(_A, int8=2, int16=2),
    "GREATER": _compares(),
    "GREATER_EQUAL": _compares(),
    "HARD_SWISH": Rule((_A,), integer=_INT8),
    "L2_NORMALIZATION": _fixes({"int8": Affine("int8", 1 / 128, 0)}),
    "LEAKY_RELU": _computes(_A, int16=2),
    "LESS": _compares(),
    "LESS_EQUAL": _compares(),
    "LOG": _computes(_A, int8=2, int16=2),
    "LOGISTIC": _fixes(_fixed(1 / 256, -128, 1 / 32768)),
    "LOG_SOFTMAX": _fixes({"int8": Affine("int8", 16 / 256, 127)}, _LOG_SOFTMAX_DEPTHS),
    "LSTM": _remembers("lstm", _LSTM_WEIGHTS, dynamic=4, int8=2),
    "MAXIMUM": _selects(_A, int16=4),
    "MAX_POOL_2D": _selects(_A, int16=3),
    "MEAN": _computes(_A, _I, int8=2, int16=3),
    "MINIMUM": _selects(_A, int16=4),
    "MIRROR_PAD": _moves(_A, _I, int8=2, int16=3),
    "MUL": _computes(_A, _A, int8=2, int16=4, need=Need.FACTOR),
    "NEG": Rule((_A,), integer=frozenset(), times=-1.0),
    "NOT_EQUAL": _compares(),
    "ONE_HOT": Rule((_I, _I, _A), Output.TIED, _INT8),
    "PACK": _moves(_A, int8=2, int16=3),
    "PAD": _moves(_A, _I, int8=2, int16=3),
    "PADV2": _moves(_A, _I, _A, int8=2, int16=3),
    "PRELU": Rule((_A, _A), integer=_INT8),
    "REDUCE_MAX": _selects(_A, _I, int16=3),
    "REDUCE_MIN": _selects(_A, _I, int16=3),
    "REDUCE_PROD": _computes(_A, _I, int8=2, int16=2),
    "RELU": _computes(_A, int8=2, int16=3),
    "RELU6": _computes(_A, int8=2, int16=3),
    "RELU_0_TO_1": Rule((_A,), integer=_INT8),
    "RELU_N1_TO_1": Rule((_A,), integer=_INT8),
    "RESHAPE": _moves(_A, _I),
    "RESIZE_BILINEAR": _moves(_A, _I, int8=2, int16=4, need=Need.ALL),
    "RESIZE_NEAREST_NEIGHBOR": _moves(_A, _I, int8=2, int16=4),
    "REVERSE_SEQUENCE": Rule((_A, _I), Output.TIED, frozenset({"int16"})),
    "REVERSE_V2": _moves(_A, _I, int8=3, int16=3),
    "RNN": _remembers("", [1, 2], dynamic=3),
    "RSQRT": _computes(_A, int8=2, int16=3),
    "SELECT": _moves(_I, _A),
    "SELECT_V2": _moves(_I, _A),
    "SHAPE": Rule((Role.ANY,), Output.INDEX),
    "SLICE": _moves(_A, _I, int8=2, int16=4),
    "SOFTMAX": _fixes(_fixed(1 / 256, -128, 1 / 32768), _SOFTMAX_DEPTHS),
    "SPACE_TO_BATCH_ND": _moves(_A, _I, int8=2, int16=4),
    "SPACE_TO_DEPTH": _moves_int8(_A),
    "SPARSE_TO_DENSE": Rule((_I, _I, _A), Output.TIED, _INT8, versions={"int8": 3}),
    "SPLIT": _moves(_I, _A, int8=2, int16=4),
    "SPLIT_V": _moves(_A, _I, _I, int8=2),
    "SQRT": Rule((_A,), integer=_INT8, versions={"int8": 2}),
    "SQUARE": Rule((_A,), integer=frozenset(), times="itself"),
    "SQUARED_DIFFERENCE": Rule((_A, _A), integer=_INT8, versions={"int8": 2}, square_of="SUB"),
    "SQUEEZE": _moves(_A),
    "STRIDED_SLICE": _moves(_A, _I, int8=2),
    "SUB": _adds(int16=5, need=Need.DIFFERENCE),
    "SUM": _computes(_A, _I, int8=2),
    "SVDF": _remembers("svdf", [1, 2], dynamic=4, int8=3),
    "TANH": _fixes(_fixed(1 / 128, 0, 1 / 32768)),
    "TILE": _moves(_A, _I, int8=3, int16=3),
    "TOPK_V2": _moves(_A, _I, int8=2, int16=3, need=Need.ALL),
    "TRANSPOSE": _moves(_A, _I, int8=2, int16=5),
    "TRANSPOSE_CONV": Rule(
        (_I, _W, _A, _B),
        sees_every_tap=False,
        dynamic="dequantized",
        versions={"int8": 3, "int16": 4},
        options=_INT64_BIAS,
    ),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _remembers("lstm", _LSTM_WEIGHTS, dynamic=3, int8=2),
    "UNIDIRECTIONAL_SEQUENCE_RNN": _remembers("", [1, 2], dynamic=3),
    "UNPACK": _moves(_A, int8=2, int16=4),
}
