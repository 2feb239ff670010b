"""Networks of one operator that calls subgraphs or keeps a variable, on values of any type."""

from __future__ import annotations

from typing import Any

import numpy as np
from flatbuffers import flexbuffers
from octavo.flatbuffer import Graph, Network
from single_op import Array

Result = tuple[bytes, dict[int, Array]]

CODES = (
    *("ASSIGN_VARIABLE", "CALL_ONCE", "IF", "READ_VARIABLE"),
    *("STABLEHLO_CASE", "STABLEHLO_COMPOSITE", "VAR_HANDLE", "WHILE"),
)


def single_call(
    code: str, values: Array, truth: bool = True, times: int = 2, dtype: str = "float32"
) -> Result:
    """`values`, of which the operator's branch, body or variable makes something.

    Args:
      code: the operator.
      values: an input of the network; of types of less than a byte a constant.
      truth: what an IF is given.
      times: how often a WHILE goes round, and which branch a CASE takes.
      dtype: the values' element type.
    """
    if code == "IF":
        return _branch(values, dtype, truth)
    if code == "WHILE":
        return _loop(values, dtype, times)
    if code == "STABLEHLO_CASE":
        return _case(values, dtype, times)
    if code == "STABLEHLO_COMPOSITE":
        return _composite(values, dtype)
    return _variable(values, dtype, has_start=code == "CALL_ONCE")


def _given(net: Graph, values: Array, dtype: str) -> int:
    return net.tensor("x", values.shape, dtype, data=values if dtype == "int4" else None)


def _finish(net: Network, values: dict[int, Array]) -> Result:
    """The file and what it is given: what is no constant."""
    tensors = net.model().subgraphs[0].tensors
    values = {t: value for t, value in values.items() if tensors[t].buffer == 0}
    net.inputs = list(values)
    return net.build(), values


def _reshaped(net: Graph, x: int, dtype: str, *shape: int) -> int:
    y = net.tensor("reshaped", shape, dtype)
    net.op("RESHAPE", [x, net.constant("shape", np.int32(shape))], [y])
    return y


def _branch(values: Array, dtype: str, truth: bool) -> Result:
    net = Network()
    condition, x = net.tensor("truth", (), "bool"), _given(net, values, dtype)
    y = net.tensor("y", (values.size,), dtype)
    branches = []
    for name in ("then", "else"):
        g = net.subgraph(name)
        given = g.tensor("x", values.shape, dtype)
        g.inputs = [given]
        shape = (values.size,) if name == "then" else (1, values.size)
        g.outputs = [_reshaped(g, given, dtype, *shape)]
        branches.append(g.index)
    options = {"then_subgraph_index": branches[0], "else_subgraph_index": branches[1]}
    net.op("IF", [condition, x], [y], **options)
    net.inputs, net.outputs = [condition, x], [y]
    return _finish(net, {condition: np.array(truth), x: values})


def _case(values: Array, dtype: str, index: int) -> Result:
    """Two of three branches give the same shape."""
    net = Network()
    i, x = net.tensor("index", (1,), "int32"), _given(net, values, dtype)
    y = net.tensor("y", (values.size,), dtype)
    branches = []
    for shape in [(values.size,), (1, values.size), (values.size,)]:
        g = net.subgraph(f"branch{len(branches)}")
        g.inputs = [g.tensor("x", values.shape, dtype)]
        g.outputs = [_reshaped(g, g.inputs[0], dtype, *shape)]
        branches.append(g.index)
    net.op("STABLEHLO_CASE", [i, x], [y], branch_subgraph_indices=branches)
    net.inputs, net.outputs = [i, x], [y]
    return _finish(net, {i: np.int32([index]), x: values})


def _loop(values: Array, dtype: str, times: int) -> Result:
    net = Network()
    counter, x = net.tensor("i", (1,), "int32"), _given(net, values, dtype)
    left, y = net.tensor("left", (1,), "int32"), net.tensor("y", values.shape, dtype)
    condition, body = net.subgraph("condition"), net.subgraph("body")
    for g in (condition, body):
        g.inputs = [g.tensor("i", (1,), "int32"), g.tensor("x", values.shape, dtype)]
    condition.outputs = [condition.tensor("goes on", (1,), "bool")]
    types = {"in_data_type": "INT32", "out_data_type": "BOOL"}
    condition.op("CAST", [condition.inputs[0]], condition.outputs, **types)
    fewer = body.tensor("fewer", (1,), "int32")
    body.op("SUB", [body.inputs[0], body.constant("one", np.int32([1]))], [fewer])
    body.outputs = [fewer, _reshaped(body, body.inputs[1], dtype, 1, values.size)]
    options = {"cond_subgraph_index": condition.index, "body_subgraph_index": body.index}
    net.op("WHILE", [counter, x], [left, y], **options)
    net.inputs, net.outputs = [counter, x], [left, y]
    return _finish(net, {counter: np.int32([times]), x: values})


def _composite(values: Array, dtype: str) -> Result:
    net = Network()
    x = _given(net, values, dtype)
    y = net.tensor("y", (values.size,), dtype)
    g = net.subgraph("decomposition")
    g.inputs = [g.tensor("x", values.shape, dtype)]
    g.outputs = [_reshaped(g, g.inputs[0], dtype, values.size)]
    attributes = np.frombuffer(flexbuffers.Dumps({}), np.uint8)
    options: dict[str, Any] = {"name": "octavo.flatten", "composite_attributes": attributes}
    options["decomposition_subgraph_index"] = g.index
    net.op("STABLEHLO_COMPOSITE", [x], [y], **options)
    net.inputs, net.outputs = [x], [y]
    return _finish(net, {x: values})


def _variable(values: Array, dtype: str, has_start: bool) -> Result:
    """The variable's value before and behind the assignment of the input."""
    net = Network()
    x = _given(net, values, dtype)
    handle = net.tensor("handle", (), "resource")
    behind = net.tensor("behind", values.shape, dtype)
    net.inputs, net.outputs = [x], [behind]
    if has_start:
        once = net.subgraph("once")
        start = once.tensor("handle", (), "resource")
        once.op("VAR_HANDLE", [], [start], shared_name="v")
        once.op(
            "ASSIGN_VARIABLE",
            [start, once.tensor("start", values.shape, dtype, data=np.zeros_like(values))],
            [],
        )
        net.op("CALL_ONCE", [], [], init_subgraph_index=once.index)
    net.op("VAR_HANDLE", [], [handle], shared_name="v")
    if has_start:
        before = net.tensor("before", values.shape, dtype)
        net.op("READ_VARIABLE", [handle], [before])
        net.outputs = [before, behind]
    net.op("ASSIGN_VARIABLE", [handle, x], [])
    net.op("READ_VARIABLE", [handle], [behind])
    return _finish(net, {x: values})


def function(net: Network, name: str, shapes: list[tuple[int, ...]], dtype: str = "int32") -> Graph:
    """A subgraph that takes tensors of these shapes."""
    g = net.subgraph(name)
    g.inputs = [g.tensor(f"x{i}", shape, dtype) for i, shape in enumerate(shapes)]
    return g


def truth_of(g: Graph, x: int) -> int:
    """Whether an int32 is not 0."""
    y = g.tensor("truth", (1,), "bool")
    g.op("CAST", [x], [y], in_data_type="INT32", out_data_type="BOOL")
    return y


def one_less(g: Graph, x: int) -> int:
    y = g.tensor("less", (1,), "int32")
    g.op("SUB", [x, g.constant("one", np.int32([1]))], [y])
    return y
