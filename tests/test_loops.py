"""WHILE, and the state that called subgraphs have."""

from __future__ import annotations

from typing import Any

import numpy as np
import octavo
import oracle
import pytest
from calls import function, one_less, truth_of
from flatbuffers import flexbuffers
from octavo.flatbuffer import Graph, Network

Array = np.ndarray[Any, Any]


def loop(shapes: list[tuple[int, ...]], declared: tuple[int, ...] | None = None) -> Any:
    """A WHILE over int32 tensors, that goes on while the first is not 0: (net, body)."""
    net = Network()
    net.inputs = [net.tensor(f"in{i}", shape, "int32") for i, shape in enumerate(shapes)]
    net.outputs = [net.tensor(f"out{i}", declared or s, "int32") for i, s in enumerate(shapes)]
    condition, body = function(net, "condition", shapes), function(net, "body", shapes)
    condition.outputs = [truth_of(condition, condition.inputs[0])]
    options = {"cond_subgraph_index": condition.index, "body_subgraph_index": body.index}
    net.op("WHILE", net.inputs, net.outputs, **options)
    return net, body


def run(model: bytes, inputs: list[Any], **options: Any) -> list[Array]:
    given = dict(enumerate(np.asarray(x, np.int32) for x in inputs))
    return oracle.act(octavo.Interpreter(model_content=model, **options), [given])


def test_a_loop_whose_tensors_grow() -> None:
    net, body = loop([(1,), (2,)])
    twice = body.tensor("twice", (4,), "int32")
    body.op("CONCATENATION", [body.inputs[1], body.inputs[1]], [twice], axis=0)
    body.outputs = [one_less(body, body.inputs[0]), twice]
    model = net.build()
    actions = [{0: np.int32([n]), 1: np.int32([n, 7])} for n in (3, 0, 1, 5)]
    oracle.assert_same_actions(model, actions)
    assert run(model, [[3], [1, 2]])[1].tolist() == [1, 2] * 8


def test_a_loop_whose_tensors_swap() -> None:
    """LiteRT copies one over the other before it has read it."""
    net, body = loop([(1,), (2,), (2,)])
    body.outputs = [one_less(body, body.inputs[0]), body.inputs[2], body.inputs[1]]
    for times, swapped in ((3, True), (4, False)):
        given = {0: np.int32([times]), 1: np.int32([1, 2]), 2: np.int32([3, 4])}
        values = run(net.build(), list(given.values()))
        assert [v.tolist() for v in values[1:]] == (
            [[3, 4], [1, 2]] if swapped else [[1, 2], [3, 4]]
        )
        theirs, outputs = oracle.run(net.build(), given)
        assert [theirs[i].tolist() for i in outputs[1:]] == [[3, 4], [3, 4]]


def test_a_growing_loop_whose_tensors_swap() -> None:
    net, body = loop([(1,), (2,), (2,)])
    longer = body.tensor("longer", (3,), "int32")
    row = body.constant("row", np.int32([9]))
    body.op("CONCATENATION", [body.inputs[1], row], [longer], axis=0)
    body.outputs = [one_less(body, body.inputs[0]), body.inputs[2], longer]
    values = run(net.build(), [[3], [1, 2], [3, 4]])
    assert [v.tolist() for v in values[1:]] == [[3, 4, 9], [1, 2, 9, 9]]


def test_a_loop_whose_tensors_swap_and_keep_shapes_that_are_computed() -> None:
    """Every round finds the body that was prepared for the first."""
    net, body = loop([(1,), (2,), (2,), (2,)])
    shape = body.tensor("shape", (1,), "int32")
    count = body.constant("two", np.int32([2]))
    body.op("MAXIMUM", [one_less(body, body.inputs[0]), count], [shape])
    same = body.tensor("same", None, "int32")
    body.op("RESHAPE", [body.inputs[3], shape], [same])
    body.outputs = [one_less(body, body.inputs[0]), body.inputs[2], body.inputs[1], same]
    for times in range(4):
        values = run(net.build(), [[times], [1, 2], [3, 4], [5, 6]])
        swapped = [[1, 2], [3, 4]][:: -1 if times % 2 else 1]
        assert [v.tolist() for v in values[1:]] == [*swapped, [5, 6]]


def test_a_growing_loop_of_many_tensors() -> None:
    """All of which but two change places."""
    count = 1_000
    net, body = loop([(1,)] * count)
    longer = body.tensor("longer", None, "int32")
    body.op("CONCATENATION", [body.inputs[1], body.inputs[1]], [longer], axis=0)
    rest = [*body.inputs[3:], body.inputs[2]]
    body.outputs = [one_less(body, body.inputs[0]), longer, *rest]
    values = run(net.build(), [[3], [7], *[[i] for i in range(2, count)]])
    assert values[1].tolist() == [7] * 8
    assert [int(v[0]) for v in values[2:]] == [*range(5, count), 2, 3, 4]


