"""Writes operators that have no kernels on some integers as others that have."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import octavo._schema as schema
from octavo.flatbuffer import options_name
from octavo.quantizer.plan import INTEGER
from octavo.quantizer.source import Source
from octavo.quantizer.table import OPERATORS


@dataclass(frozen=True)
class Decomposed:
    """A subgraph after that.

    Attributes:
      source: the subgraph.
      wanted: the mode wanted for each of its operators.
      squares: by tensor that calibration has not seen, the one that is its square.
    """

    source: Source
    wanted: tuple[str, ...]
    squares: Mapping[int, int]


def decompose(source: Source, wanted: Sequence[str]) -> Decomposed:
    """Where the mode wanted for an operator is one that it has no form for, its parts in its place.

    The file is changed; tensors keep their numbers.
    """
    operators, modes, squares = [], [], {}
    for n, op in enumerate(source.operators):
        rule = OPERATORS.get(source.names[n])
        has_form = rule is None or not rule.square_of or wanted[n] in rule.integer
        if rule is None or has_form or wanted[n] not in INTEGER or not source.float_results(n):
            operators.append(op)
            modes.append(wanted[n])
            continue
        result = source.results(n)[0]
        root = _new_tensor(source, result)
        operators.append(_operator(source, rule.square_of, list(op.inputs), root))
        operators.append(_operator(source, "MUL", [root, root], result))
        modes += [wanted[n]] * 2
        squares[root] = result
    if squares:
        source.graph.operators = operators
        source = Source(source.model, source.index)
    return Decomposed(source, tuple(modes), squares)


def _new_tensor(source: Source, square: int) -> int:
    tensors = source.graph.tensors
    tensor = copy.copy(tensors[square])
    tensor.name = f"{source.name(square)}_root".encode()
    tensors.append(tensor)
    return len(tensors) - 1


def _operator(source: Source, name: str, inputs: list[int], output: int) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
    source.model.operatorCodes.append(code)
    op = schema.OperatorT()
    op.opcodeIndex = len(source.model.operatorCodes) - 1
    op.inputs, op.outputs = np.asarray(inputs, np.int32), np.asarray([output], np.int32)
    op.builtinOptionsType = getattr(schema.BuiltinOptions, options_name(name))
    op.builtinOptions = getattr(schema, options_name(name) + "T")()
    return op
