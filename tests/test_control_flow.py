"""IF, WHILE, CALL_ONCE, STABLEHLO_COMPOSITE and variables, against LiteRT."""

from __future__ import annotations

from typing import Any

import numpy as np
import octavo
import oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Graph, Network

Array = np.ndarray[Any, Any]

SHAPE = (2, 3)
OPERATORS = ["ADD", "SUB", "MAXIMUM", "MINIMUM"]


def check(model: bytes, actions: list[Any], **options: Any) -> None:
    """octavo and LiteRT give the same for a sequence of actions."""
    expected = oracle.run_actions(model, actions)
    ours = oracle.act(octavo.Interpreter(model_content=model, **options), actions)
    assert len(ours) == len(expected)
    for i, (a, b) in enumerate(zip(ours, expected, strict=True)):
        oracle.assert_same(a, b, f"output {i}")


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
    check(*program, experimental_preserve_all_tensors=keep_all)
