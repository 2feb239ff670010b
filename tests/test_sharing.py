"""Tensors that share memory: parts of others, results over operands, variables read in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from octavo.flatbuffer import Network
from rewritten import check, operators, prepared

Array = npt.NDArray[Any]

ALIGNED = 16  # elements of 4 bytes that a row has so that every row begins where a tensor may
KINDS = ["slice", "halves", "add", "negate", "join", "update", "reshape", "read", "assign"]


class Program:
    """Operators on int32 tensors [rows, `width`], and a variable of 2 rows."""

    def __init__(self, width: int) -> None:
        self.net, self.width = Network(), width
        once = self.net.subgraph("once")
        start = once.tensor("handle", (), "resource")
        once.op("VAR_HANDLE", [], [start], shared_name="v")
        zeros = once.constant("0", np.zeros((2, width), np.int32))
        once.op("ASSIGN_VARIABLE", [start, zeros], [])
        self.net.op("CALL_ONCE", [], [], init_subgraph_index=once.index)
        self.handle = self.net.tensor("handle", (), "resource")
        self.net.op("VAR_HANDLE", [], [self.handle], shared_name="v")
        self.rows: dict[int, int] = {}
        self.net.inputs = [self.tensor(4), self.tensor(2)]

    def tensor(self, rows: int) -> int:
        t = self.net.tensor(f"t{len(self.rows)}", (rows, self.width), "int32")
        self.rows[t] = rows
        return t

    def op(self, code: str, inputs: list[int], *rows: int, **options: Any) -> list[int]:
        outputs = [self.tensor(n) for n in rows]
        self.net.op(code, inputs, outputs, **options)
        return outputs

    def ints(self, *values: int) -> int:
        return self.net.constant("ints", np.array(values, np.int32))

    def slice(self, x: int, begin: int, count: int) -> int:
        size = self.ints(count, self.width)
        return self.op("SLICE", [x, self.ints(begin, 0), size], count)[0]

    def halves(self, x: int) -> list[int]:
        half = self.rows[x] // 2
        return self.op("SPLIT", [self.ints(0), x], half, half, num_splits=2)

    def add(self, a: int, b: int) -> int:
        return self.op("ADD", [a, b], max(self.rows[a], self.rows[b]))[0]

    def negate(self, x: int) -> int:
        return self.op("NEG", [x], self.rows[x])[0]

    def join(self, a: int, b: int) -> int:
        return self.op("CONCATENATION", [a, b], self.rows[a] + self.rows[b], axis=0)[0]

    def update(self, x: int, part: int, begin: int) -> int:
        return self.op("DYNAMIC_UPDATE_SLICE", [x, part, self.ints(begin, 0)], self.rows[x])[0]

    def reshape(self, x: int) -> int:
        return self.op("RESHAPE", [x, self.ints(self.rows[x], self.width)], self.rows[x])[0]

    def read(self) -> int:
        return self.op("READ_VARIABLE", [self.handle], 2)[0]

    def assign(self, x: int) -> None:
        self.net.op("ASSIGN_VARIABLE", [self.handle, x], [])

    def build(self, *outputs: int) -> bytes:
        self.net.outputs = list(outputs)
        return self.net.build()

    def values(self, seed: int) -> dict[int, Array]:
        rng = np.random.default_rng(seed)
        return {
            x: rng.integers(-100, 100, (self.rows[x], self.width), np.int32)
            for x in self.net.inputs
        }


@st.composite
def programs(draw: st.DrawFn) -> tuple[bytes, list[dict[int, Array]]]:
    p = Program(draw(st.sampled_from([ALIGNED, 2 * ALIGNED, 5])))

    def any_of(least: int = 1, most: int = 8) -> int:
        fitting = [t for t, rows in p.rows.items() if least <= rows <= most]
        return draw(st.sampled_from(fitting[-6:]))

    for _ in range(draw(st.integers(2, 14))):
        kind = draw(st.sampled_from(KINDS))
        if kind == "slice":
            x = any_of()
            begin = draw(st.integers(0, p.rows[x] - 1))
            p.slice(x, begin, draw(st.integers(1, p.rows[x] - begin)))
        elif kind == "halves":
            x = any_of(least=2)
            if p.rows[x] % 2 == 0:
                p.halves(x)
        elif kind == "add":
            x = any_of()
            fitting = [t for t, rows in p.rows.items() if rows in (1, p.rows[x])]
            p.add(*draw(st.permutations([x, draw(st.sampled_from(fitting))])))
        elif kind == "join":
            p.join(any_of(most=4), any_of(most=4))
        elif kind == "update":
            x = any_of()
            part = any_of(most=p.rows[x])
            p.update(x, part, draw(st.integers(0, p.rows[x] - p.rows[part])))
        elif kind == "assign":
            p.assign(any_of(least=2, most=2))
        elif kind == "read":
            p.read()
        else:
            x = any_of()
            _ = p.negate(x) if kind == "negate" else p.reshape(x)
    tensors = [t for t in p.rows if t not in p.net.inputs]
    if not tensors:
        tensors = [p.negate(p.net.inputs[0])]
    outputs = draw(st.lists(st.sampled_from(tensors), min_size=1, max_size=3, unique=True))
    return p.build(*outputs), [p.values(seed) for seed in range(3)]


@settings(max_examples=300, deadline=None)
@given(programs())
def test_programs(program: tuple[bytes, list[dict[int, Array]]]) -> None:
    oracle.assert_same_actions(*program)


def test_parts_are_not_copied() -> None:
    p = Program(ALIGNED)
    first, second = p.halves(p.negate(p.net.inputs[0]))
    model = p.build(p.negate(p.slice(first, 1, 1)), p.negate(second))
    assert operators(model) == ["CALL_ONCE", "NEG", "NEG", "NEG"]
    check(model, p.values(0))


def test_a_part_that_begins_between_vectors_is_copied() -> None:
    p = Program(5)
    model = p.build(p.negate(p.slice(p.negate(p.net.inputs[0]), 1, 2)))
    assert operators(model) == ["CALL_ONCE", "NEG", "SLICE", "NEG"]
    check(model, p.values(0))


@pytest.mark.parametrize("code", ["SLICE", "SPLIT"])
def test_a_few_bytes_do_not_keep_many_alive(code: str) -> None:
    """The first rows of two large tensors are read when there is a third."""
    net = Network()
    x = net.tensor("x", (1, 64), "int32")

    def ints(*values: int) -> int:
        return net.constant(f"{values}", np.array(values, np.int32))

    def first_of_many() -> int:
        wide, rows = net.tensor("wide", (64, 64), "int32"), []
        net.op("TILE", [x, ints(64, 1)], [wide])
        if code == "SLICE":
            rows = [net.tensor("row", (1, 64), "int32")]
            net.op("SLICE", [wide, ints(1, 0), ints(1, 64)], rows)
        else:
            rows = [net.tensor(f"row {i}", (1, 64), "int32") for i in range(64)]
            net.op("SPLIT", [ints(0), wide], rows, num_splits=64)
        return rows[0]

    y = net.tensor("y", (1, 64), "int32")
    net.op("ADD_N", [first_of_many() for _ in range(3)], [y])
    net.inputs, net.outputs = [x], [y]
    model = net.build()
    large = 64 * 64 * 4
    assert prepared(model).arena_bytes < (1.1 if code == "SLICE" else 2.1) * large  # SPLIT's rows
    check(model, {x: np.arange(64, dtype=np.int32)[None]})


def test_a_row_is_not_written_over_while_others_read_it() -> None:
    p = Program(ALIGNED)
    x = p.negate(p.net.inputs[0])
    model = p.build(p.add(x, p.slice(x, 0, 1)))
    assert operators(model) == ["CALL_ONCE", "NEG", "ADD"]
    check(model, p.values(0))


@pytest.mark.parametrize("is_late", [False, True])
def test_a_variable_is_read_in_place_until_it_is_assigned(is_late: bool) -> None:
    p = Program(ALIGNED)
    before = p.read()
    total = p.add(before, p.net.inputs[1])
    p.assign(total)
    model = p.build(p.negate(before) if is_late else p.negate(total))
    oracle.assert_same_actions(model, [p.values(seed) for seed in range(3)])
    interpreter = prepared(model)
    nodes = {interpreter.nodes()[i][0] for i in interpreter.steps}
    assert "READ_VARIABLE" in nodes
    # x, y, and what is read, which the output may overwrite where it is kept: of 128 bytes each
    assert interpreter.arena_bytes == 256 + 128 * (3 if is_late else 2)
