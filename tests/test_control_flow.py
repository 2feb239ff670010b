"""Programs of IF, WHILE, CALL_ONCE, STABLEHLO_COMPOSITE and variables against LiteRT, branches, and
the subgraphs that are refused."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import octavo
import oracle
import pytest
from calls import function
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Graph, Network, read, write

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

    values, [y] = oracle.octavo_run(nested(31), {0: np.int32([1, 2])})
    assert values[y].tolist() == [1, 2]
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