def test_what_a_body_hands_on_is_known_in_it() -> None:
    """So that a shape that is a constant outside is one inside."""
    net, body = loop([(1,), (6,), (2,)])
    shape = net.constant("shape", np.int32([2, 3]))
    operator = net.model().subgraphs[0].operators[0]
    operator.inputs = np.int32([net.inputs[0], net.inputs[1], shape])
    net.inputs = net.inputs[:2]
    wide, flat = body.tensor("wide", (2, 3), "int32"), body.tensor("flat", (6,), "int32")
    body.op("RESHAPE", [body.inputs[1], body.inputs[2]], [wide])
    body.op("RESHAPE", [wide, body.constant("six", np.int32([6]))], [flat])
    body.outputs = [one_less(body, body.inputs[0]), flat, body.inputs[2]]
    interpreter = octavo.Interpreter(model_content=net.build())
    interpreter.allocate_tensors()
    assert interpreter._main.steps.tolist() == [0]
    oracle.assert_same_actions(net.build(), [{0: np.int32([2]), 1: np.arange(6, dtype=np.int32)}])


@pytest.mark.parametrize("limit", [0, 1, 10])
def test_a_loop_that_does_not_end(limit: int) -> None:
    net, body = loop([(1,)])
    body.outputs = [one_less(body, body.inputs[0])]
    assert run(net.build(), [[limit]], max_loop_iterations=limit)[0] == [0]
    message = f'WHILE (node 0 "out0"): loops have gone round {limit} times, the most'
    with pytest.raises(RuntimeError) as error:
        run(net.build(), [[-1]], max_loop_iterations=limit)
    assert message in str(error.value)


def test_a_growing_loop_that_does_not_end() -> None:
    net, body = loop([(1,), (2,)])
    twice = body.tensor("longer", (4,), "int32")
    body.op("CONCATENATION", [body.inputs[1], body.inputs[1]], [twice], axis=0)
    body.outputs = [body.inputs[0], twice]
    with pytest.raises(RuntimeError, match="loops have gone round 10 times"):
        run(net.build(), [[1], [1, 2]], max_loop_iterations=10)
    with pytest.raises(ValueError, match="max_loop_iterations cannot be -1"):
        octavo.Interpreter(model_content=net.build(), max_loop_iterations=-1)


def test_nested_loops_share_their_limit() -> None:
    net, body = loop([(1,)])
    inner_condition, inner = function(net, "c", [(1,)]), function(net, "b", [(1,)])
    inner_condition.outputs = [truth_of(inner_condition, inner_condition.inputs[0])]
    inner.outputs = [one_less(inner, inner.inputs[0])]
    rest = body.tensor("rest", (1,), "int32")
    options = {"cond_subgraph_index": inner_condition.index, "body_subgraph_index": inner.index}
    body.op("WHILE", [body.constant("ten", np.int32([10]))], [rest], **options)
    body.outputs = [one_less(body, body.inputs[0])]
    assert run(net.build(), [[10]], max_loop_iterations=110)[0] == [0]
    with pytest.raises(RuntimeError, match=r"subgraph 2: WHILE .*gone round 109 times"):
        run(net.build(), [[10]], max_loop_iterations=109)


def total(g: Graph, x: int) -> int:
    """What all inputs of a subgraph sum to, by a recurrent operator's state."""
    state = g.tensor("state", (1, 2), "float32", is_variable=True)
    one, zero = g.constant("1", np.eye(2, dtype=np.float32)), g.constant("0", np.zeros(2, "f4"))
    y = g.tensor("total", (1, 2), "float32")
    g.op("RNN", [x, one, one, zero, state], [y])
    return y


