"""Operators of the caller's, for the nodes that a file calls by a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo.tensor_spec import TensorSpec, tensor_spec

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class CustomNode:
    """One use of a custom operator in a network.

    Attributes:
      operator: the name by which the file calls it.
      inputs: what it takes, with the shapes of this run; None where an optional one is left out.
      outputs: what it gives. Before `infer` has returned, shapes are those of the file.
      options: the bytes that the file has for it, whose meaning is the operator's own affair. Most
        writers put a flexbuffer there: `flatbuffers.flexbuffers.Loads` reads it.
    """

    operator: str
    inputs: tuple[TensorSpec | None, ...]
    outputs: tuple[TensorSpec, ...]
    options: bytes


@dataclass(frozen=True)
class CustomOp:
    """An operator written in Python, for files that call it by a name.

    >>> cube = octavo.CustomOp(run=lambda node, x: x**3)
    >>> net = octavo.load("net.tflite", custom_ops={"Cube": cube})

    Tensors hold what the file says: of a quantized one, `node.inputs[0].dequantize(x)` gives the
    real numbers, `node.outputs[0].quantize(y)` the integers. Values given to `run` and `infer` are
    copies. Several threads may call both at once where several use the network at once. What they
    raise becomes the cause of a RuntimeError that names the operator and its node.

    Attributes:
      run: called as `run(node, *inputs)` whenever the network runs, with an array for each input
        (None for one left out). Returns the output, or a sequence of them where there are several:
        arrays of exactly the outputs' dtypes and of the shapes that `infer` gave.
      infer: called as `infer(node, *constants)` before memory is allocated, with an array for each
        input whose value is known by then and None for the others. Returns a list of the outputs'
        shapes. Where it is None, outputs have the shapes that the file declares.
    """

    run: Callable[..., npt.ArrayLike | Sequence[npt.ArrayLike]]
    infer: Callable[..., Sequence[Sequence[int]]] | None = None


CustomOps = Mapping[str, CustomOp]

# What the core tells of a node: details of inputs and outputs, and its options.
_Described = tuple[list[dict[str, Any] | None], list[dict[str, Any]], bytes]
CoreOp = tuple[str, Callable[..., Any], Callable[..., Any]]


def core_ops(custom_ops: CustomOps | None) -> list[CoreOp]:
    """The operators as the core takes them: (name, infer, run)."""
    for name, op in (custom_ops or {}).items():
        if not isinstance(op, CustomOp):
            raise TypeError(f'custom_ops["{name}"] is no octavo.CustomOp but {op!r}')
    return [
        (name, partial(_infer, name, op), partial(_run, name, op))
        for name, op in (custom_ops or {}).items()
    ]


def _infer(
    name: str, op: CustomOp, described: _Described, constants: list[Array | None]
) -> list[list[int]]:
    node = _node(name, described)
    if op.infer is None:
        return [[int(size or 1) for size in spec.shape] for spec in node.outputs]
    return [[int(size) for size in shape] for shape in op.infer(node, *constants)]


def _run(name: str, op: CustomOp, described: _Described, inputs: list[Array | None]) -> list[Array]:
    node = _node(name, described)
    result = op.run(node, *inputs)
    is_one = len(node.outputs) == 1 and not isinstance(result, (tuple, list))
    results: Any = (result,) if is_one else result
    return [np.asarray(value) for value in results]


def _node(name: str, described: _Described) -> CustomNode:
    inputs, outputs, options = described

    def spec(details: dict[str, Any]) -> TensorSpec:
        return tensor_spec(details, details["index"], details["shape"].tolist())

    specs = tuple(None if details is None else spec(details) for details in inputs)
    return CustomNode(name, specs, tuple(map(spec, outputs)), options)
