"""IF, WHILE, CALL_ONCE, STABLEHLO_CASE, STABLEHLO_COMPOSITE and variables, against LiteRT."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import octavo
import oracle
import pytest
from flatbuffers import flexbuffers
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Graph, Network, read, write

Array = np.ndarray[Any, Any]

SHAPE = (2, 3)
OPERATORS = ["ADD", "SUB", "MAXIMUM", "MINIMUM"]


class Programs:
    """Random programs over a few tensors of SHAPE and one whose rows come and go."""

    def __init__(self, draw: st.DrawFn, has_rows: bool, has_variables: bool) -> None:
        self.draw, self.has_rows, self.has_variables = draw, has_rows, has_variables
        self.net = Network()
        self.count = 2 + has_rows

    def tensors(self, g: Graph) -> list[int]:
        made = [g.tensor(f"t{i}", SHAPE, "float32") for i in range(2)]
        return [*made, g.tensor("rows", SHAPE, "float32")] if self.has_rows else made

    def constant(self, g: Graph, shape: tuple[int, ...] = SHAPE) -> int:
        rng = np.random.default_rng(self.draw(st.integers(0, 99)))
        return g.constant("c", rng.integers(-3, 4, shape).astype(np.float32))

    def truth(self, g: Graph, value: int) -> int:
        """Whether the sum of a tensor is positive."""
        total, positive = g.tensor("sum", (), "float32"), g.tensor("positive", (), "float32")
        g.op("SUM", [value, g.constant("axes", np.int32([0, 1]))], [total], keep_dims=False)
        g.op("RELU", [total], [positive])
        truth = g.tensor("truth", (), "bool")
        g.op("CAST", [positive], [truth], in_data_type="FLOAT32", out_data_type="BOOL")
        return truth

    def function(self, name: str, depth: int, is_loop: bool = False) -> Graph:
        g = self.net.subgraph(name)
        values = self.tensors(g)
        counter = [g.tensor("counter", (1,), "int32")] if is_loop else []
        g.inputs = [*counter, *values]
        results = self.statements(g, values, depth)
        if is_loop:
            # LiteRT copies one input over the other, where a body hands them on exchanged.
            if not set(results[:2]) & set(values) and self.draw(st.booleans()):
                results[:2] = results[1::-1]
            left = g.tensor("left", (1,), "int32")
            g.op("SUB", [counter[0], g.constant("one", np.int32([1]))], [left])
            counter = [left]
        g.outputs = [*counter, *results]
        return g

    def statements(self, g: Graph, values: list[int], depth: int) -> list[int]:
        values = list(values)
        kinds = ["arithmetic"]
        if self.has_rows:
            kinds += ["rows"]
        if self.has_variables:
            kinds += ["read", "assign"]
        if depth > 0:
            kinds += ["IF", "WHILE", "IF", "WHILE"]
        for _ in range(self.draw(st.integers(0, 3))):
            kind = self.draw(st.sampled_from(kinds))
            if kind == "arithmetic":
                i = self.draw(st.integers(0, 1))
                other = values[1 - i] if self.draw(st.booleans()) else self.constant(g)
                made = g.tensor("y", SHAPE, "float32")
                g.op(self.draw(st.sampled_from(OPERATORS)), [values[i], other], [made])
                values[i] = made
            elif kind == "rows":
                made = g.tensor("rows", SHAPE, "float32")
                g.op("CONCATENATION", [values[2], self.constant(g, (1, 3))], [made], axis=0)
                values[2] = made
            elif kind in ("read", "assign"):
                i = self.draw(st.integers(0, 1))
                handle = g.tensor("handle", (), "resource")
                name = self.draw(st.sampled_from(["a", "b"]))
                g.op("VAR_HANDLE", [], [handle], shared_name=name)
                if kind == "assign":
                    g.op("ASSIGN_VARIABLE", [handle, values[i]], [])
                else:
                    made = g.tensor("read", SHAPE, "float32")
                    g.op("READ_VARIABLE", [handle], [made])
                    values[i] = made
            elif kind == "IF":
                branches = [self.function(name, depth - 1) for name in ("then", "else")]
                made_all = self.tensors(g)
                indices = [b.index for b in branches]
                options = {
                    "then_subgraph_index": indices[0],
                    "else_subgraph_index": indices[1],
                }
                condition = self.truth(g, values[self.draw(st.integers(0, self.count - 1))])
                g.op("IF", [condition, *values], made_all, **options)
                values = made_all
            else:
                values = self.loop(g, values, depth)
        return values

    def loop(self, g: Graph, values: list[int], depth: int) -> list[int]:
        condition = self.net.subgraph("condition")
        body = self.function("body", depth - 1, is_loop=True)
        given = condition.tensor("counter", (1,), "int32")
        condition.inputs = [given, *self.tensors(condition)]
        goes_on = condition.tensor("goes on", (1,), "bool")
        condition.op("CAST", [given], [goes_on], in_data_type="INT32", out_data_type="BOOL")
        condition.outputs = [goes_on]
        times = g.constant("times", np.int32([self.draw(st.integers(0, 3))]))
        made = [g.tensor("counter", (1,), "int32"), *self.tensors(g)]
        options = {"cond_subgraph_index": condition.index, "body_subgraph_index": body.index}
        g.op("WHILE", [times, *values], made, **options)
        return made[1:]

    def initialize(self) -> None:
        """Gives the variables their first values."""
        once = self.net.subgraph("once")
        for name in "ab":
            handle = once.tensor("handle", (), "resource")
            once.op("VAR_HANDLE", [], [handle], shared_name=name)
            once.op("ASSIGN_VARIABLE", [handle, self.constant(once)], [])
        once.inputs, once.outputs = [], []
        self.net.op("CALL_ONCE", [], [], init_subgraph_index=once.index)

    def build(self) -> bytes:
        values = self.tensors(self.net)
        self.net.inputs = list(values)
        if self.has_variables:
            self.initialize()
        results = []
        for x in self.statements(self.net, values, 2):  # no output is an input
            y = self.net.tensor("out", SHAPE, "float32")
            self.net.op("ADD", [x, x], [y])
            results.append(y)
        self.net.outputs = results
        return self.net.build()


@st.composite
def programs(draw: st.DrawFn) -> tuple[bytes, list[Any]]:
    """A program, and three invokes, with a reset or not between them."""
    maker = Programs(draw, draw(st.booleans()), draw(st.booleans()))
    model = maker.build()
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    actions: list[Any] = []
    for _ in range(3):
        if draw(st.integers(0, 3)) == 0:
            actions.append("reset")
        values = rng.integers(-3, 4, (maker.count, *SHAPE)).astype(np.float32)
        actions.append(dict(enumerate(values)))
    return model, actions


@settings(deadline=None, max_examples=150)
@given(programs(), st.booleans())
def test_programs(program: tuple[bytes, list[Any]], keep_all: bool) -> None:
    oracle.assert_same_actions(*program, experimental_preserve_all_tensors=keep_all)


def function(net: Network, name: str, shapes: list[tuple[int, ...]], dtype: str = "int32") -> Graph:
    """A subgraph that takes tensors of these shapes."""
    g = net.subgraph(name)
    g.inputs = [g.tensor(f"x{i}", shape, dtype) for i, shape in enumerate(shapes)]
    return g


def truth_of(g: Graph, x: int) -> int:
    y = g.tensor("truth", (1,), "bool")
    g.op("CAST", [x], [y], in_data_type="INT32", out_data_type="BOOL")
    return y


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


def one_less(g: Graph, x: int) -> int:
    y = g.tensor("less", (1,), "int32")
    g.op("SUB", [x, g.constant("one", np.int32([1]))], [y])
    return y


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


def branching(else_shape: tuple[int, ...] = (2,), count: int = 1) -> Network:
    net = Network()
    truth, x = net.tensor("truth", (1,), "bool"), net.tensor("x", (2,), "int32")
    branches = [function(net, "then", [(2,)]), function(net, "else", [(2,)] * count)]
    branches[0].outputs = [branches[0].inputs[0]]
    shape = branches[1].constant("shape", np.int32(else_shape))
    branches[1].outputs = [branches[1].tensor("y", (1,), "int32")]
    branches[1].op("RESHAPE", [branches[1].inputs[0], shape], branches[1].outputs)
    y = net.tensor("y", (2,), "int32")
    options = {"then_subgraph_index": 1, "else_subgraph_index": 2}
    net.op("IF", [truth, x], [y], **options)
    net.inputs, net.outputs = [truth, x], [y]
    return net


def test_branches_of_other_shapes_and_a_resized_input() -> None:
    actions: list[Any] = [
        {0: np.array([True]), 1: np.int32([1, 2])},
        {0: np.array([False]), 1: np.int32([1, 2])},
        {0: np.array([True]), 1: np.int32([3, 4])},
    ]
    oracle.assert_same_actions(branching((2, 1)).build(), actions)
    oracle.assert_same_actions(branching((-1, 1)).build(), [*actions, {1: (3,)}])
    resized = [{1: (3,)}, {0: np.array([False]), 1: np.int32([1, 2, 3])}]
    oracle.assert_same_actions(branching((-1, 1)).build(), [*actions, *resized])


def broken(change: Any) -> bytes:
    model = read(branching().build())
    change(model.subgraphs)
    return write(model)


def set_branch(number: int) -> Any:
    def change(subgraphs: list[Any]) -> None:
        subgraphs[0].operators[0].builtinOptions.thenSubgraphIndex = number

    return change


def leave_out_options(subgraphs: list[Any]) -> None:
    subgraphs[0].operators[0].builtinOptions = None
    subgraphs[0].operators[0].builtinOptionsType = 0


def recurse(subgraphs: list[Any]) -> None:
    """The branch "else" calls "then", which calls "else"."""
    for caller, callee in ((1, 2), (2, 1)):
        g = subgraphs[caller]
        operator = read(branching().build()).subgraphs[0].operators[0]
        operator.builtinOptions.thenSubgraphIndex = callee
        operator.builtinOptions.elseSubgraphIndex = callee
        operator.inputs, operator.outputs = np.int32([0, 0]), np.int32([])
        g.operators = [*g.operators, operator]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_branch(3), "subgraph 0, node 0 (IF) calls subgraph 3, the file has 3"),
        (set_branch(-1), "subgraph 0, node 0 (IF) calls subgraph -1, the file has 3"),
        (leave_out_options, 'subgraphs are recursive: 0 "main" calls 0 "main"'),
        (set_branch(0), 'subgraphs are recursive: 0 "main" calls 0 "main"'),
        (recurse, 'subgraphs are recursive: 1 "then" calls 2 "else" calls 1 "then"'),
    ],
)
def test_files_that_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        octavo.load(broken(change))


def test_calls_that_are_nested_too_deeply() -> None:
    def nested(depth: int) -> bytes:
        net = Network()
        callers: list[Graph] = [net, *(function(net, f"f{i}", [(2,)]) for i in range(depth))]
        net.inputs = [net.tensor("x", (2,), "int32")]
        for caller, callee in pairwise(callers):
            caller.outputs = [caller.tensor("y", (2,), "int32")]
            options = {"name": "f", "decomposition_subgraph_index": callee.index}
            caller.op("STABLEHLO_COMPOSITE", caller.inputs, caller.outputs, **options)
        callers[-1].outputs = callers[-1].inputs
        return net.build()

    assert run(nested(31), [[1, 2]])[0].tolist() == [1, 2]
    with pytest.raises(ValueError, match="subgraphs call each other more than 32 deep"):
        octavo.load(nested(32))


def test_many_ways_to_one_subgraph() -> None:
    """Each of 20 subgraphs calls the next one four times: it is prepared once."""
    net = Network()
    callers: list[Graph] = [net, *(function(net, f"f{i}", [(2,)]) for i in range(20))]
    net.inputs = [net.tensor("truth", (1,), "bool"), net.tensor("x", (2,), "int32")]
    for caller, callee in pairwise(callers):
        truth = net.inputs[0] if caller is net else caller.constant("truth", np.array([True]))
        x = caller.inputs[-1]
        options = {"then_subgraph_index": callee.index, "else_subgraph_index": callee.index}
        for _ in range(2):
            y = caller.tensor("y", (2,), "int32")
            caller.op("IF", [truth, x], [y], **options)
            x = y
        caller.outputs = [x]
    callers[-1].outputs = callers[-1].inputs
    interpreter = octavo.Interpreter(model_content=net.build())
    interpreter.allocate_tensors()
    assert interpreter.arena_bytes < 10_000


@pytest.mark.parametrize(
    ("count", "inputs", "message"),
    [
        (2, [0, 1], 'subgraph 2 "else" takes 2 and gives 1 tensors, should take 1 and give 1'),
        (1, [0, 1, 1], 'subgraph 1 "then" takes 1 and gives 1 tensors, should take 2 and give 1'),
        (1, [0, -1], "an argument of subgraph 1 is left out"),
        (1, [1, 1], 'condition "x" has type int32, should have bool'),
        (1, [0, 0], 'subgraph 1 takes "x0" of type int32, "truth" has bool'),
    ],
)
def test_arguments_that_do_not_fit(count: int, inputs: list[int], message: str) -> None:
    model = read(branching(count=count).build())
    model.subgraphs[0].operators[0].inputs = np.int32(inputs)
    interpreter = octavo.Interpreter(model_content=write(model))
    with pytest.raises(RuntimeError) as error:
        interpreter.allocate_tensors()
    assert str(error.value) == f'IF (node 0 "y"): {message}'


def test_an_error_names_the_subgraph() -> None:
    interpreter = octavo.Interpreter(model_content=branching((3,)).build())
    with pytest.raises(RuntimeError, match=r'^IF \(node 0 "y"\): subgraph 2: RESHAPE \(node 0 "y"'):
        interpreter.allocate_tensors()


def test_missing_operators_are_listed_for_all_subgraphs() -> None:
    net = branching()
    for name in ("A", "B"):
        g = function(net, name, [(2,)])
        g.outputs = g.inputs
    for caller, code in ((net, "First"), (net._subgraphs[2], "Second")):
        y = caller.tensor("z", (2,), "int32")
        caller.op("CUSTOM", [caller.inputs[-1]], [y], custom_code=code)
    with pytest.raises(RuntimeError) as error:
        octavo.Interpreter(model_content=net.build()).allocate_tensors()
    missing = 'CUSTOM "First" (node 1), CUSTOM "Second" (subgraph 2, node 1)'
    assert str(error.value).endswith(f"does not have: {missing}")


def test_subgraphs_that_call_the_next_one_often():
    """20 + 20^2 + 20^3 calls, without a loop."""
    net = Network()
    graphs = [net, *(net.subgraph(f"g{i}") for i in range(3))]
    for i, g in enumerate(graphs):
        x = g.tensor("x", (1,), "float32")
        g.inputs = [x]
        for _ in range(20):
            y = g.tensor("y", (1,), "float32")
            if g is graphs[-1]:
                g.op("NEG", [x], [y])
            else:
                callee = graphs[i + 1].index
                g.op("STABLEHLO_COMPOSITE", [x], [y], name="c", decomposition_subgraph_index=callee)
            x = y
        g.outputs = [x]
    model = net.build()
    for limit, works in ((200, True), (100, False)):
        interpreter = octavo.Interpreter(model_content=model, max_loop_iterations=limit)
        interpreter.allocate_tensors()
        if works:
            interpreter.invoke()
        else:
            with pytest.raises(RuntimeError, match="called 64 x 100 times, the most that"):
                interpreter.invoke()


def case(index, branches=3, is_constant=False, **changes):
    """Branch number n adds n + 1."""
    net = Network()
    given = np.array(index, np.int32)
    i = net.constant("i", given) if is_constant else net.tensor("i", given.shape, "int32")
    x, y = (net.tensor(n, SHAPE, "float32") for n in "xy")
    for n in range(branches):
        g = net.subgraph(f"branch{n}")
        a, b = (g.tensor(name, SHAPE, "float32") for name in "ab")
        g.op("ADD", [a, g.constant("n", np.float32(n + 1))], [b])
        g.inputs, g.outputs = [a], [b]
    options = {"branch_subgraph_indices": list(range(1, branches + 1))} | changes
    net.op("STABLEHLO_CASE", [i, x], [y], **options)
    net.inputs, net.outputs = [x] if is_constant else [i, x], [y]
    inputs = {x: np.float32([[0, 1, 2], [3, 4, 5]])}
    return net.build(), inputs if is_constant else {i: given, **inputs}


@pytest.mark.parametrize("is_constant", [False, True])
@pytest.mark.parametrize("index", [0, 1, 2, 3, -1, -(2**31), 2**31 - 1])
def test_cases(index, is_constant):
    """The last branch stands for every number that has none."""
    model, inputs = case([index], is_constant=is_constant)
    oracle.assert_equal_to_litert(model, inputs)


def test_a_case_of_many_branches():
    """LiteRT has at most 20."""
    model, inputs = case(29, branches=30)
    values, [y] = oracle.octavo_run(model, inputs)
    np.testing.assert_array_equal(values[y].ravel(), np.arange(6) + 30)


CASE_ERRORS = [
    ({"index": 0, "branch_subgraph_indices": []}, "has no branches"),
    ({"index": 0, "branch_subgraph_indices": None}, "has no branches"),
    ({"index": [0, 1]}, 'condition "i" has shape (2), should have 1 element'),
    ({"index": 0, "branch_subgraph_indices": [1, 9]}, "calls subgraph 9, the file has 4"),
    ({"index": 0, "branch_subgraph_indices": [1, -1]}, "calls subgraph -1, the file has 4"),
    ({"index": 0, "branch_subgraph_indices": [1, 0]}, "subgraphs are recursive"),
]


@pytest.mark.parametrize(("arguments", "text"), CASE_ERRORS)
def test_impossible_cases(arguments, text):
    model, _ = case(**arguments)
    with pytest.raises((ValueError, RuntimeError), match=re.escape(text)):
        octavo.Interpreter(model_content=model).allocate_tensors()


def test_a_branch_of_another_signature():
    net = Network()
    i, x = net.tensor("i", (), "int32"), net.tensor("x", SHAPE, "float32")
    y = net.tensor("y", SHAPE, "float32")
    for dtype in ("float32", "int32"):
        g = net.subgraph(dtype)
        g.inputs = g.outputs = [g.tensor("a", SHAPE, dtype)]
    net.op("STABLEHLO_CASE", [i, x], [y], branch_subgraph_indices=[1, 2])
    net.inputs, net.outputs = [i, x], [y]
    with pytest.raises(RuntimeError, match=r'_CASE .*subgraph 2 takes "a" of type int32, "x" has'):
        octavo.Interpreter(model_content=net.build()).allocate_tensors()