def totals(code: str, kind: str) -> Network:
    """Operators that call a subgraph with a state: `kind` says how they are prepared."""
    net = Network()
    x = net.tensor("x", (1, 2), "float32")
    net.inputs = [x]
    if kind == "late":
        shape, flat = net.tensor("shape", (2,), "int32"), net.tensor("flat", (1, 2), "float32")
        net.op("RESHAPE", [x, shape], [flat])
        net.inputs = [x, shape]
        x = flat
    y = net.tensor("y", (1, 2), "float32")
    if code == "WHILE":
        times, left = net.tensor("times", (1,), "int32"), net.tensor("left", (1,), "int32")
        shapes = [("int32", (1,)), ("float32", (1, 2)), ("float32", (1,))]
        condition, body = net.subgraph("condition"), net.subgraph("body")
        for g in (condition, body):
            g.inputs = [g.tensor("x", shape, dtype) for dtype, shape in shapes]
        condition.outputs = [truth_of(condition, condition.inputs[0])]
        last = body.inputs[2]
        if kind == "growing":
            last = body.tensor("longer", None, "float32")
            body.op("CONCATENATION", [body.inputs[2]] * 2, [last], axis=0)
        body.outputs = [one_less(body, body.inputs[0]), total(body, body.inputs[1]), last]
        options = {"cond_subgraph_index": condition.index, "body_subgraph_index": body.index}
        rest = [net.tensor("rest", (1,), "float32") for _ in range(2)]
        net.op("WHILE", [times, x, rest[0]], [left, y, rest[1]], **options)
        net.inputs = [*net.inputs, times, rest[0]]
        net.outputs = [y]
        return net
    for name in ("then", "else") if code == "IF" else ("f",):
        g = net.subgraph(name)
        g.inputs = [g.tensor("x", (1, 2), "float32")]
        g.outputs = [total(g, g.inputs[0])]
        if kind == "shapes" and name == "else":
            column = g.tensor("column", (2, 1), "float32")
            g.op("RESHAPE", [*g.outputs, g.constant("shape", np.int32([2, 1]))], [column])
            g.outputs = [column]
    net.outputs = [y, net.tensor("again", (1, 2), "float32")]
    options: dict[str, Any] = {"then_subgraph_index": 1, "else_subgraph_index": 2}
    arguments = [x]
    if code == "IF":
        arguments = [net.tensor("truth", (1,), "bool"), x]
        net.inputs = [*net.inputs, arguments[0]]
    else:
        attributes = np.frombuffer(flexbuffers.Dumps({}), np.uint8)
        options = {
            "decomposition_subgraph_index": 1,
            "composite_attributes": attributes,
            "name": "f",
        }
    for out in net.outputs:
        net.op(code, arguments, [out], **options)
    return net


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *[
            (code, kind)
            for code in ("IF", "STABLEHLO_COMPOSITE", "WHILE")
            for kind in ("static", "late")
        ],
        ("IF", "shapes"),
        ("WHILE", "growing"),
    ],
)
def test_variables_of_called_subgraphs_begin_anew(code: str, kind: str) -> None:
    """At every call; those of a body last as long as the loop, until its tensors grow."""
    net = totals(code, kind)
    given = {"x": np.float32([[1, 10]]), "shape": np.int32([1, 2]), "rest": np.float32([1])}
    names = {i: net.model().subgraphs[0].tensors[i].name for i in net.inputs}
    actions: list[Any] = []
    for n in (2, 1, 0, 3, 3):
        action = {**given, "times": np.int32([n]), "truth": np.array([n % 2 == 1])}
        actions.append({i: action[name] for i, name in names.items()})
    oracle.assert_same_actions(net.build(), [*actions[:3], "reset", *actions[3:]])


@pytest.mark.parametrize("in_condition", [False, True])
def test_calls_of_one_subgraph_do_not_share_its_state(in_condition: bool) -> None:
    """Which a loop's body calls twice, and its condition too."""
    net, body = loop([(1,)])
    state = net.subgraph("state")
    state.inputs = [state.tensor("x", (1, 2), "float32")]
    state.outputs = [total(state, state.inputs[0])]

    def call(g: Graph, x: int) -> int:
        y = g.tensor("y", (1, 2), "float32")
        attributes = np.frombuffer(flexbuffers.Dumps({}), np.uint8)
        options = {"decomposition_subgraph_index": state.index, "composite_attributes": attributes}
        g.op("STABLEHLO_COMPOSITE", [x], [y], name="f", **options)
        return y

    condition = net._subgraphs[1]
    for g in (condition, body):
        g.inputs = [*g.inputs, g.tensor("x", (1, 2), "float32")]
    results = [call(body, body.inputs[1]) for _ in range(2)]
    body.outputs = [one_less(body, body.inputs[0]), body.tensor("sum", (1, 2), "float32")]
    body.op("ADD", results, body.outputs[1:])
    if in_condition:
        least, truth = condition.tensor("least", (), "float32"), condition.tensor("t", (), "bool")
        axes = condition.constant("axes", np.int32([0, 1]))
        condition.op("REDUCE_MIN", [call(condition, condition.inputs[1]), axes], [least])
        condition.op("LESS", [least, condition.constant("limit", np.float32(20))], [truth])
        condition.outputs = [truth]
    x, y = net.tensor("x", (1, 2), "float32"), net.tensor("y", (1, 2), "float32")
    net.inputs, net.outputs = [*net.inputs, x], [*net.outputs, y]
    operator = net.model().subgraphs[0].operators[0]
    operator.inputs, operator.outputs = np.int32(net.inputs), np.int32(net.outputs)
    given = {net.inputs[0]: np.int32([3]), x: np.float32([[1, 10]])}
    oracle.assert_same_actions(net.build(), [given] * 2)
