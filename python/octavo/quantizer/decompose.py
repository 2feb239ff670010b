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
from octavo.quantizer.source import Source, store_constant
from octavo.quantizer.table import OPERATORS, Rule


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
    operators: list[Any] = []
    modes: list[str] = []
    squares: dict[int, int] = {}
    for n, op in enumerate(source.operators):
        rule = OPERATORS.get(source.names[n])
        lacks_form = rule is not None and wanted[n] in INTEGER and wanted[n] not in rule.integer
        parts = [op]
        if rule is not None and lacks_form and source.float_results(n):
            parts = _parts(source, op, rule, squares) or parts
        operators += parts
        modes += [wanted[n]] * len(parts)
    if operators != source.operators:
        source.graph.operators = operators
        source = Source(source.model, source.index)
    return Decomposed(source, tuple(modes), squares)


def _parts(source: Source, op: Any, rule: Rule, squares: dict[int, int]) -> list[Any]:
    """What stands for an operator; nothing where nothing does. Notes what is a square."""
    result = int(op.outputs[0])
    if rule.square_of:
        root = _new_tensor(source, result, "_root")
        squares[root] = result
        difference = _operator(source, rule.square_of, list(op.inputs), root)
        return [difference, _operator(source, "MUL", [root, root], result)]
    if rule.times is None:
        return []
    x = factor = int(op.inputs[0])
    if isinstance(rule.times, float):
        factor = _new_tensor(source, result, "_factor")
        tensor = source.graph.tensors[factor]
        tensor.shape, tensor.shapeSignature = np.zeros(0, np.int32), None
        store_constant(source.model, tensor, np.float32(rule.times))
    return [_operator(source, "MUL", [x, factor], result)]


def _new_tensor(source: Source, like: int, suffix: str) -> int:
    tensors = source.graph.tensors
    tensor = copy.copy(tensors[like])
    tensor.name = f"{source.name(like)}{suffix}".encode()
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
